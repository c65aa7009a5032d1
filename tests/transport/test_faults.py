"""What the transport makes of connections that break, each way that TCP and TLS know, with a real server behind."""

from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import tcp_proxy as broken
from certificates import self_signed
from tcp_proxy import HEAD_END, LAST_CHUNK, TcpProxy
from upstream import Upstream, error

from zdr_router.metadata import Outcome
from zdr_router.transport.base import SendFailure
from zdr_router.transport.settings import TransportSettings

from .calls import PROMPTLY, dispatch, on_linux, sockets_to, within

if TYPE_CHECKING:
    from tcp_proxy import Fault

    from zdr_router.metadata import Sent

ANSWER = b'{"messages": []}'
STREAM = b'{"messages": [], "stream": true}'
LARGE = b'{"messages": [], "user": "%s"}' % (b"x" * 8_000_000)

HEAD_WITHIN = 0.5
BODY_WITHIN = 0.2
CONNECT_WITHIN = 0.3


def failed(outcome: Outcome, sent: Sent = "maybe") -> SendFailure:
    return SendFailure(outcome, sent)


@dataclass(frozen=True)
class Case:
    """A fault, what may come of it, and how many seconds that may take."""

    fault: Fault
    ends: tuple[SendFailure | int, ...]
    within: float = 0.0
    body: bytes = ANSWER


TRANSIENT = (failed(Outcome.TRANSIENT),)
TRUNCATED = (failed(Outcome.TRUNCATED),)
MALFORMED = (failed(Outcome.MALFORMED),)
LATE = (failed(Outcome.TIMEOUT),)
BEFORE_TRUSTING = (failed(Outcome.UNREACHABLE, "no"),)
CHUNK = b"\r\n\r\ndata: "

