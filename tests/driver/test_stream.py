"""Streams: what is delivered, when nothing is tried again, and what closing does to the upstream."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import upstream as up
from deployments import SAYING, router
from upstream import Upstream

from zdr_router import AsyncRouter, ChatStream, Exhausted, Refused, StreamBroken
from zdr_router.metadata import ErrorCode, Outcome

if TYPE_CHECKING:
    from zdr_router.dialects.shapes import ChatChunk

PROMPTLY = 0.1


def text_of(chunks) -> str:
    return "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"])


def talk(open_router: AsyncRouter, **parameters) -> ChatStream:
    return open_router.stream_chat(model="chat", messages=SAYING, **parameters)


async def drain(stream: ChatStream, into: list[ChatChunk]) -> None:
    """Read to the end, keeping what came before a break."""
    async with stream:
        async for chunk in stream:
            into.append(chunk)  # noqa: PERF401 - a comprehension would lose them


async def test_a_stream_gives_its_chunks_in_order_under_our_names():
    async with Upstream(up.ok("hello")) as server, router(server) as open_router, talk(open_router) as stream:
        chunks = [chunk async for chunk in stream]
    assert text_of(chunks) == "hello"
    assert {chunk["id"] for chunk in chunks} == {f"chatcmpl-{stream.metadata.request_id}"}
    assert {chunk["model"] for chunk in chunks} == {"chat"}
    assert [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]][-1] == "stop"


async def test_usage_is_asked_for_written_down_and_hidden_again():
    async with Upstream() as server, router(server) as open_router:
        async with talk(open_router) as stream:
            chunks = [chunk async for chunk in stream]
        assert server.requests[0].json["stream_options"] == {"include_usage": True}
    assert all("usage" not in chunk and chunk["choices"] for chunk in chunks)
    metadata = stream.metadata
    assert (metadata.input_tokens, metadata.output_tokens, metadata.cached_tokens) == (7, 3, 2)


async def test_usage_is_shown_to_a_caller_who_asked():
    options = {"include_usage": True}
    async with Upstream() as server, router(server) as open_router, talk(open_router, stream_options=options) as stream:
        chunks = [chunk async for chunk in stream]
    assert (chunks[-1]["choices"], chunks[-1]["usage"]["total_tokens"]) == ([], 10)
    assert all(chunk["usage"] is None for chunk in chunks[:-1])


async def test_a_caller_who_declines_usage_does_not_see_it():
    options = {"include_usage": False, "include_obfuscation": False}
    async with Upstream() as server, router(server) as open_router:
        async with talk(open_router, stream_options=options) as stream:
            assert all("usage" not in chunk for chunk in [chunk async for chunk in stream])
        assert server.requests[0].json["stream_options"] == {"include_usage": True, "include_obfuscation": False}


async def test_metadata_is_complete_once_the_stream_has_ended():
    pausing = up.stream_then(up.chunks(["a"]), up.Call.finish)
    async with Upstream(pausing) as server, router(server) as open_router, talk(open_router) as stream:
        with pytest.raises(RuntimeError, match="complete once the stream has ended"):
            _ = stream.metadata
        _ = [chunk async for chunk in stream]
        metadata = stream.metadata
    assert (metadata.status, metadata.target, metadata.stream) == (200, "a/m", True)
    assert metadata.first_chunk_ms > 0
    assert metadata.attempts[0].first_chunk_ms > 0
    assert stream.metadata is metadata


async def test_an_answer_that_comes_in_one_piece_has_a_first_chunk_too():
    async def at_once(call):
        events = [*map(up.event, up.chunks(["a"])), b"data: [DONE]\n\n"]
        await call.answer(200, b"".join(events), kind=up.SSE)

    async with Upstream(at_once) as server, router(server) as open_router, talk(open_router) as stream:
        assert text_of([chunk async for chunk in stream]) == "a"
    assert stream.metadata.first_chunk_ms is not None


async def test_an_answer_without_content_that_ends_well_is_one():
    behaviour = up.stream(up.chunks([]))
    async with Upstream(behaviour) as server, router(server) as open_router, talk(open_router) as stream:
        assert [c["choices"][0]["finish_reason"] async for c in stream if c["choices"]][-1] == "stop"
    assert stream.metadata.status == 200


BREAKS = {
    "reset": (up.stream_then(up.chunks(["a", "b"], finish=None), up.reset_before_head), Outcome.TRUNCATED),
    "truncated": (up.stream_then(up.chunks(["a", "b"], finish=None), up.Call.finish), Outcome.TRUNCATED),
    "done without a reason": (
        up.stream_then(up.chunks(["a", "b"], finish=None), lambda call: call.chunk(b"data: [DONE]\n\n")),
        Outcome.TRUNCATED,
    ),
    "an error event": (
        up.stream_then(
            up.chunks(["a", "b"], finish=None), lambda call: call.chunk(up.event({"error": {"code": "server_error"}}))
        ),
        Outcome.TRANSIENT,
    ),
    "garbage": (
        up.stream_then(up.chunks(["a", "b"], finish=None), lambda call: call.chunk(b"data: {\n\n")),
        Outcome.MALFORMED,
    ),
    "a refusal": (
        up.stream_then(
            up.chunks(["a", "b"], finish=None), lambda call: call.chunk(up.event({"error": {"code": "content_filter"}}))
        ),
        Outcome.PROVIDER_REFUSAL,
    ),
}


@pytest.mark.parametrize("how", BREAKS)
async def test_after_the_first_content_a_stream_breaks_and_is_not_replayed(how):
    behaviour, outcome = BREAKS[how]
    async with up.upstreams([behaviour], []) as servers, router(*servers) as open_router:
        chunks, stream = [], talk(open_router)
        with pytest.raises(StreamBroken) as raised:
            await drain(stream, chunks)
        assert text_of(chunks) == "ab"
        assert servers[1].connections == 0
        metadata = raised.value.metadata
        assert metadata is stream.metadata
        assert (metadata.status, metadata.error_code) == (502, ErrorCode.STREAM_BROKEN)
        assert [(each.target, each.outcome) for each in metadata.attempts] == [("a/m", outcome)]
        assert metadata.attempts[0].first_chunk_ms is not None


async def test_a_broken_stream_says_so_again_when_it_is_read_again():
    behaviour, _ = BREAKS["truncated"]
    async with Upstream(behaviour) as server, router(server) as open_router, talk(open_router) as stream:
        with pytest.raises(StreamBroken):
            _ = [chunk async for chunk in stream]
        with pytest.raises(StreamBroken):
            await anext(stream)


async def test_an_ended_stream_stays_ended():
    async with Upstream() as server, router(server) as open_router, talk(open_router) as stream:
        _ = [chunk async for chunk in stream]
        assert await stream.next_chunk() is None
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_usage_of_a_target_that_failed_is_not_counted_as_that_of_the_next():
    without = [chunk for chunk in up.chunks(["b"]) if "usage" not in chunk]
    first = up.stream([*up.chunks([], finish=None), {"choices": [], "usage": up.USAGE}], done=False)
    scripts = [first], [up.stream(without)]
    async with up.upstreams(*scripts) as servers, router(*servers) as open_router, talk(open_router) as stream:
        assert text_of([chunk async for chunk in stream]) == "b"
    assert (stream.metadata.target, stream.metadata.input_tokens) == ("b/m", None)


async def test_before_the_first_content_the_next_target_takes_over_and_nothing_of_the_first_is_seen():
    first = up.stream_then(up.chunks([], finish=None, system_fingerprint="first"), up.reset_before_head)
    async with up.upstreams([first], []) as servers, router(*servers) as open_router, talk(open_router) as stream:
        chunks = [chunk async for chunk in stream]
    assert text_of(chunks) == "ok"
    assert "first" not in str(chunks)
    assert [choice["delta"].get("role") for chunk in chunks for choice in chunk["choices"]].count("assistant") == 1


async def test_leaving_early_closes_the_upstream_at_once():
    async with Upstream(up.drip_stream) as server, router(server) as open_router:
        async with talk(open_router) as stream:
            await anext(stream)
            await anext(stream)
        left = asyncio.get_running_loop().time()
        arrived = server.requests[0]
        async with up.Pulse() as pulse:
            await asyncio.wait_for(arrived.gone.wait(), 5)
        assert arrived.gone_at - left < PROMPTLY + pulse.worst
    metadata = stream.metadata
    assert (metadata.status, metadata.error_code) == (499, ErrorCode.CANCELLED)
    assert [each.outcome for each in metadata.attempts] == [Outcome.CANCELLED]


@pytest.mark.parametrize("behaviour", [up.hang, up.hang_after_head, up.drip_stream], ids=["head", "body", "reading"])
async def test_a_caller_that_goes_away_closes_the_upstream_at_once(behaviour):
    async with Upstream(behaviour) as server, router(server) as open_router:
        reading = asyncio.create_task(drain(talk(open_router), []))
        arrived = await server.next_request()
        await asyncio.sleep(0.05)
        reading.cancel()
        cancelled = asyncio.get_running_loop().time()
        async with up.Pulse() as pulse:
            with pytest.raises(asyncio.CancelledError):
                await reading
            await asyncio.wait_for(arrived.gone.wait(), 5)
        assert arrived.gone_at - cancelled < PROMPTLY + pulse.worst


async def test_an_exception_in_the_block_closes_the_upstream_and_is_not_touched():
    async with Upstream(up.drip_stream) as server, router(server) as open_router:
        with pytest.raises(ZeroDivisionError):
            async with talk(open_router) as stream:
                raise ZeroDivisionError
        await asyncio.wait_for(server.requests[0].gone.wait(), 5)
    assert stream.metadata.error_code is ErrorCode.CANCELLED


async def test_the_deadline_covers_the_whole_stream():
    async with Upstream(up.drip_stream) as server, router(server) as open_router:
        began = asyncio.get_running_loop().time()
        with pytest.raises(StreamBroken) as raised:
            await drain(talk(open_router, timeout=0.3), [])
        assert 0.25 < asyncio.get_running_loop().time() - began < 3.0
        await asyncio.wait_for(server.requests[0].gone.wait(), 5)
    assert raised.value.metadata.attempts[0].outcome is Outcome.TIMEOUT


@pytest.mark.parametrize("behaviour", [up.hang, up.stream_then(up.chunks([], finish=None), up.hang)])
async def test_a_stream_without_content_by_the_deadline_is_exhausted(behaviour):
    async with Upstream(behaviour) as server, router(server, timeout="300ms") as open_router:
        with pytest.raises(Exhausted) as raised:
            async with talk(open_router):
                pass
    assert (raised.value.metadata.status, raised.value.metadata.error_code) == (504, ErrorCode.DEADLINE)


async def test_nothing_is_sent_before_the_block_is_entered():
    async with Upstream() as server, router(server) as open_router:
        stream = talk(open_router)
        await asyncio.sleep(0.02)
        assert server.connections == 0
        assert repr(stream) == "<ChatStream, running>"


async def test_a_refused_stream_raises_on_entry():
    async with Upstream() as server, router(server) as open_router:
        with pytest.raises(Refused):
            async with talk(open_router, store=True):
                pass
        assert server.connections == 0


async def test_a_connection_of_a_stream_that_ended_is_used_again():
    async with Upstream() as server, router(server) as open_router:
        for _ in range(3):
            async with talk(open_router) as stream:
                _ = [chunk async for chunk in stream]
        assert server.connections <= 3
        assert len(server.requests) == 3


async def test_of_several_choices_each_must_end():
    def piece(index, delta, reason):
        return {"choices": [{"index": index, "delta": delta, "finish_reason": reason}]}

    events = [piece(0, {"content": "a"}, None), piece(1, {"content": "b"}, None), piece(0, {}, "stop")]
    whole = up.stream([*events, piece(1, {}, "length")])
    reasonless = up.stream_then(events, lambda call: call.chunk(b"data: [DONE]\n\n"))
    missing = up.stream_then([piece(0, {"content": "a"}, "stop")], up.Call.finish)
    async with Upstream(whole, reasonless, missing) as server, router(server) as open_router:
        async with talk(open_router, n=2) as stream:
            assert text_of([chunk async for chunk in stream]) == "ab"
        for _ in range(2):
            with pytest.raises(StreamBroken):
                await drain(talk(open_router, n=2), [])
