"""The MCP server beside the gateway: one log line, one set of headers, keys and limits, one end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

import pytest
import upstream as up
from deployments import router as router_over
from here import needs_extra
from upstream import Upstream

needs_extra("mcp", "mcp")

from mcp_here import a_book, asking, client, listening, message, post  # noqa: E402 - after what may skip

from zdr_router.errors import ConfigError  # noqa: E402 - as above
from zdr_router.hosting import HopSettings  # noqa: E402 - as above
from zdr_router.hosts import gateway  # noqa: E402 - as above
from zdr_router.hosts.gateway.serving import tools  # noqa: E402 - as above
from zdr_router.hosts.keys.base import Admission  # noqa: E402 - as above
from zdr_router.hosts.keys.key import Limits  # noqa: E402 - as above
from zdr_router.hosts.mcp import tools as mcp_tools  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CONTENT = "the-content-of-this-question"
OURS = {"content-security-policy", "x-content-type-options", "referrer-policy", "cache-control"}


@contextlib.asynccontextmanager
async def both(
    *upstreams: Upstream | str, keys: Any = None, hop: HopSettings | None = None, **entry: Any
) -> AsyncIterator[tuple[str, gateway.Gateway]]:
    """The address of a gateway with the MCP server beside it, and the gateway."""
    settings = hop or HopSettings()
    async with (
        router_over(*upstreams, **entry) as router,
        tools.tools(router, keys, settings, None) as beside,
    ):
        app = gateway.app(router, keys=keys, settings=settings, beside={"/mcp": beside})
        async with listening(app, lifespan="off") as url:
            yield url, app


async def test_each_message_has_one_line_in_words_of_ours(caplog):
    caplog.set_level(logging.INFO, logger="zdr_router")
    book, key, key_id = a_book()
    async with Upstream(up.ok()) as upstream, both(upstream, keys=book) as (url, app):
        await post(url, asking(prompt=CONTENT), key=key)
        await post(url, message("tools/list"), key=key)
        await post(url, message(CONTENT), key=key)
        await post(url, message("tools/call", name=CONTENT), key=key)
        await post(url, asking(prompt=CONTENT))
        counts = app.counts.text()
    lines = [each.getMessage() for each in caplog.records if each.getMessage().startswith("answered ")]
    words = [line.partition(" operation=")[2].split(" ")[0] for line in lines]
    assert words == ["mcp.ask", "mcp.list", "mcp.other", "mcp.tool", "mcp"]  # the last was not read
    assert f" route=chat target=a/m key={key_id} " in lines[0]
    assert " status=401 error=invalid_key " in lines[4]
    assert CONTENT not in caplog.text
    assert 'zdr_requests_total{operation="mcp.ask",status="200"} 1' in counts
    assert 'zdr_tokens_total{kind="output"}' in counts


async def test_its_answers_have_the_headers_of_the_gateway():
    async with both("http://127.0.0.1:9/v1") as (url, _):
        answers = [await post(url, message("ping")), await post(url, b"no json"), await post(url, origin="http://x.y")]
    assert [each.status_code for each in answers] == [200, 400, 403]
    for answer in answers:
        assert set(answer.headers) > OURS
        assert len(answer.headers.get_list("cache-control")) == 1


async def test_names_pages_and_sizes_are_those_of_the_gateway():
    hop = HopSettings(body=2048, hosts=frozenset({"api.example.com"}), origins=frozenset({"https://page.example.org"}))
    async with both("http://127.0.0.1:9/v1", hop=hop) as (url, _):
        ours = {"host": "api.example.com"}
        found = [
            await post(url),
            await post(url, **ours),
            await post(url, origin="https://page.example.org", **ours),
            await post(url, origin="https://api.example.com", **ours),
            await post(url, origin="https://elsewhere.example.org", **ours),
            await post(url, asking(prompt="x" * 3000), **ours),
        ]
    assert [each.status_code for each in found] == [421, 200, 200, 200, 403, 413]


async def test_the_page_of_another_site_may_call_the_gateway_where_that_is_said():
    hop = HopSettings(hosts=frozenset({"127.0.0.1"}), origins=frozenset({"https://page.example.org"}))
    async with both("http://127.0.0.1:9/v1", hop=hop) as (url, _):
        import httpx2  # noqa: PLC0415 - the client of these tests

        async with httpx2.AsyncClient(base_url=url, trust_env=False) as http:
            found = [
                await http.get("/v1/models", headers={"origin": f"https://{name}.example.org"})
                for name in ("page", "no")
            ]
    assert [each.status_code for each in found] == [200, 403]


async def test_whoever_closes_takes_nothing_new_and_ends_what_is_under_way():
    async with Upstream(up.hang) as upstream, both(upstream, timeout="50s") as (url, app):
        under_way = asyncio.create_task(post(url, asking()))
        arrived = await upstream.next_request()
        app.close()
        assert (await post(url)).status_code == 503
        app.cut()
        async with asyncio.timeout(5):
            answer = await under_way
            await arrived.gone.wait()
    assert answer.status_code == 503 or '"id":1,"error":{"code":-32000,"message":"the server is closing"' in answer.text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_of_either_revision_is_told_of_the_end(mode):
    async with (
        Upstream(up.hang) as upstream,
        both(upstream, timeout="50s") as (url, app),
        client(url, mode=mode) as connected,
    ):
        under_way = asyncio.create_task(connected.call_tool("ask", {"route": "chat", "prompt": "hello"}))
        arrived = await upstream.next_request()
        app.close()
        app.cut()
        async with asyncio.timeout(10):
            with pytest.raises(Exception, match=r"closing|error response"):
                await under_way
            await arrived.gone.wait()


async def test_asking_counts_against_the_limits_of_a_key_and_finding_ones_way_does_not():
    book, key, _ = a_book(limits=Limits(requests_per_minute=1))
    async with Upstream() as upstream, both(upstream, keys=book) as (url, _):
        for method in ("initialize", "ping", "tools/list", "resources/list"):
            assert (await post(url, message(method), key=key)).status_code == 200
        asked = [(await post(url, asking(), key=key)).status_code for _ in range(2)]
        assert (await post(url, message("tools/list"), key=key)).status_code == 200
        assert (await post(url, message("tools/list"), key="zdr_wrong")).status_code == 401
    assert asked == [200, 429]


async def test_the_self_test_passes_and_leaves_the_keys_as_they_were():
    book, _, _ = a_book()
    async with router_over("http://127.0.0.1:9/v1") as router, tools.tools(router, book, HopSettings(), None) as beside:
        await tools.self_test(gateway.app(router, keys=book, beside={"/mcp": beside}), beside)
        assert beside.keys is book


async def test_the_self_test_finds_whoever_lets_anybody_in():
    class Anybody:
        def verify(self, _presented, **_):
            return Admission("anybody")

    async with (
        router_over("http://127.0.0.1:9/v1") as router,
        tools.tools(router, Anybody(), HopSettings(), None) as beside,
    ):
        with pytest.raises(ConfigError, match="without a key"):
            await tools.self_test(gateway.app(router, beside={"/mcp": beside}), beside)


async def test_the_self_test_finds_tools_that_take_any_argument(monkeypatch):
    read = mcp_tools.read
    monkeypatch.setattr(
        mcp_tools, "read", lambda takes, given: read(takes, {name: given[name] for name in ("route", "prompt")})
    )
    async with (
        router_over("http://127.0.0.1:9/v1") as router,
        tools.tools(router, None, HopSettings(), None) as beside,
    ):
        with pytest.raises(ConfigError, match="an argument that nobody knows"):
            await tools.self_test(gateway.app(router, beside={"/mcp": beside}), beside)
