"""MCP over HTTP: keys, hosts, origins, sizes; and the SDK's own client over a real socket."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
import upstream as up
from deployments import router
from mcp.server.mcpserver import Context  # noqa: TC002 - the SDK reads annotations
from mcp_here import ASK, Kept, a_book, asking, client, listening, message, post
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from upstream import Upstream

from zdr_router import ErrorCode, Signal
from zdr_router.hosts import mcp
from zdr_router.hosts.keys.base import Admission
from zdr_router.hosts.keys.key import Limits
from zdr_router.hosts.mcp.caller import Caller
from zdr_router.hosts.mcp.tools import call
from zdr_router.sealed import Sealed

MODES = ["auto", "legacy"]


@pytest.mark.parametrize("mode", MODES)
async def test_the_sdks_client_asks_with_a_key(mode):
    kept = Kept()
    book, key, key_id = a_book(customer="c-7")
    async with (
        Upstream(up.ok("blue")) as server,
        router(server, recorders=[kept]) as open_router,
        listening(mcp.app(open_router, book)) as url,
        client(url, key, mode=mode) as connected,
    ):
        result = await connected.call_tool("ask", ASK)
        assert len((await connected.list_tools()).tools) == 4
    assert result.structured_content["text"] == "blue"
    assert [(each.key, each.customer, each.status) for each in kept.all] == [(key_id, "c-7", 200)]


@pytest.mark.parametrize("mode", MODES)
async def test_progress_counts_and_says_nothing_else(mode):
    told = []

    async def progress(*said):
        told.append(said)

    pieces = up.stream(up.chunks(["canary-a", "canary-b", "canary-c"]))
    async with (
        Upstream(pieces) as server,
        router(server) as open_router,
        listening(mcp.app(open_router)) as url,
        client(url, mode=mode) as connected,
    ):
        result = await connected.call_tool("ask", ASK, progress_callback=progress)
    assert result.structured_content["text"] == "canary-acanary-bcanary-c"
    assert told
    assert all(count > 0 and total is None and said is None for count, total, said in told)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("behaviour", [up.hang, up.drip_stream])
async def test_who_gives_up_closes_the_upstream(mode, behaviour):
    kept = Kept()

    async def progress(*_):
        pass

    async with (
        Upstream(behaviour) as server,
        router(server, recorders=[kept], timeout="50s") as open_router,
        listening(mcp.app(open_router)) as url,
    ):
        async with client(url, mode=mode) as connected:
            listens = progress if behaviour is up.drip_stream else None
            call = asyncio.create_task(connected.call_tool("ask", ASK, progress_callback=listens))
            arrived = await server.next_request()
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
        async with asyncio.timeout(10):
            await arrived.gone.wait()
            while not kept.all:  # noqa: ASYNC110 - a recorder has no event
                await asyncio.sleep(0.01)
    assert kept.all[0].error_code is ErrorCode.CANCELLED


async def test_without_a_key_nothing_is_served_and_it_is_recorded():
    kept = Kept()
    book, key, _ = a_book()
    async with (
        router("http://127.0.0.1:9/v1", recorders=[kept]) as open_router,
        listening(mcp.app(open_router, book)) as url,
    ):
        none, wrong = await post(url), await post(url, key=key[:-1] + "x")
    assert (none.status_code, wrong.status_code) == (401, 401)
    assert none.headers["www-authenticate"].startswith("Bearer")
    assert none.json()["error"]["data"] == {"code": "invalid_api_key"}
    assert [each.error_code for each in kept.all] == [ErrorCode.INVALID_KEY] * 2
    assert [each.signals[0] for each in kept.all] == [Signal.NO_KEY, Signal.MISTYPED_KEY]


async def test_a_key_that_is_for_other_routes_may_not_ask_here():
    book, key, key_id = a_book(routes=frozenset({"other"}))
    kept = Kept()
    async with (
        Upstream() as server,
        router(server, recorders=[kept]) as open_router,
        listening(mcp.app(open_router, book)) as url,
    ):
        answer = await post(url, asking(), key=key)
        listed = await post(url, message("tools/list"), key=key)
    assert (answer.status_code, listed.status_code) == (403, 200)
    assert not server.requests
    assert [(each.key, each.status) for each in kept.all] == [(key_id, 403)]


async def test_limits_hold_and_places_are_given_back():
    book, key, _ = a_book(limits=Limits(concurrent=1))
    release = asyncio.Event()
    async with (
        Upstream(up.when(release, up.ok())) as server,
        router(server) as open_router,
        listening(mcp.app(open_router, book)) as url,
    ):
        first = asyncio.create_task(post(url, asking(), key=key))
        await server.next_request()
        second = await post(url, asking(), key=key)
        release.set()
        assert (await first).status_code == 200
        third = await post(url, asking(), key=key)
    assert second.status_code == 429
    assert second.json()["error"]["data"]["code"] == "rate_limit_exceeded"
    assert third.status_code == 200


async def test_tokens_are_counted_by_what_was_taken():
    book, key, _ = a_book(limits=Limits(tokens_per_minute=5000))
    async with Upstream() as server, router(server) as open_router, listening(mcp.app(open_router, book)) as url:
        for _ in range(3):
            answer = await post(url, asking(max_tokens=4000), key=key)
            assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("headers", "status", "signal"),
    [
        ({"host": "canary.example"}, 421, Signal.FOREIGN_HOST),
        ({"host": "127.0.0.1.canary.example"}, 421, Signal.FOREIGN_HOST),
        ({"host": "localhost:1.canary.example"}, 421, Signal.FOREIGN_HOST),
        ({"origin": "https://canary.example"}, 403, Signal.FOREIGN_ORIGIN),
        ({"origin": "http://localhost.canary.example"}, 403, Signal.FOREIGN_ORIGIN),
        ({"origin": "null"}, 403, Signal.FOREIGN_ORIGIN),
    ],
)
async def test_foreign_hosts_and_pages_are_turned_away(headers, status, signal):
    kept = Kept()
    async with router("http://127.0.0.1:9/v1", recorders=[kept]) as open_router, listening(mcp.app(open_router)) as url:
        answer = await post(url, **headers)
    assert answer.status_code == status
    assert "canary" not in answer.text + str(answer.headers)
    assert [(each.status, each.signals) for each in kept.all] == [(status, (signal,))]


async def test_known_hosts_and_pages_come_in():
    async with router("http://127.0.0.1:9/v1") as open_router:
        app = mcp.app(open_router, hosts=["mcp.example.com"], origins=["https://app.example.com"])
        async with listening(app) as url:
            host = "mcp.example.com"
            assert (await post(url, host=host, origin="https://app.example.com")).status_code == 200
            assert (await post(url, host=host)).status_code == 200
            assert (await post(url)).status_code == 421


@pytest.mark.parametrize(
    ("body", "status", "signal"),
    [
        (b"x" * 2000, 413, Signal.TOO_LARGE),
        (b"{not json", 400, Signal.MALFORMED),
        (b"[]", 400, Signal.MALFORMED),
        (b'{"method": "ping", "id": NaN}', 400, Signal.MALFORMED),
    ],
)
async def test_bodies_that_are_no_messages_are_turned_away(body, status, signal):
    kept = Kept()
    async with (
        router("http://127.0.0.1:9/v1", recorders=[kept]) as open_router,
        listening(mcp.app(open_router, max_body=1000)) as url,
    ):
        answer = await post(url, body)
    assert answer.status_code == status
    assert kept.all[0].signals == (signal,)


async def test_a_body_that_does_not_come_is_not_waited_for():
    kept = Kept()
    async with (
        router("http://127.0.0.1:9/v1", recorders=[kept]) as open_router,
        listening(mcp.app(open_router, body_within=0.1)) as url,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        writer.write(b"POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nabc")
        assert b" 408 " in await reader.readline()
        writer.close()
    assert kept.all[0].error_code is ErrorCode.TOO_SLOW


async def test_of_a_caller_without_a_right_key_no_body_is_waited_for():
    book, _, _ = a_book()
    async with router("http://127.0.0.1:9/v1") as open_router, listening(mcp.app(open_router, book)) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        head = b"POST /mcp HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer wrong\r\ncontent-length: 10\r\n\r\n"
        writer.write(head + b"abc")
        assert b" 401 " in await asyncio.wait_for(reader.readline(), 10)
        writer.close()


async def test_there_are_no_sessions_and_answers_are_not_to_be_kept():
    async with router("http://127.0.0.1:9/v1") as open_router, listening(mcp.app(open_router)) as url:
        answer = await post(url)
        assert answer.status_code == 200
        assert "mcp-session-id" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_it_is_mounted_in_another_app():
    async with Upstream() as server, router(server) as open_router:
        app = mcp.app(open_router)

        @contextlib.asynccontextmanager
        async def lifespan(_):
            async with app:
                yield

        outer = Starlette(
            routes=[Route("/v1/models", lambda _: PlainTextResponse("models")), Mount("/", app=app)],
            lifespan=lifespan,
        )
        async with listening(outer) as url, client(url) as connected:
            assert (await connected.call_tool("ask", ASK)).structured_content["text"] == "ok"


async def test_a_call_that_is_not_the_one_that_was_admitted_is_not_made():
    """A reader of JSON that takes another of two names would ask what the key is not for."""
    book, key, _ = a_book(routes=frozenset({"other"}))
    called = b'{"name":"ask","arguments":{"prompt":"p","route":%s}}'
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":%s}'
    async with Upstream() as server, router(server) as open_router, listening(mcp.app(open_router, book)) as url:
        for route in (b'"chat","route":"other"', b'"other","route":"chat"', b"5", b'["chat"]'):
            await post(url, body % (called % route), key=key)
    assert not server.requests


async def test_the_key_goes_no_further_than_the_door():
    book, key, _ = a_book()
    async with router("http://127.0.0.1:9/v1") as open_router:
        server = mcp.server(open_router)

        @server.tool()
        def headers(context: Context) -> list[str]:
            return [f"{name}: {value}" for name, value in context.request_context.request.headers.items()]

        async with listening(mcp.app(open_router, book, server=server)) as url, client(url, key) as connected:
            seen = (await connected.call_tool("headers", {})).structured_content["result"]
    assert any(each.startswith("host:") for each in seen)
    assert not any(each.startswith("authorization:") or key in each for each in seen)


class Admits:
    """Admits everybody, and keeps what it is told when a request is over."""

    def __init__(self):
        self.asked = []
        self.released = []

    def verify(self, _presented, *, address):
        self.asked.append({"address": address})
        return self

    async def admit(self, **about):
        self.asked[-1] |= about
        return Admission("k-1", on_release=self.released.append)

    def recognise(self, **about):
        self.asked[-1] |= about
        return Admission("k-1")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (asking(), 200),
        (asking(max_tokens="five"), 400),
        (asking(route="nonesuch"), 404),
        (asking(store=True), 400),
    ],
)
async def test_a_key_is_told_what_became_of_its_request(body, status):
    book = Admits()
    async with Upstream() as server, router(server) as open_router, listening(mcp.app(open_router, book)) as url:
        await post(url, body, key="any")
    (released,) = book.released
    assert (released.status, released.key) == (status, "k-1")


async def test_a_key_is_told_of_a_request_that_was_given_up():
    book = Admits()
    async with (
        Upstream(up.hang) as server,
        router(server) as open_router,
        listening(mcp.app(open_router, book)) as url,
        client(url, "any") as connected,
    ):
        under_way = asyncio.create_task(connected.call_tool("ask", ASK))
        arrived = await server.next_request()
        under_way.cancel()
        await asyncio.gather(under_way, return_exceptions=True)
        await arrived.gone.wait()
    assert [each.error_code for each in book.released if each is not None] == [ErrorCode.CANCELLED]


async def test_a_key_is_told_the_route_and_an_estimate():
    book = Admits()
    async with Upstream() as server, router(server) as open_router, listening(mcp.app(open_router, book)) as url:
        await post(url, asking(prompt="p" * 400, max_tokens=50), key="any")
        await post(url, message("tools/list"), key="any")
    ask, other = book.asked
    assert (ask["route"], ask["tokens"], ask["endpoint"]) == ("chat", 150, "chat.completions")
    assert ask["address"] == "127.0.0.1"
    assert other == {"address": "127.0.0.1", "endpoint": None, "route": None}


@pytest.mark.parametrize("caller", [Caller(asks=False), Caller(route="other")])
async def test_a_tool_holds_a_call_to_what_was_admitted(caller):
    async with Upstream() as server, router(server) as open_router:
        result = await call(open_router, "ask", Sealed(ASK), caller, None)
    assert result.is_error
    assert not server.requests
