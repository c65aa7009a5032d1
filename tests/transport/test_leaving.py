"""A caller that leaves takes the connection along at once, whatever was under way; one that is slow costs no memory."""

from __future__ import annotations

import asyncio

import pytest

from zdr_router.transport.settings import TransportSettings

from .calls import CHUNKED, CLOSED, PROMPTLY, dispatch, on_linux, replying, sockets_to, tcp_state, within
from .server import OK, serve

LARGE = bytes(20_000_000)
SLOWLY = 0.02
"""Seconds between two reads of a server that takes a large request slowly."""

MEGABYTE = 1 << 20


@pytest.fixture(params=["http", "https"])
def scheme(request):
    return request.param


@pytest.fixture
async def caller(make, authority):
    limit = 1 << 30
    async with make(TransportSettings(ca_file=authority.certificate, max_response_bytes=limit)) as transport:
        yield transport


def tls(scheme, authority):
    return authority.context if scheme == "https" else None


async def leave(task):
    """Cancel, and when that was."""
    left = asyncio.get_running_loop().time()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return left


async def test_leaving_before_the_head_ends_the_connection(caller, authority, scheme):
    async with serve(replying(b""), tls=tls(scheme, authority)) as server:
        sending = asyncio.create_task(caller.send(dispatch(server.port, scheme=scheme), deadline=within()))
        await server.arrived.wait()
        left = await leave(sending)
        assert await server.gone - left < PROMPTLY


BODIES = {
    "head-alone": (OK + b"Content-Length: 9\r\n\r\n", b""),
    "whole": (OK + b"Content-Length: 9\r\n\r\nabc", b"abc"),
    "stream": (CHUNKED + b"3\r\nabc\r\n", b"abc"),
}


@pytest.mark.parametrize("way", ["cancel", "close"])
@pytest.mark.parametrize("body", BODIES)
async def test_leaving_within_the_body_ends_the_connection(caller, authority, scheme, body, way):
    said, read = BODIES[body]
    async with serve(replying(said), tls=tls(scheme, authority)) as server:
        answer = await caller.send(dispatch(server.port, scheme=scheme), deadline=within())
        if read:
            assert await answer.next_chunk() == read
        if way == "cancel":
            reading = asyncio.create_task(answer.next_chunk())
            await asyncio.sleep(0.02)
            left = await leave(reading)
        else:
            left = asyncio.get_running_loop().time()
            answer.close()
        assert await server.gone - left < PROMPTLY


@on_linux
@pytest.mark.parametrize("reads", ["slowly", "not-at-all"])
async def test_leaving_while_the_request_is_taken_slowly_ends_the_connection(caller, authority, scheme, reads):
    """The server does not hear of it while it does not read, but its kernel does, and nothing more comes."""
    peers = []

    async def script(peer):
        await peer.head()
        peers.append(peer)
        peer.writer.transport.pause_reading()
        while True:
            await asyncio.sleep(SLOWLY)
            if reads == "slowly":
                await peer.reader.read(1000)

    async with serve(script, tls=tls(scheme, authority)) as server:
        target = dispatch(server.port, scheme=scheme, body=LARGE)
        sending = asyncio.create_task(caller.send(target, deadline=within()))
        await server.arrived.wait()
        await asyncio.sleep(3 * SLOWLY)
        assert sockets_to(server.port) == 1
        await leave(sending)
        await asyncio.sleep(PROMPTLY / 2)
        assert tcp_state(peers[0]) == CLOSED
        assert sockets_to(server.port) == 0


async def test_an_answer_that_comes_during_a_large_request_can_be_left_too(caller, authority, scheme):
    async def script(peer):
        await peer.head()
        await peer.say(CHUNKED + b"3\r\nabc\r\n")
        peer.writer.transport.pause_reading()
        await asyncio.sleep(5)

    async with serve(script, tls=tls(scheme, authority)) as server:
        answer = await caller.send(dispatch(server.port, scheme=scheme, body=LARGE), deadline=within())
        assert await answer.next_chunk() == b"abc"
        answer.close()
        await asyncio.sleep(PROMPTLY / 2)
        assert sockets_to(server.port) == 0


async def test_a_slow_reader_holds_the_server_up_and_not_the_memory(caller, authority, scheme):
    """Bytes that the server could hand over while nobody reads: what this process and its kernel keep of them."""
    size, piece = 200 * MEGABYTE, bytes(MEGABYTE)
    handed = 0

    async def script(peer):
        nonlocal handed
        await peer.request()
        await peer.say(OK + b"Content-Length: %d\r\n\r\n" % size)
        for _ in range(size // MEGABYTE):
            await peer.say(piece)
            handed += MEGABYTE
        await peer.gone()

    async with serve(script, tls=tls(scheme, authority)) as server:
        answer = await caller.send(dispatch(server.port, scheme=scheme), deadline=within(60))
        received = most = reads = 0
        while chunk := await answer.next_chunk():
            received += len(chunk)
            reads += 1
            if reads % 100 == 1:
                await asyncio.sleep(SLOWLY)
                most = max(most, handed - received)
                assert buffered(answer) < MEGABYTE
        assert received == size
        assert most < 24 * MEGABYTE  # the buffers of two sockets of the kernel, which size themselves


def buffered(answer):
    """Bytes that were taken off the socket and wait to be read."""
    return answer._content.total_bytes - answer._received
