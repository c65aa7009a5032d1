"""How long a body is waited for: what `allow` bounds, what it does not, and that it costs one timer."""

from __future__ import annotations

import asyncio
import time

import pytest

from zdr_router.metadata import Outcome
from zdr_router.transport.base import SendFailure

from .calls import CHUNKED, PROMPTLY, dispatch, replying, within
from .server import OK, serve, whole

LATE = SendFailure(Outcome.TIMEOUT, "maybe")


def now():
    return asyncio.get_running_loop().time()


def dripping(*, every, size=1_000_000):
    """A body that comes byte by byte."""

    async def script(peer):
        await peer.request()
        await peer.say(CHUNKED)
        for _ in range(size):
            await asyncio.sleep(every)
            await peer.say(b"1\r\nx\r\n")
        await peer.say(b"0\r\n\r\n")
        await peer.gone()

    return script


async def begun(transport, server, deadline=5.0):
    answer = await transport.send(dispatch(server.port), deadline=within(deadline))
    assert answer.status == 200
    return answer


@pytest.mark.parametrize("read", ["read", "next_chunk"])
async def test_a_body_that_hangs_is_given_up_at_the_instant_allowed(transport, read):
    async with serve(replying(OK + b"Content-Length: 9\r\n\r\n")) as server:
        answer = await begun(transport, server)
        until = within(0.1)
        answer.allow(until=until)
        assert await getattr(answer, read)() == LATE
        assert 0 <= now() - until < PROMPTLY
        assert await server.gone - until < PROMPTLY


async def test_a_body_that_never_pauses_is_given_up_at_the_instant_allowed(transport):
    async with serve(dripping(every=0.005)) as server:
        answer = await begun(transport, server)
        until = within(0.1)
        answer.allow(until=until)
        assert await answer.read() == LATE
        assert 0 <= now() - until < PROMPTLY


async def test_a_body_may_be_given_more_time_than_its_head(transport):
    async with serve(replying(OK + b"Content-Length: 9\r\n\r\n")) as server:
        deadline = within(0.1)
        answer = await transport.send(dispatch(server.port), deadline=deadline)
        answer.allow(until=deadline + 0.3)
        assert await answer.read() == LATE
        assert 0.3 <= now() - deadline < 0.3 + PROMPTLY


async def test_what_is_allowed_later_replaces_what_was_allowed_before(transport):
    async with serve(dripping(every=0.04, size=4)) as server:
        answer = await begun(transport, server)
        answer.allow(until=within(0.1))
        assert await answer.next_chunk() == b"x"
        answer.allow(until=within(5), gap=1)
        assert await answer.read() == b"xxx"


async def test_an_instant_brought_forward_ends_the_wait_that_is_under_way(transport):
    async with serve(replying(OK + b"Content-Length: 9\r\n\r\n")) as server:
        answer = await begun(transport, server)
        reading = asyncio.create_task(answer.read())
        await asyncio.sleep(0.02)
        until = within(0.05)
        answer.allow(until=until)
        assert await reading == LATE
        assert 0 <= now() - until < PROMPTLY


async def test_a_gap_between_bytes_is_bounded(transport):
    async with serve(replying(CHUNKED + b"1\r\nx\r\n")) as server:
        answer = await begun(transport, server)
        answer.allow(until=within(5), gap=0.1)
        assert await answer.next_chunk() == b"x"
        began = now()
        assert await answer.next_chunk() == LATE
        assert 0.1 <= now() - began < 0.1 + PROMPTLY
        assert await server.gone - began < 0.1 + PROMPTLY


async def test_a_gap_that_is_allowed_during_a_wait_counts_from_its_beginning(transport):
    async with serve(replying(CHUNKED)) as server:
        answer = await begun(transport, server)
        began = now()
        reading = asyncio.create_task(answer.next_chunk())
        await asyncio.sleep(0.1)
        answer.allow(until=within(5), gap=0.15)
        assert await reading == LATE
        assert 0.15 <= now() - began < 0.15 + PROMPTLY


async def test_many_gaps_that_are_short_enough_are_no_long_one(transport):
    async with serve(dripping(every=0.03, size=10)) as server:
        answer = await begun(transport, server)
        answer.allow(until=within(5), gap=0.1)
        assert await answer.read() == b"x" * 10


async def test_a_reader_that_is_slow_is_not_taken_for_a_server_that_is(transport):
    async with serve(dripping(every=0.01, size=3)) as server:
        answer = await begun(transport, server)
        answer.allow(until=within(5), gap=0.05)
        assert await answer.next_chunk() == b"x"
        await asyncio.sleep(0.2)
        assert await answer.read() == b"xx"


async def test_the_gap_counts_again_once_a_slow_reader_waits(transport):
    async def script(peer):
        await peer.request()
        for piece in (CHUNKED, b"1\r\nx\r\n", b"1\r\ny\r\n"):
            await peer.say(piece)
            await asyncio.sleep(0.03)
        await peer.gone()

    async with serve(script) as server:
        answer = await begun(transport, server)
        answer.allow(until=within(5), gap=0.1)
        assert [await answer.next_chunk(), await answer.next_chunk()] == [b"x", b"y"]
        await asyncio.sleep(0.25)
        began = now()
        assert await answer.next_chunk() == LATE
        assert 0.1 <= now() - began < 0.1 + PROMPTLY


async def test_bytes_that_came_while_the_loop_was_held_up_are_not_late(transport):
    async def script(peer):
        await peer.request()
        await peer.say(CHUNKED + b"1\r\nx\r\n")
        await asyncio.sleep(0.05)
        peer.writer.write(b"1\r\ny\r\n")
        time.sleep(0.2)  # noqa: ASYNC251 - this is the loop that is held up
        await asyncio.sleep(0.05)
        await peer.say(b"0\r\n\r\n")
        await peer.gone()

    async with serve(script) as server:
        answer = await begun(transport, server)
        answer.allow(until=within(5), gap=0.1)
        assert await answer.next_chunk() == b"x"
        assert await answer.read() == b"y"


async def test_however_many_chunks_come_there_is_one_timer(transport, monkeypatch):
    async with serve(dripping(every=0, size=300)) as server:
        answer = await begun(transport, server)
        loop = asyncio.get_running_loop()
        original, set_for = loop.call_at, []

        def call_at(when, callback, *args, **kwargs):
            if getattr(callback, "__self__", None) is answer:
                set_for.append(when)
            return original(when, callback, *args, **kwargs)

        monkeypatch.setattr(loop, "call_at", call_at)
        answer.allow(until=within(4), gap=2)
        assert await answer.read() == b"x" * 300
        assert len(set_for) == 1


async def test_a_body_that_is_read_leaves_its_connection_for_the_next(transport):
    async with serve(replying(whole(b"one"), whole(b"two"))) as server:
        for expected in (b"one", b"two"):
            answer = await begun(transport, server)
            answer.allow(until=within(0.05), gap=0.02)
            assert await answer.read() == expected
            await asyncio.sleep(0.1)
        assert server.connections == 1


async def test_allowing_more_after_the_end_changes_nothing(transport):
    async with serve(replying(OK + b"Content-Length: 9\r\n\r\n", whole(b""))) as server:
        answer = await begun(transport, server)
        answer.allow(until=within(0.02))
        assert await answer.read() == LATE
        answer.allow(until=within(5))
        assert await answer.read() == LATE
