"""The gateway over a socket: callers that leave, that are slow, that do not speak HTTP, and a server that ends."""

from __future__ import annotations

import asyncio
import json
import shutil

import httpx
import pytest
import upstream as up
from gateway_here import ASKING, POST, listening
from here import lacking, needs_extra
from upstream import Upstream

from zdr_router.hosting import HopSettings
from zdr_router.metadata import ErrorCode, Signal

needs_extra("gateway", "uvicorn")

CONTENT = b"the-content-of-this-request"


async def until(condition) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - anything may be waited for
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("members", [{}, {"stream": True}])
async def test_a_caller_that_leaves_closes_the_upstream(members):
    async with Upstream(up.hang) as upstream, listening(upstream) as at:
        _, writer = await at.ask(**members)
        arrived = await upstream.next_request()
        writer.transport.abort()
        await asyncio.wait_for(arrived.gone.wait(), 20)
        await until(lambda: at.it.kept.records)
        (record,) = at.it.kept.records
        await until(lambda: not at.it.app.counts.under_way)
    assert (record.status, record.error_code) == (499, ErrorCode.CANCELLED)


async def test_a_caller_that_leaves_in_the_middle_of_a_stream_closes_the_upstream():
    async with Upstream(up.drip_stream) as upstream, listening(upstream) as at:
        reader, writer = await at.ask(stream=True)
        await reader.readuntil(b'"content":"b"')
        writer.transport.abort()
        await asyncio.wait_for(upstream.requests[0].gone.wait(), 20)
        await until(lambda: at.it.kept.records)
    assert at.it.kept.records[0].error_code is ErrorCode.CANCELLED


async def test_chunks_come_as_they_are_sent():
    more = asyncio.Event()

    async def go_on(call: up.Call) -> None:
        await more.wait()
        for each in up.chunks(["b"])[1:]:
            await call.chunk(up.event(each))
        await call.chunk(b"data: [DONE]\n\n")
        await call.finish()

    async with Upstream(up.stream_then(up.chunks(["a"], finish=None), go_on)) as upstream, listening(upstream) as at:
        reader, writer = await at.ask(stream=True)
        await asyncio.wait_for(reader.readuntil(b'"content":"a"'), 20)
        more.set()
        await asyncio.wait_for(reader.readuntil(b"[DONE]"), 20)
        writer.close()


@pytest.mark.parametrize("stream", [False, True])
async def test_curl(stream):
    curl = shutil.which("curl")
    if curl is None:
        lacking("curl is not here", "install it")
    async with Upstream() as upstream, listening(upstream) as at:
        said = ("-sS", "-N", "-H", "content-type: application/json", "-d", json.dumps({**ASKING, "stream": stream}))
        asking = await asyncio.create_subprocess_exec(
            curl, *said, f"{at.url}/v1/chat/completions", stdout=asyncio.subprocess.PIPE
        )
        shown, _ = await asyncio.wait_for(asking.communicate(), 20)
    assert asking.returncode == 0
    assert shown.endswith(b"data: [DONE]\n\n") if stream else json.loads(shown)["object"] == "chat.completion"


async def test_a_head_that_does_not_end_is_not_waited_for():
    async with listening("http://127.0.0.1:9/v1", head_within=0.1) as at:
        reader, writer = await at.say(b"GET /healthz HTTP/1.1\r\nhost: " + CONTENT)
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        (record,) = at.it.kept.records
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "too_slow"
    assert (record.status, record.signals) == (408, (Signal.TOO_SLOW,))


async def test_who_says_nothing_is_cut_off_and_is_no_request():
    async with listening("http://127.0.0.1:9/v1", head_within=0.1) as at:
        reader, writer = await at.say(b"")
        assert await asyncio.wait_for(reader.read(), 20) == b""
        writer.close()
        assert not at.it.kept.records


async def test_a_second_head_on_a_connection_has_its_time_too():
    async with listening("http://127.0.0.1:9/v1", head_within=0.3) as at:
        reader, writer = await at.say(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b'"ok"}'), 20)
        writer.write(b"GET /hea")
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_long_answer_is_no_slow_head():
    async with Upstream(up.later(0.5, up.ok())) as upstream, listening(upstream, head_within=0.1) as at:
        reader, writer = await at.ask()
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n"), 20)
        writer.close()
    assert b" 200 " in answer


@pytest.mark.parametrize("data", [b"\x16\x03\x01 no HTTP\r\n\r\n", b"GET / HTTP/1.1\r\nx: " + b"a" * 5000])
async def test_what_is_no_http_is_turned_away_and_recorded(data, caplog):
    async with listening("http://127.0.0.1:9/v1", head=2048) as at:
        reader, writer = await at.say(data + CONTENT)
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        (record,) = at.it.kept.records
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert set(json.loads(answer.partition(b"\r\n\r\n")[2])["error"]) == {"message", "type", "param", "code"}
    assert record.signals == (Signal.MALFORMED,)
    assert CONTENT.decode() not in caplog.text