CASES = {
    # The reset may be there before the request is written, or not.
    "reset-on-accept": Case(broken.reset_on_accept, (*TRANSIENT, *BEFORE_TRUSTING)),
    "reset-in-the-request-head": Case(broken.reset_in_request(10), TRANSIENT),
    "reset-in-a-large-request": Case(broken.reset_in_request(1_000_000), TRANSIENT, body=LARGE),
    "closed-before-the-answer": Case(broken.cut(after=0), TRANSIENT),
    "reset-before-the-answer": Case(broken.cut(after=0, way="reset"), TRANSIENT),
    "closed-in-the-head": Case(broken.cut(after=20), TRANSIENT),
    "reset-in-the-head": Case(broken.cut(after=20, way="reset"), TRANSIENT),
    "closed-at-the-end-of-the-head": Case(broken.cut(before=HEAD_END), TRANSIENT),
    "closed-in-the-body": Case(broken.cut(before=b'"choices"'), TRUNCATED),
    "reset-in-the-body": Case(broken.cut(before=b'"choices"', way="reset"), TRUNCATED),
    "closed-in-a-chunk": Case(broken.cut(before=b"[DONE]"), TRUNCATED, body=STREAM),
    "reset-in-a-chunk": Case(broken.cut(before=b"[DONE]", way="reset"), TRUNCATED, body=STREAM),
    "closed-before-the-last-chunk": Case(broken.cut(before=LAST_CHUNK), TRUNCATED, body=STREAM),
    "reset-before-the-last-chunk": Case(broken.cut(before=LAST_CHUNK, way="reset"), TRUNCATED, body=STREAM),
    "half-open": Case(broken.silent, LATE, HEAD_WITHIN),
    "half-closed-unanswered": Case(broken.half_closed(answered=False), TRANSIENT),
    "half-closed-after-the-answer": Case(broken.half_closed(answered=True), (200,)),
    "half-open-in-the-head": Case(broken.stall(after=20), LATE, HEAD_WITHIN),
    "half-open-in-the-body": Case(broken.stall(before=b'"choices"'), LATE, BODY_WITHIN),
    "half-open-in-a-chunk": Case(broken.stall(before=b"[DONE]"), LATE, BODY_WITHIN, body=STREAM),
    "slow-loris-from-the-head-on": Case(broken.drip(0.02), LATE, HEAD_WITHIN),
    "slow-loris-in-the-body": Case(broken.drip(0.02, before=HEAD_END), LATE, BODY_WITHIN),
    "slow-loris-in-chunks": Case(broken.drip(0.02, before=HEAD_END), LATE, BODY_WITHIN, body=STREAM),
    "another-answer-unasked": Case(
        broken.adding(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad", at=LAST_CHUNK), (200,), body=STREAM
    ),
    "bytes-after-the-answer": Case(broken.adding(b"more", at=LAST_CHUNK), (200, *MALFORMED), body=STREAM),
}

TLS_CASES = {
    "black-hole-after-hello": Case(broken.black_hole_after_hello, (failed(Outcome.TIMEOUT, "no"),), CONNECT_WITHIN),
    "reset-after-hello": Case(broken.reset_after_hello, BEFORE_TRUSTING),
    "reset-before-hello": Case(broken.reset_on_accept, BEFORE_TRUSTING),
    "plaintext": Case(broken.plaintext, BEFORE_TRUSTING),
    "alert": Case(broken.alert, BEFORE_TRUSTING),
}


async def ending(transport, port, *, body=ANSWER, scheme="http"):
    """Send with bounds for head and body: the status of a whole answer, or the failure."""
    answer = await transport.send(dispatch(port, body=body, scheme=scheme), deadline=within(HEAD_WITHIN))
    if isinstance(answer, SendFailure):
        return answer
    answer.allow(until=within(BODY_WITHIN))
    whole = await answer.read()
    return whole if isinstance(whole, SendFailure) else answer.status


def tasks_of_the_transport():
    """Those that run code of the transport or of the library below it."""
    files = [(task, task.get_coro().cr_code.co_filename) for task in asyncio.all_tasks()]
    return [task for task, file in files if "/zdr_router/" in file or "/aiohttp/" in file]


async def check(case, transport, proxy, *, scheme="http"):
    """The fault ends as it should, in time, leaves nothing behind, and the next request is served."""
    began = asyncio.get_running_loop().time()
    assert await ending(transport, proxy.port, body=case.body, scheme=scheme) in case.ends
    assert case.within <= asyncio.get_running_loop().time() - began < case.within + 2 * PROMPTLY
    await proxy.quiet()
    await asyncio.sleep(0)
    assert sockets_to(proxy.port) == 0
    assert tasks_of_the_transport() == []
    for _ in range(2):
        assert await ending(transport, proxy.port, scheme=scheme) == 200
    assert proxy.connections == 2
    assert sockets_to(proxy.port) == 1


@pytest.mark.parametrize("name", CASES)
async def test_a_connection_that_breaks_is_a_failure_in_time_and_the_next_one_serves(make, name):
    case = CASES[name]
    async with (
        Upstream() as upstream,
        TcpProxy(upstream.port, case.fault) as proxy,
        make(TransportSettings()) as transport,
    ):
        await check(case, transport, proxy)


# A reset and half a close are matters of TCP: within TLS the rest is the same, and these are not to be had.
WITHIN_TLS = [name for name, case in CASES.items() if not name.startswith("half-closed")]


@pytest.mark.parametrize("name", WITHIN_TLS)
async def test_a_connection_that_breaks_within_tls_is_the_same_failure(make, authority, name):
    case = CASES[name]
    async with (
        Upstream() as upstream,
        TcpProxy(upstream.port, case.fault, tls=authority.context) as proxy,
        make(TransportSettings(ca_file=authority.certificate)) as transport,
    ):
        await check(case, transport, proxy, scheme="https")


@pytest.mark.parametrize("name", TLS_CASES)
async def test_a_handshake_that_breaks_has_sent_nothing_and_the_next_one_serves(make, authority, name):
    settings = TransportSettings(ca_file=authority.certificate, connect_timeout=CONNECT_WITHIN)
    async with (
        Upstream() as upstream,
        TcpProxy(upstream.port, tls=authority.context) as server,
        TcpProxy(server.port, TLS_CASES[name].fault) as proxy,
        make(settings) as transport,
    ):
        await check(TLS_CASES[name], transport, proxy, scheme="https")
        assert len(upstream.requests) == 2


@pytest.mark.parametrize("trusted", ["authority", "expired"])
async def test_a_certificate_that_is_expired_or_of_nobody_known_is_refused(make, expired, authority, trusted):
    ca_file = {"authority": authority.certificate, "expired": expired.path}[trusted]
    async with (
        Upstream() as upstream,
        TcpProxy(upstream.port, tls=expired.context) as proxy,
        make(TransportSettings(ca_file=ca_file)) as transport,
    ):
        assert await ending(transport, proxy.port, scheme="https") == failed(Outcome.UNREACHABLE, "no")
        assert upstream.requests == []
        assert sockets_to(proxy.port) == 0


async def test_an_alert_that_follows_the_handshake_is_transient_since_the_request_may_have_left(make, tmp_path):
    """With TLS 1.3 a server that wants a certificate of the client says so once the client takes it for done."""
    made = self_signed(tmp_path)
    made.context.verify_mode = ssl.CERT_REQUIRED
    async with (
        Upstream() as upstream,
        TcpProxy(upstream.port, tls=made.context) as proxy,
        make(TransportSettings(ca_file=made.path)) as transport,
    ):
        assert await ending(transport, proxy.port, scheme="https") == failed(Outcome.TRANSIENT)
        assert upstream.requests == []
        assert sockets_to(proxy.port) == 0


async def test_a_connection_that_is_taken_late_serves(make):
    async with (
        Upstream() as upstream,
        TcpProxy(upstream.port, accept_after=0.2) as proxy,
        make(TransportSettings()) as transport,
    ):
        assert await ending(transport, proxy.port) == 200


@on_linux
async def test_a_connection_that_nobody_takes_is_a_timeout_that_may_have_sent(make):
    async with (
        Upstream() as upstream,
        TcpProxy(upstream.port, accept_after=None) as proxy,
        make(TransportSettings()) as transport,
    ):
        assert await ending(transport, proxy.port) == failed(Outcome.TIMEOUT)
        await asyncio.sleep(0.01)
        assert sockets_to(proxy.port) == 0


@on_linux
async def test_a_connection_that_is_reset_before_it_was_taken_is_transient(make):
    async with Upstream() as upstream, make(TransportSettings()) as transport:
        async with TcpProxy(upstream.port, accept_after=None) as proxy:
            sending = asyncio.create_task(ending(transport, proxy.port))
            await asyncio.sleep(0.1)
        assert await asyncio.wait_for(sending, PROMPTLY) == failed(Outcome.TRANSIENT)


async def test_a_large_request_that_is_taken_slowly_is_served(make):
    async with (
        Upstream() as upstream,
        TcpProxy(upstream.port, broken.sluggish(0.001, piece=100_000)) as proxy,
        make(TransportSettings()) as transport,
    ):
        answer = await transport.send(dispatch(proxy.port, body=LARGE), deadline=within())
        assert (answer.status, len(upstream.requests[0].body)) == (200, len(LARGE))
        answer.close()


async def test_a_slow_answer_is_whole_when_time_allows(make):
    async with (
        Upstream() as upstream,
        TcpProxy(upstream.port, broken.drip(0.001)) as proxy,
        make(TransportSettings()) as transport,
    ):
        answer = await transport.send(dispatch(proxy.port), deadline=within(10))
        answer.allow(until=within(10), gap=0.5)
        assert json.loads(await answer.read())["object"] == "chat.completion"


@pytest.mark.parametrize("name", ["half-open-in-the-body", "half-open-in-a-chunk"])
async def test_a_stalled_body_is_given_up_after_the_gap(make, name):
    async with (
        Upstream() as upstream,
        TcpProxy(upstream.port, CASES[name].fault) as proxy,
        make(TransportSettings()) as transport,
    ):
        answer = await transport.send(dispatch(proxy.port, body=CASES[name].body), deadline=within())
        answer.allow(until=within(5), gap=0.1)
        async with asyncio.timeout(0.1 + 2 * PROMPTLY):
            assert await answer.read() == failed(Outcome.TIMEOUT)
        await proxy.quiet()


async def test_an_error_whose_body_hangs_is_bounded_by_what_is_allowed(make):
    async with (
        Upstream(error(500)) as upstream,
        TcpProxy(upstream.port, broken.stall(before=b'"message"')) as proxy,
        make(TransportSettings()) as transport,
    ):
        answer = await transport.send(dispatch(proxy.port), deadline=within(30))
        assert answer.status == 500
        answer.allow(until=within(0.1))
        async with asyncio.timeout(0.1 + PROMPTLY):
            assert await answer.read() == failed(Outcome.TIMEOUT)
        await proxy.quiet()
