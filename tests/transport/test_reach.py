"""A connection that is only opened: whether a host takes it, and nothing said on it."""

from __future__ import annotations

import asyncio
import socket

import pytest

from zdr_router.metadata import Outcome
from zdr_router.transport.base import SendFailure
from zdr_router.transport.settings import TransportSettings

from .calls import exchange, full_backlog, on_linux, replying, within
from .server import serve, whole

UNREACHABLE = SendFailure(Outcome.UNREACHABLE, "no")
LATE = SendFailure(Outcome.TIMEOUT, "no")


def url(port, *, scheme="http"):
    return f"{scheme}://127.0.0.1:{port}/v1/chat"


async def test_a_host_that_takes_the_connection_hears_nothing_and_gets_the_next_request_on_it(transport):
    async with serve(replying(whole(b"yes"))) as server:
        assert await transport.reach(url(server.port), deadline=within()) is None
        await asyncio.sleep(0.02)
        assert (server.connections, server.heads) == (1, [])
        assert await exchange(transport, server) == (200, b"yes")
        assert server.connections == 1


async def test_a_connection_that_idles_does_not_count_and_makes_room(transport):
    async def silent_after_the_first(peer):
        await peer.request()
        await peer.say(whole(b"yes"))
        await peer.gone()

    async with serve(silent_after_the_first) as server:
        assert await exchange(transport, server) == (200, b"yes")
        assert await transport.reach(url(server.port), deadline=within()) is None
        await asyncio.wait_for(server.gone, 1)
        assert server.connections == 2
        assert await exchange(transport, server) == (200, b"yes")
        assert server.connections == 2


async def test_a_host_that_is_gone_is_found_out_though_a_connection_idles(transport):
    async with serve(replying(whole(b"yes"))) as server:
        assert await exchange(transport, server) == (200, b"yes")
    assert await transport.reach(url(server.port), deadline=within()) == UNREACHABLE


async def test_a_refused_connection_is_unreachable(transport):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert await transport.reach(url(free.getsockname()[1]), deadline=within()) == UNREACHABLE


@pytest.mark.parametrize("address", ["http://no-such-host.invalid/", "ftp://127.0.0.1/", "http://127.0.0.1/ /"])
async def test_what_leads_nowhere_is_unreachable(transport, address):
    assert await transport.reach(address, deadline=within()) == UNREACHABLE


@on_linux
@pytest.mark.parametrize(("deadline", "bound"), [(5, 0.5), (0.1, 0.1)], ids=["connect-timeout", "deadline"])
async def test_a_host_that_does_not_take_the_connection_in_time_is_a_timeout(transport, deadline, bound):
    with full_backlog() as port:
        began = asyncio.get_running_loop().time()
        assert await transport.reach(url(port), deadline=within(deadline)) == LATE
    assert bound <= asyncio.get_running_loop().time() - began < bound + 0.2


async def test_a_deadline_that_has_passed_opens_nothing(transport):
    async with serve(replying(whole(b"yes"))) as server:
        assert await transport.reach(url(server.port), deadline=within(-1)) == LATE
        assert server.connections == 0


async def test_tls_is_part_of_it(make, authority):
    async with serve(replying(whole(b"yes")), tls=authority.context) as server:
        async with make(TransportSettings()) as transport:
            assert await transport.reach(url(server.port, scheme="https"), deadline=within()) == UNREACHABLE
        async with make(TransportSettings(ca_file=authority.certificate)) as transport:
            assert await transport.reach(url(server.port, scheme="https"), deadline=within()) is None
            assert await exchange(transport, server, scheme="https") == (200, b"yes")
    assert (server.connections, len(server.heads)) == (1, 1)  # the one that broke off is not counted


async def test_a_tls_handshake_that_hangs_is_a_timeout_and_closes_the_socket(transport):
    async def silent(peer):
        await peer.gone()

    async with serve(silent) as server:
        assert await transport.reach(url(server.port, scheme="https"), deadline=within(0.1)) == LATE
        await asyncio.wait_for(server.gone, 0.1)


async def test_cancelling_it_closes_the_socket(transport):
    async def silent(peer):
        await peer.reader.readexactly(1)
        peer.server.arrived.set()
        await peer.gone()

    async with serve(silent) as server:
        task = asyncio.create_task(transport.reach(url(server.port, scheme="https"), deadline=within()))
        await server.arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(server.gone, 0.1)


async def test_a_transport_that_is_not_open_says_so(make):
    with pytest.raises(RuntimeError, match="async with"):
        await make(TransportSettings()).reach(url(1), deadline=within())