@pytest.mark.parametrize(
    "rest",
    [b"0\r\nx: " + b"a" * 5000, b"1;" + b"a" * 5000, b"0\r\n" + b"x: y\r\n" * 1000],
    ids=["a trailer without end", "what a chunk says of itself", "many trailers"],
)
async def test_what_is_no_body_has_its_limit_after_the_head_as_well(rest):
    async with listening("http://127.0.0.1:9/v1", head=2048) as at:
        reader, writer = await at.say(POST + b"transfer-encoding: chunked\r\n\r\n")
        writer.write(rest)
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
    assert b" 400 " in answer.partition(b"\r\n")[0]


async def test_a_body_may_come_in_chunks_of_a_byte():
    body = json.dumps(ASKING | {"messages": [{"role": "user", "content": "x" * 3000}]}).encode()
    async with Upstream(up.ok()) as upstream, listening(upstream, head=2048) as at:
        reader, writer = await at.say(POST + b"transfer-encoding: chunked\r\n\r\n")
        writer.write(b"".join(b"1\r\n%c\r\n" % each for each in body) + b"0\r\n\r\n")
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n"), 20)
        writer.close()
    assert b" 200 " in answer


async def test_who_proposes_another_protocol_is_answered_in_this_one():
    body = json.dumps(ASKING).encode()
    request = POST + b"upgrade: h2c\r\nconnection: Upgrade, HTTP2-Settings\r\nhttp2-settings: AAMAAABk\r\n"
    async with Upstream(up.ok(), up.ok()) as upstream, listening(upstream) as at:
        for framed in (
            b"content-length: %d\r\n\r\n" % len(body) + body,
            b"transfer-encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n",
        ):
            for at_once in (len(framed), 7):
                reader, writer = await at.say(request)
                for start in range(0, len(framed), at_once):
                    writer.write(framed[start : start + at_once])
                    await asyncio.sleep(0)
                answer = (await asyncio.wait_for(reader.read(), 20)).partition(b"\r\n\r\n")[2]
                assert json.loads(answer)["object"] == "chat.completion"
                writer.close()
        reader, writer = await at.say(b"GET /healthz HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n")
        assert b" 200 " in await asyncio.wait_for(reader.read(), 20)
        writer.close()


async def test_a_slow_body_is_cut_off():
    async with listening("http://127.0.0.1:9/v1", hop=HopSettings(body_within=0.1)) as at:
        reader, writer = await at.say(POST + b"content-length: 9\r\n\r\n{")
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_while_it_drains_it_is_not_ready_and_what_is_under_way_ends_well():
    answer_now = asyncio.Event()
    async with Upstream(up.when(answer_now, up.ok())) as upstream, listening(upstream, notice=0.5) as at:
        reader, writer = await at.ask()
        await upstream.next_request()
        async with httpx.AsyncClient(base_url=at.url) as http:
            at.server.drain()
            ready = await http.get("/readyz")
            new = await http.post("/v1/chat/completions", json=ASKING)
        answer_now.set()
        answer = await asyncio.wait_for(reader.readuntil(b"}"), 20)
        writer.close()
        await until(lambda: not at.it.app.counts.under_way)
        records = at.it.kept.records
    assert (ready.status_code, new.status_code) == (503, 503)
    assert b" 200 " in answer
    assert {each.status for each in records} == {503, 200}


async def test_a_stream_that_does_not_end_in_time_ends_with_an_error_in_it():
    async with Upstream(up.drip_stream) as upstream, listening(upstream, drain=0.2) as at:
        reader, writer = await at.ask(stream=True)
        await reader.readuntil(b'"content":"b"')
        at.server.drain()
        rest = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        await until(lambda: not at.it.app.counts.under_way)
    assert b'"code":"closing"' in rest
    assert b"[DONE]" not in rest
    assert at.it.kept.records[0].error_code is ErrorCode.CANCELLED


async def test_an_answer_that_does_not_come_in_time_is_told_so():
    async with Upstream(up.hang) as upstream, listening(upstream, drain=0.2) as at:
        reader, writer = await at.ask()
        await upstream.next_request()
        at.server.drain()
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b'"code":"closing"' in answer


async def flood(call: up.Call) -> None:
    call.watch()
    await call.begin(up.SSE)
    while not call.arrived.gone.is_set():
        await call.chunk(up.event(up.chunks(["b" * 100_000], finish=None)[1]))
        await asyncio.sleep(0)


async def test_a_stream_that_nobody_reads_is_cut_off():
    async with Upstream(flood) as upstream, listening(upstream, write_within=0.2) as at:
        _, writer = await at.ask(stream=True)
        await until(lambda: at.it.kept.records)
        await until(lambda: not at.server.server_state.connections)
        writer.transport.abort()
    assert at.it.kept.records[0].error_code is ErrorCode.CANCELLED


async def test_a_stream_that_nobody_reads_ends_soon_after_its_route_would(monkeypatch):
    monkeypatch.setattr("zdr_router.hosts.gateway.application._STALL", 0.2)
    async with Upstream(flood) as upstream, listening(upstream, route={"timeout": "1s"}) as at:
        _, writer = await at.ask(stream=True)
        await until(lambda: at.it.kept.records)
        await until(lambda: not at.it.app.counts.under_way)
        writer.transport.abort()
