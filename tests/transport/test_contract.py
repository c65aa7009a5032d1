"""What every transport must do and must not do, against a server on loopback that misbehaves at will."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import gzip
import os
import socket
import subprocess
import sys

import pytest

from zdr_router.errors import ConfigError
from zdr_router.metadata import Outcome
from zdr_router.transport.base import SendFailure
from zdr_router.transport.settings import TransportSettings

from .calls import (
    CHUNKED,
    PROMPT,
    PROMPTLY,
    dispatch,
    exchange,
    full_backlog,
    on_linux,
    replying,
    sockets_to,
    within,
)
from .server import OK, serve, whole

# --- what is sent -------------------------------------------------------------------------------------------------


async def test_the_body_arrives_as_it_was_given_and_the_answer_comes_back(transport):
    got = []

    async def script(peer):
        got.append(await peer.request())
        await peer.say(whole(b"yes"))

    async with serve(script) as server:
        assert await exchange(transport, server) == (200, b"yes")
    assert got == [PROMPT]


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 256 * 1024 + 1, 3_000_001])
async def test_a_body_of_any_size_arrives_whole_and_without_a_warning(transport, size):
    body = os.urandom(size)
    got = []

    async def script(peer):
        got.append(await peer.request())
        await peer.say(whole(b"yes"))

    async with serve(script) as server:
        assert await exchange(transport, server, body=body) == (200, b"yes")
    assert got == [body]


@pytest.mark.parametrize("size", [1, 200_000, 256 * 1024 + 1])
async def test_a_body_in_two_pieces_arrives_whole(transport, size):
    body = os.urandom(size)
    got = []

    async def script(peer):
        got.append(await peer.request())
        await peer.say(whole(b"yes"))

    async with serve(script) as server:
        assert await exchange(transport, server, body=(b"opening,", memoryview(body))) == (200, b"yes")
    assert got == [b"opening," + body]


async def test_nothing_is_added_to_the_head_beyond_a_fixed_few_lines(transport):
    async with serve(replying(whole(b""))) as server:
        await exchange(transport, server)
    assert sorted(server.heads[0].rstrip().split(b"\r\n")) == sorted(
        [
            b"POST /v1/chat HTTP/1.1",
            b"Host: 127.0.0.1:%d" % server.port,
            b"User-Agent: zdr-router",
            b"Accept: */*",
            b"Accept-Encoding: identity",
            b"content-type: application/json",
            b"authorization: Bearer sk-made-up",
            b"Content-Length: %d" % len(PROMPT),
        ]
    )


async def test_the_url_leaves_as_the_guard_read_it(transport):
    path = "/a/../b/%7Euser//c%2Fd?q=a%20b+c&empty="
    async with serve(replying(whole(b""))) as server:
        await exchange(transport, server, path=path)
    assert server.heads[0].startswith(b"POST " + path.encode() + b" HTTP/1.1\r\n")


@pytest.mark.parametrize("headers", [{"x": "a\r\nx-injected: b"}, {"content-length": "3"}])
async def test_a_request_that_cannot_be_written_is_not_sent(transport, headers):
    async with serve(replying(whole(b""))) as server:
        assert await exchange(transport, server, headers=headers) == SendFailure(Outcome.UNREACHABLE, "no")
        assert server.heads == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_an_answer_and_nobody_else_hears_of_it(transport, status):
    async with serve(replying(whole(b"elsewhere"))) as elsewhere:
        head = b"HTTP/1.1 %d Moved\r\nLocation: http://127.0.0.1:%d/\r\n" % (status, elsewhere.port)
        async with serve(replying(whole(b"moved", head))) as server:
            assert await exchange(transport, server) == (status, b"moved")
        assert elsewhere.connections == 0


async def test_a_cookie_is_never_sent_back(transport):
    answer = whole(b"yes", OK + b"Set-Cookie: session=1; Path=/\r\n")
    async with serve(replying(answer, answer)) as server:
        await exchange(transport, server, host="localhost")  # a cookie of an address is not kept anyway
        await exchange(transport, server, host="localhost")
    assert len(server.heads) == 2
    assert b"cookie" not in server.heads[1].lower()


async def test_proxies_and_netrc_of_the_environment_are_ignored(make, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login someone password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    async with serve(replying(whole(b"proxied"))) as proxy, serve(replying(whole(b"direct"))) as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            monkeypatch.setenv(name.lower(), f"http://127.0.0.1:{proxy.port}")
        async with make(TransportSettings()) as transport:
            assert await exchange(transport, server, headers={}) == (200, b"direct")
        assert proxy.connections == 0
    assert b"authorization" not in server.heads[0].lower()


async def test_a_configured_proxy_is_used_whatever_no_proxy_says(make, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")
    async with (
        serve(replying(whole(b"proxied"))) as proxy,
        make(TransportSettings(proxy=f"http://127.0.0.1:{proxy.port}")) as transport,
    ):
        answer = await transport.send(dispatch(80, host="provider.invalid"), deadline=within())
        assert await answer.read() == b"proxied"
    assert proxy.heads[0].startswith(b"POST http://provider.invalid/v1/chat ")


async def test_a_proxy_that_refuses_the_tunnel_has_seen_nothing_of_the_request(make):
    async with (
        serve(replying(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")) as proxy,
        make(TransportSettings(proxy=f"http://127.0.0.1:{proxy.port}")) as transport,
    ):
        failure = await transport.send(dispatch(443, scheme="https", host="provider.invalid"), deadline=within())
    assert failure == SendFailure(Outcome.UNREACHABLE, "no")
    assert proxy.heads[0].startswith(b"CONNECT provider.invalid:443 ")
    assert b"sk-made-up" not in proxy.heads[0]


async def test_credentials_of_a_proxy_reach_the_proxy_alone(make):
    async with (
        serve(replying(whole(b"proxied"), b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")) as proxy,
        make(TransportSettings(proxy=f"http://someone:secret@127.0.0.1:{proxy.port}")) as transport,
    ):
        answer = await transport.send(dispatch(80, host="provider.invalid"), deadline=within())
        assert await answer.read() == b"proxied"
        await transport.send(dispatch(443, scheme="https", host="provider.invalid"), deadline=within())
    credentials = b"\r\nProxy-Authorization: Basic c29tZW9uZTpzZWNyZXQ=\r\n"
    assert [credentials in head for head in proxy.heads] == [True, True]
    assert b"secret" not in proxy.heads[0]
    assert proxy.heads[1].startswith(b"CONNECT ")


@pytest.mark.parametrize("proxy", ["http://[secret", "secret:3128", "socks5://secret:1", "http:///secret"])
async def test_a_proxy_that_is_no_url_of_http_is_a_configuration_error_that_does_not_show_it(make, proxy):
    with pytest.raises(ConfigError, match="http://host:port") as caught:
        await make(TransportSettings(proxy=proxy)).__aenter__()
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize("scheme", ["ws", "ftp", "http://someone:secret@127.0.0.1", "http://127.0.0.1/ /"])
async def test_what_is_no_url_of_http_is_not_sent_to(transport, scheme):
    async with serve(replying(whole(b""))) as server:
        assert await exchange(transport, server, scheme=scheme) == SendFailure(Outcome.UNREACHABLE, "no")
        assert server.connections == 0


# --- connections --------------------------------------------------------------------------------------------------


async def test_calls_one_after_another_share_a_connection(transport):
    async with serve(replying(whole(b"one"), whole(b"two"), whole(b"three"))) as server:
        assert await exchange(transport, server) == (200, b"one")
        assert await exchange(transport, server) == (200, b"two")
        answer = await transport.send(dispatch(server.port), deadline=within())
        assert [await answer.next_chunk(), await answer.next_chunk(), await answer.next_chunk()] == [
            b"three",
            None,
            None,
        ]
        assert server.connections == 1


async def test_an_answer_that_is_closed_before_its_end_takes_its_socket_along(transport):
    async with serve(replying(OK + b"Content-Length: 10\r\n\r\nhalf")) as server:
        answer = await transport.send(dispatch(server.port), deadline=within())
        assert await answer.next_chunk() == b"half"
        answer.close()
        closed = asyncio.get_running_loop().time()
        assert await server.gone - closed < PROMPTLY
        answer.close()
        assert await answer.next_chunk() == SendFailure(Outcome.TRUNCATED, "maybe")


@pytest.mark.parametrize(
    "answer",
    [
        whole(b"yes", OK + b"Connection: close\r\n"),
        whole(b"yes", b"HTTP/1.0 200 OK\r\n"),
        whole(b"yes") + whole(b"and more"),
        whole(b"yes") + b"and more",
    ],
    ids=["close", "http-1.0", "another-answer", "not-an-answer"],
)
async def test_a_connection_that_cannot_carry_another_request_is_not_kept(transport, answer):
    async with serve(replying(answer, answer)) as server:
        first, second = await exchange(transport, server), await exchange(transport, server)
        assert first == second
        assert first in ((200, b"yes"), SendFailure(Outcome.MALFORMED, "maybe"))
        assert server.connections == 2


async def test_as_many_connections_as_allowed_are_open_and_the_rest_wait(make):
    async def script(peer):
        for _ in range(4):
            await peer.request()
            await asyncio.sleep(0.01)
            await peer.say(whole(b"yes"))

    async with serve(script) as server, make(TransportSettings(max_connections=2)) as transport:
        answers = await asyncio.gather(*[exchange(transport, server) for _ in range(6)])
        assert answers == [(200, b"yes")] * 6
        assert server.connections == 2


async def test_what_a_server_says_unasked_is_not_the_answer_to_the_next_request(transport):
    async def script(peer):
        await peer.request()
        await peer.say(whole(b"first"))
        if peer.server.connections == 1:
            await asyncio.sleep(0.05)
            await peer.say(whole(b"unasked"))
        await peer.request()
        await peer.say(whole(b"second"))

    async with serve(script) as server:
        assert await exchange(transport, server) == (200, b"first")
        await asyncio.sleep(0.1)
        assert await exchange(transport, server) == SendFailure(Outcome.UNREACHABLE, "no")
        assert await exchange(transport, server) == (200, b"first")


async def test_a_pooled_connection_that_the_server_closed_is_not_used(transport):
    async def script(peer):
        await peer.request()
        await peer.say(whole(b"yes"))

    async with serve(script) as server:
        assert await exchange(transport, server) == (200, b"yes")
        await asyncio.sleep(0.02)
        assert await exchange(transport, server) == (200, b"yes")
        assert server.connections == 2


@pytest.mark.parametrize("method", ["POST", "GET", "PUT", "DELETE"])
async def test_nothing_is_ever_sent_twice(transport, method):
    async def script(peer):
        await peer.request()

    async with serve(script) as server:
        assert await exchange(transport, server, method=method) == SendFailure(Outcome.TRANSIENT, "maybe")
        await asyncio.sleep(0.02)
        assert len(server.heads) == 1


async def test_closing_the_transport_ends_the_calls_that_are_under_way(make):
    async with serve(replying(OK + b"Content-Length: 10\r\n\r\nhalf")) as server:
        async with make(TransportSettings()) as transport:
            answer = await transport.send(dispatch(server.port), deadline=within())
            reading = asyncio.create_task(answer.read())
            await asyncio.sleep(0.01)
        assert await asyncio.wait_for(reading, 1) == SendFailure(Outcome.TRUNCATED, "maybe")


async def test_an_answer_that_outlives_its_transport_is_truncated(make):
    async with serve(replying(OK + b"Content-Length: 10\r\n\r\nhalf")) as server:
        async with make(TransportSettings()) as transport:
            answer = await transport.send(dispatch(server.port), deadline=within())
        await asyncio.sleep(0.01)
        assert await answer.read() == SendFailure(Outcome.TRUNCATED, "maybe")


async def test_a_connection_that_ends_between_two_reads_is_noticed_on_its_second_use_too(transport):
    async def script(peer):
        for last in (False, True):
            await peer.request()
            await peer.say(CHUNKED)
            await asyncio.sleep(0.01)
            await peer.say(b"1\r\nx\r\n" + (b"not a size\r\n" if last else b"0\r\n\r\n"))

    async with serve(script) as server:
        assert await exchange(transport, server) == (200, b"x")
        answer = await transport.send(dispatch(server.port), deadline=within())
        await asyncio.sleep(0.05)
        assert await answer.read() == SendFailure(Outcome.MALFORMED, "maybe")
        assert server.connections == 1


async def test_a_transport_that_is_not_open_says_so(make):
    with pytest.raises(RuntimeError, match="async with"):
        await make(TransportSettings()).send(dispatch(1), deadline=within())


def test_the_package_does_not_import_a_client_library():
    code = "import sys, zdr_router.transport.base, zdr_router.transport.settings; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- failures before the head -------------------------------------------------------------------------------------


async def test_a_refused_connection_is_unreachable(transport):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        failure = await transport.send(dispatch(free.getsockname()[1]), deadline=within())
    assert failure == SendFailure(Outcome.UNREACHABLE, "no")


async def test_a_name_that_does_not_resolve_is_unreachable(transport):
    failure = await transport.send(dispatch(80, host="no-such-host.invalid"), deadline=within())
    assert failure == SendFailure(Outcome.UNREACHABLE, "no")


@on_linux
async def test_a_host_that_does_not_take_the_connection_in_time_is_a_timeout_with_nothing_sent(transport):
    with full_backlog() as port:
        began = asyncio.get_running_loop().time()
        failure = await transport.send(dispatch(port), deadline=within())
    assert failure == SendFailure(Outcome.TIMEOUT, "no")
    assert asyncio.get_running_loop().time() - began < 0.5 + PROMPTLY


@on_linux
async def test_a_deadline_while_connecting_is_a_timeout_with_nothing_sent(transport):
    with full_backlog() as port:
        failure = await transport.send(dispatch(port), deadline=within(0.05))
    assert failure == SendFailure(Outcome.TIMEOUT, "no")


async def test_a_deadline_that_has_passed_sends_nothing(transport):
    async with serve(replying(whole(b"yes"))) as server:
        failure = await transport.send(dispatch(server.port), deadline=within(-1))
        assert failure == SendFailure(Outcome.TIMEOUT, "no")
        assert server.connections == 0


async def test_a_deadline_before_the_head_is_a_timeout_and_closes_the_socket(transport):
    async with serve(replying(b"")) as server:
        deadline = within(0.05)
        failure = await transport.send(dispatch(server.port), deadline=deadline)
        assert failure == SendFailure(Outcome.TIMEOUT, "maybe")
        assert await server.gone - deadline < PROMPTLY


@pytest.mark.parametrize("way", ["close", "reset"])
@pytest.mark.parametrize("said", [b"", OK + b"Conte"])
async def test_a_connection_that_ends_before_the_head_is_transient(transport, way, said):
    async def script(peer):
        await peer.request()
        await peer.say(said)
        await asyncio.sleep(0.02)
        if way == "reset":
            peer.reset()

    async with serve(script) as server:
        assert await exchange(transport, server) == SendFailure(Outcome.TRANSIENT, "maybe")


@pytest.mark.parametrize(
    "said",
    [
        b"HELLO\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: upgrade\r\n\r\n",
        OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        OK + b"Content-Length: nine\r\n\r\n",
        OK + b"X: " + b"x" * 100_000 + b"\r\n\r\n",
        OK + b"Content-Encoding: br\r\nContent-Length: 3\r\n\r\nabc",
        OK + b"Content-Encoding: gzip, gzip\r\nContent-Length: 3\r\n\r\nabc",
    ],
    ids=["no-http", "101", "two-lengths", "no-length", "endless-header", "brotli", "twice-gzip"],
)
async def test_a_head_that_cannot_be_used_is_malformed(transport, said):
    async with serve(replying(said)) as server:
        assert await exchange(transport, server) == SendFailure(Outcome.MALFORMED, "maybe")


@pytest.mark.parametrize("pause", [0, 0.02])
async def test_what_comes_before_the_final_answer_is_only_news(transport, pause):
    async def script(peer):
        for _ in range(2):
            await peer.request()
            await peer.say(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
            await asyncio.sleep(pause)
            await peer.say(whole(b"yes"))

    async with serve(script) as server:
        assert await exchange(transport, server) == (200, b"yes")
        assert await exchange(transport, server) == (200, b"yes")
        assert server.connections == 1


# --- bodies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["close", "reset"])
@pytest.mark.parametrize(
    "said",
    [OK + b"Content-Length: 9\r\n\r\nabc", CHUNKED + b"3\r\nabc\r\n", CHUNKED + b"9\r\nabc"],
    ids=["length", "between-chunks", "in-a-chunk"],
)
async def test_a_body_that_is_cut_short_is_truncated(transport, said, way):
    async def script(peer):
        await peer.request()
        await peer.say(said)
        await asyncio.sleep(0.02)
        if way == "reset":
            peer.reset()

    async with serve(script) as server:
        assert await exchange(transport, server) == SendFailure(Outcome.TRUNCATED, "maybe")


@pytest.mark.parametrize("pause", [0, 0.05])
async def test_a_body_that_only_closing_ends_is_whole_after_a_close_and_truncated_after_a_reset(transport, pause):
    async def script(peer):
        await peer.request()
        await peer.say(OK + b"\r\nabc")
        await asyncio.sleep(pause)
        if peer.server.connections == 2:
            peer.reset()

    async with serve(script) as server:
        assert await exchange(transport, server) == (200, b"abc")
        assert await exchange(transport, server) in (
            SendFailure(Outcome.TRUNCATED, "maybe"),
            SendFailure(Outcome.TRANSIENT, "maybe"),
        )


@pytest.mark.parametrize("pause", [0, 0.05])
async def test_a_chunk_that_is_none_is_malformed_at_once(transport, pause):
    async def script(peer):
        await peer.request()
        await peer.say(CHUNKED + b"3\r\nabc\r\n")
        await asyncio.sleep(pause)
        await peer.say(b"not a size\r\n")
        await peer.gone()

    async with serve(script) as server:
        assert await exchange(transport, server) == SendFailure(Outcome.MALFORMED, "maybe")


async def test_chunks_come_as_they_are_sent(transport):
    async def script(peer):
        await peer.request()
        await peer.say(CHUNKED)
        for event in (b"one", b"two"):
            await peer.say(b"3\r\n" + event + b"\r\n")
            await asyncio.sleep(0.05)
        await peer.say(b"0\r\n\r\n")
        await peer.gone()

    async with serve(script) as server:
        answer = await transport.send(dispatch(server.port), deadline=within())
        chunks = []
        began = asyncio.get_running_loop().time()
        while chunk := await answer.next_chunk():
            chunks.append((chunk, asyncio.get_running_loop().time() - began))
        assert [chunk for chunk, _ in chunks] == [b"one", b"two"]
        assert chunks[0][1] < 0.04


async def test_the_deadline_covers_the_body(transport):
    async def script(peer):
        await peer.request()
        await peer.say(CHUNKED)
        with contextlib.suppress(ConnectionError):
            while True:
                await peer.say(b"1\r\nx\r\n")
                await asyncio.sleep(0.01)

    async with serve(script) as server:
        deadline = within(0.1)
        answer = await transport.send(dispatch(server.port), deadline=deadline)
        assert await answer.read() == SendFailure(Outcome.TIMEOUT, "maybe")
        assert asyncio.get_running_loop().time() - deadline < PROMPTLY


async def test_the_deadline_closes_the_socket_while_nobody_reads(transport):
    async def script(peer):
        await peer.request()
        await peer.say(CHUNKED)
        await asyncio.sleep(0.02)
        await peer.say(b"1\r\nx\r\n")
        await peer.gone()

    async with serve(script) as server:
        deadline = within(0.1)
        answer = await transport.send(dispatch(server.port), deadline=deadline)
        assert await answer.next_chunk() == b"x"
        assert abs(await server.gone - deadline) < PROMPTLY
        assert await answer.next_chunk() == SendFailure(Outcome.TIMEOUT, "maybe")


async def test_a_large_body_goes_out_as_fast_as_it_is_taken(transport):
    async def script(peer):
        head = await peer.head()
        for _ in range(3):
            peer.writer.transport.pause_reading()
            await asyncio.sleep(0.02)
            peer.writer.transport.resume_reading()
        await peer.reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r")[0]))
        await peer.say(whole(b"yes"))
        await peer.request()
        await peer.say(whole(b"again"))

    async with serve(script) as server:
        assert await exchange(transport, server, body=bytes(20_000_000)) == (200, b"yes")
        assert await exchange(transport, server) == (200, b"again")
        assert server.connections == 1


async def test_a_connection_that_breaks_under_a_large_body_is_transient(transport):
    async def script(peer):
        await peer.head()
        peer.reset()

    async with serve(script) as server:
        assert await exchange(transport, server, body=bytes(50_000_000)) == SendFailure(Outcome.TRANSIENT, "maybe")
        await asyncio.sleep(PROMPTLY / 2)
        assert sockets_to(server.port) == 0


async def test_a_body_that_failed_never_ends_well(make):
    async with make(TransportSettings(max_response_bytes=10)) as transport, serve(replying(whole(b"x" * 11))) as server:
        answer = await transport.send(dispatch(server.port), deadline=within())
        for _ in range(3):
            assert await answer.next_chunk() == SendFailure(Outcome.MALFORMED, "maybe")


@pytest.mark.parametrize("read", ["read", "next_chunk"])
async def test_a_body_over_the_limit_is_malformed_and_closes_the_socket(make, read):
    async with (
        make(TransportSettings(max_response_bytes=1000)) as transport,
        serve(replying(whole(b"x" * 1000), whole(b"x" * 1001))) as server,
    ):
        assert await exchange(transport, server) == (200, b"x" * 1000)
        answer = await transport.send(dispatch(server.port), deadline=within())
        assert await getattr(answer, read)() == SendFailure(Outcome.MALFORMED, "maybe")


async def test_an_endless_body_is_dropped_at_the_limit(transport):
    async def script(peer):
        await peer.request()
        await peer.say(OK + b"\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                await peer.say(b"x" * 65536)

    async with serve(script) as server:
        assert await exchange(transport, server) == SendFailure(Outcome.MALFORMED, "maybe")


async def test_a_compressed_body_is_read_and_its_limit_counts_what_it_expands_to(transport):
    head = OK + b"Content-Encoding: gzip\r\n"
    small, bomb = gzip.compress(b"yes" * 1000), gzip.compress(bytes(50_000_000))
    async with serve(replying(whole(small, head), whole(bomb, head))) as server:
        assert await exchange(transport, server) == (200, b"yes" * 1000)
        assert await exchange(transport, server) == SendFailure(Outcome.MALFORMED, "maybe")


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (gzip.compress(b"yes" * 1000)[:-9], Outcome.TRUNCATED),
        (b"\x1f\x8b", Outcome.TRUNCATED),
        (b"abcdef", Outcome.MALFORMED),
        (gzip.compress(b"yes") + b"more", Outcome.MALFORMED),
    ],
    ids=["cut", "cut-in-head", "no-gzip", "more-after-it"],
)
async def test_a_compressed_body_that_does_not_decompress_to_its_end_is_a_failure(transport, body, outcome):
    async with serve(replying(whole(body, OK + b"Content-Encoding: gzip\r\n"))) as server:
        assert await exchange(transport, server) == SendFailure(outcome, "maybe")


@pytest.mark.parametrize("answer", [b"HTTP/1.1 204 No Content\r\n\r\n", whole(b""), CHUNKED + b"0\r\n\r\n"])
async def test_an_empty_body_is_a_body(transport, answer):
    async with serve(replying(answer, answer)) as server:
        assert (await exchange(transport, server))[1] == b""
        assert (await exchange(transport, server))[1] == b""
        assert server.connections == 1


async def test_header_names_are_found_in_lower_case(transport):
    async with serve(replying(whole(b"", OK + b"X-Request-ID: 7\r\n"))) as server:
        answer = await transport.send(dispatch(server.port), deadline=within())
        assert answer.headers["x-request-id"] == "7"
        assert answer.headers.get("retry-after") is None
        await answer.read()


# --- cancelling ---------------------------------------------------------------------------------------------------


async def stop(task):
    """Cancel, and when that was."""
    now = asyncio.get_running_loop().time()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return now


async def test_an_answer_before_the_whole_request_was_taken_closes_the_socket(transport):
    async def script(peer):
        await peer.head()
        await peer.say(whole(b"too large", b"HTTP/1.1 413 Too Large\r\n"))
        peer.writer.transport.pause_reading()
        await asyncio.sleep(5)

    async with serve(script) as server:
        assert await exchange(transport, server, body=bytes(50_000_000)) == (413, b"too large")
        await asyncio.sleep(PROMPTLY / 2)
        assert sockets_to(server.port) == 0


async def test_cancelling_while_connecting_closes_the_socket(transport):
    async def silent(peer):
        await peer.reader.readexactly(1)  # the client's part of the TLS handshake, which gets no answer
        peer.server.arrived.set()
        await peer.gone()

    async with serve(silent) as server:
        task = asyncio.create_task(transport.send(dispatch(server.port, scheme="https"), deadline=within()))
        await server.arrived.wait()
        stopped = await stop(task)
        assert await server.gone - stopped < PROMPTLY


# --- TLS ----------------------------------------------------------------------------------------------------------


async def test_the_environment_does_not_decide_whom_to_trust_nor_log_keys(make, authority, monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", authority.certificate)
    monkeypatch.setenv("SSL_CERT_DIR", authority.folder)
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    async with serve(replying(whole(b"yes")), tls=authority.context) as server:
        async with make(TransportSettings()) as transport:
            assert await exchange(transport, server, scheme="https") == SendFailure(Outcome.UNREACHABLE, "no")
        async with make(TransportSettings(ca_file=authority.certificate)) as transport:
            assert await exchange(transport, server, scheme="https") == (200, b"yes")
    assert not (tmp_path / "keys.log").exists()
    assert len(server.heads) == 1


async def test_a_large_body_arrives_whole_over_tls(make, authority):
    body = os.urandom(3_000_001)
    got = []

    async def script(peer):
        for _ in range(2):
            got.append(await peer.request())
            await peer.say(whole(body))

    async with (
        serve(script, tls=authority.context) as server,
        make(TransportSettings(ca_file=authority.certificate, max_response_bytes=len(body))) as transport,
    ):
        for _ in range(2):
            assert await exchange(transport, server, scheme="https", body=body) == (200, body)
        assert server.connections == 1
    assert got == [body, body]


async def test_a_certificate_for_another_name_is_refused(make, authority):
    async with (
        serve(replying(whole(b"yes")), tls=authority.context) as server,
        make(TransportSettings(ca_file=authority.certificate)) as transport,
    ):
        failure = await exchange(transport, server, scheme="https", host="localhost")
    assert failure == SendFailure(Outcome.UNREACHABLE, "no")


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_a_trust_store_that_cannot_be_read_is_a_configuration_error(make, tmp_path, content):
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=r"ca\.pem.*certificates"):
        make(TransportSettings(ca_file=str(path)))


# --- residue ------------------------------------------------------------------------------------------------------


def canary(tag):
    """Content that is recognised wherever it lies. Made anew each time, so that no test holds it."""
    return b"".join([b"canary", tag, b"<", b"?" * 3000, b">"])


def live(tag):
    """How many live objects hold a canary, found without letting the collector free any."""
    mark = b"".join([b"canary", tag, b"<"])
    text = mark.decode()
    found = set()
    for holder in gc.get_objects():
        for item in (holder, *gc.get_referents(holder)):
            kind = type(item)
            if (
                (kind in (bytes, bytearray) and item is not mark and len(item) > len(mark) and mark in item)
                or (kind is memoryview and mark in bytes(item))
                or (kind is str and item is not text and len(item) > len(text) and text in item)
            ):
                found.add(id(item))
    return len(found)


async def ends_well(transport, port):
    answer = await transport.send(dispatch(port, body=canary(b"asked")), deadline=within())
    await answer.read()


async def ends_badly(transport, port):
    failure = await transport.send(dispatch(port, body=canary(b"asked")), deadline=within())
    assert failure.outcome is Outcome.MALFORMED


async def ends_unread(transport, port):
    answer = await transport.send(dispatch(port, body=canary(b"asked")), deadline=within())
    await asyncio.sleep(0.02)
    answer.close()


async def ends_cancelled(transport, port):
    task = asyncio.create_task(transport.send(dispatch(port, body=canary(b"asked")), deadline=within()))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    return caught


async def ends_late(transport, port):
    failure = await transport.send(dispatch(port, body=canary(b"asked")), deadline=within(0.05))
    assert failure.outcome is Outcome.TIMEOUT


RESIDUE = {
    "success": (ends_well, lambda: whole(canary(b"answered"))),
    "stream": (ends_well, lambda: CHUNKED + b"%x\r\n" % len(canary(b"")) + canary(b"") + b"\r\n0\r\n\r\n"),
    "error-status": (ends_well, lambda: whole(canary(b"answered"), b"HTTP/1.1 400 Bad\r\n")),
    "error-status-unread": (ends_unread, lambda: whole(canary(b"answered"), b"HTTP/1.1 400 Bad\r\n")),
    "closed-early": (ends_unread, lambda: OK + b"Content-Length: 99999\r\n\r\n" + canary(b"answered")),
    "truncated": (ends_well, lambda: OK + b"Content-Length: 99999\r\n\r\n" + canary(b"answered")),
    "malformed": (ends_well, lambda: CHUNKED + b"%x\r\n" % len(canary(b"")) + canary(b"") + b"\r\n"),
    "malformed-at-once": (ends_badly, lambda: CHUNKED + canary(b"answered") + b"\r\n"),
    "cancelled": (ends_cancelled, lambda: b""),
    "timeout": (ends_late, lambda: b""),
}


@pytest.mark.parametrize("how", RESIDUE)
async def test_no_object_keeps_content_after_the_call_even_without_the_collector(transport, how):
    call, answer = RESIDUE[how]

    async def script(peer):
        await peer.request()
        await peer.say(answer())
        await asyncio.sleep(0.02)
        if how == "malformed":
            await peer.say(canary(b"answered") + b"\r\n")
        if how != "truncated":
            await peer.gone()

    gc.collect()
    gc.disable()
    try:
        async with serve(script) as server:
            kept = await call(transport, server.port)
            await asyncio.sleep(0.05)
            assert (live(b"asked"), live(b"answered"), live(b"")) == (0, 0, 0)
            del kept
    finally:
        gc.enable()


async def test_the_search_for_content_finds_what_is_kept():
    kept = [canary(b"asked")]
    assert live(b"asked") == 1
    assert live(b"answered") == 0
    del kept


async def test_a_failure_to_resolve_or_connect_keeps_no_content(transport):
    gc.collect()
    gc.disable()
    try:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            for host in ("127.0.0.1", "no-such-host.invalid"):
                target = dispatch(free.getsockname()[1], host=host, body=canary(b"asked"))
                await transport.send(target, deadline=within())
                del target
        assert live(b"asked") == 0
    finally:
        gc.enable()
