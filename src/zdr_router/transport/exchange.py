"""One request and its answer on a pooled connection, through the parts of aiohttp that its documentation leaves out.

aiohttp is kept for what is hard: pool, DNS, TLS, tunnels through proxies, and the parser. Its session, request and
response objects cost more than all of that together, so they are left out, and with them its redirects, cookies and
repeats. What is used instead of them, as read in aiohttp 3.14.5 and tested with 3.14.0 too: `TCPConnector.connect()`
with a `ClientRequest` that only says whither, and a `Trace` where a new connection must be told from an old one; and of
the connection's `ResponseHandler` `should_close`, `set_response_params()`, `read()`, `exception()`, `closed` and
`_parser`. No other module leans on them. Another minor version may change them, so it is refused (`check_version`)
until somebody has read it and run the tests against it.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from socket import SO_LINGER, SOL_SOCKET
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final, cast

from aiohttp import (
    ClientConnectionError,
    ClientError,
    ClientRequest,
    ClientTimeout,
    TCPConnector,
    ThreadedResolver,
    TraceConfig,
)
from aiohttp.http import StreamWriter
from aiohttp.tracing import Trace
from packaging.specifiers import SpecifierSet
from yarl import URL

from zdr_router.errors import ConfigError, Problem
from zdr_router.transport.head import opening, render

if TYPE_CHECKING:
    import ssl

    from aiohttp import ClientSession, StreamReader
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.connector import Connection
    from aiohttp.http import RawResponseMessage

    from zdr_router.transport.settings import TransportSettings

SUPPORTED: Final = SpecifierSet(">=3.14,<3.15")
"""The versions of aiohttp whose inner parts this module knows; `pyproject.toml` says the same."""

SLICE: Final = 256 * 1024
"""Bytes handed to the socket at a time: what a slow reader can make pile up outside this object."""

URLS: Final = 1024
"""How many URLs are kept as they were read, and how many heads: a few for each endpoint of each target."""

RESET: Final = struct.pack("ii", 1, 0)
"""Linger for no time at all: what has not left by the close never leaves."""

SCHEMES: Final = frozenset({"http", "https"})
SWITCHING_PROTOCOLS: Final = 101
LOWEST_FINAL_STATUS: Final = 200


def check_version(version: str) -> None:
    """Raise `ConfigError` unless this is a version of aiohttp whose inner parts are known."""
    if version not in SUPPORTED:
        raise ConfigError(
            Problem(
                f"aiohttp {version} is installed, and the transport is made for {SUPPORTED}",
                fix=f'install "aiohttp{SUPPORTED}", or a zdr-router that knows the new version',
            )
        )


def _proxy(text: str) -> URL:
    """Read the URL of a proxy. It is not shown, since it may hold credentials."""
    with contextlib.suppress(ValueError):
        url = URL(text)
        if url.scheme in SCHEMES and url.raw_host:
            return url
    raise ConfigError(Problem("the proxy is not an http:// or https:// URL", fix="write it as http://host:port"))


@dataclass(frozen=True, slots=True)
class Destination:
    """Whither a request goes, as the connector wants to be told, and what its head says after the method."""

    request: ClientRequest
    opening: str = field(repr=False)  # it may hold the credentials of a proxy


class Pool:
    """The connections that are open. Made on the running loop."""

    def __init__(self, settings: TransportSettings, tls: ssl.SSLContext) -> None:
        """Open no connection yet. Raises `ConfigError` for a proxy that is no URL of HTTP."""
        self._connector = TCPConnector(
            ssl=tls, limit=settings.max_connections, resolver=ThreadedResolver(), use_dns_cache=False
        )
        self._timeout = ClientTimeout(total=None, sock_connect=settings.connect_timeout, ceil_threshold=inf)
        self._proxy = _proxy(settings.proxy) if settings.proxy else None
        self.destination = lru_cache(maxsize=URLS)(self._read)
        self.render = lru_cache(maxsize=URLS)(render)

    def _read(self, url: str) -> Destination:
        """Read a URL as the guard did: nothing quoted, no dots resolved. Raises `ValueError` if it is none for HTTP."""
        read = URL(url, encoded=True)
        if read.scheme not in SCHEMES or read.raw_user or read.raw_password:
            message = "the URL is not one of HTTP, or has credentials in it"
            raise ValueError(message)
        request = ClientRequest("POST", read, loop=asyncio.get_running_loop(), proxy=self._proxy)
        lines = [f"Host: {request.headers['Host']}"]
        if self._proxy is None or request.is_ssl():
            return Destination(request, opening(read.raw_path_qs, *lines))
        credentials = ClientRequest("GET", self._proxy, loop=request.loop).headers.get("Authorization")
        if credentials is not None:
            lines.append(f"Proxy-Authorization: {credentials}")
        return Destination(request, opening(str(request.url), *lines))

    async def exchange(self, destination: Destination) -> Exchange:
        """Begin on a pooled connection, or on a new one."""
        return Exchange(await self._connector.connect(destination.request, traces=[], timeout=self._timeout))

    async def replace(self, destination: Destination) -> None:
        """Open a connection, and keep it in place of those that idle there.

        One that idles shows nothing: its peer may be gone without a word. Nor would keeping both do: each time the
        pool takes an old one back it starts to count its age anew, so it would never close it.
        """
        trace = _Found()
        while True:
            trace.found = False
            connection = await self._connector.connect(destination.request, traces=[trace], timeout=self._timeout)
            if not trace.found:
                connection.release()
                return
            connection.close()

    async def close(self) -> None:
        """Close every connection."""
        await self._connector.close()


class _Found(Trace):
    """Notes that a connection was found in the pool, not made."""

    def __init__(self) -> None:
        config = TraceConfig()
        config.freeze()
        super().__init__(cast("ClientSession", None), config, SimpleNamespace())
        self.found = False

    async def send_connection_reuseconn(self) -> None:
        self.found = True


class Exchange:
    """A connection for as long as one request and its answer have it. It ends with `release()` or `abort()`.

    Nothing has left until `started`. `finished` is set once everything was handed to the socket.
    """

    __slots__ = ("_connection", "_protocol", "_rest", "finished", "started")

    def __init__(self, connection: Connection) -> None:
        """Take over the connection."""
        self._connection = connection
        self._protocol: ResponseHandler | None = connection.protocol
        self._rest: asyncio.Task[None] | None = None
        self.started = False
        self.finished = False

    def write(self, head: bytes, pieces: tuple[bytes | memoryview, ...], size: int) -> None:
        """Write at once what the socket takes, and the rest of a large last piece as it takes it.

        A pooled connection may have been closed since it was last used, or the server may have said something unasked
        on it, which would be taken for the answer to this request. Raises `ClientConnectionError` then, with
        nothing written.
        """
        protocol = self._protocol
        transport = protocol.transport if protocol is not None else None
        if protocol is None or transport is None or transport.is_closing() or protocol.should_close:
            message = "the connection is not fit for another request"
            raise ClientConnectionError(message)
        # aiohttp's decompression takes a gzip stream that was cut short for a whole one.
        protocol.set_response_params(auto_decompress=False, read_until_eof=True)
        self.started = True
        if len(pieces) <= 1 and size <= SLICE:
            transport.write(b"".join((head, *pieces)))
            self.finished = True
            return
        # Two writes, and the long piece as it is: to copy it costs more than another call of the kernel.
        view = memoryview(pieces[-1])
        transport.write(b"".join((head, *pieces[:-1])))
        transport.write(view[:SLICE])
        if len(view) > SLICE:
            self._rest = asyncio.create_task(self._write(view[SLICE:], protocol))
        else:
            self.finished = True

    async def _write(self, view: memoryview, protocol: ResponseHandler) -> None:
        """Write slice by slice. Why a connection broke is told to whoever reads the answer, so it is not told here."""
        writer = StreamWriter(protocol, asyncio.get_running_loop())
        try:
            for start in range(0, len(view), SLICE):
                await writer.write(view[start : start + SLICE])
        except (ClientError, OSError):
            return
        self.finished = True

    async def head(self) -> tuple[RawResponseMessage, StreamReader]:
        """The head of the final answer and the body that follows it; those before it (1xx) are only news."""
        if self._protocol is None:
            raise ClientConnectionError
        while True:
            message, content = await self._protocol.read()
            if message.code >= LOWEST_FINAL_STATUS or message.code == SWITCHING_PROTOCOLS:
                return message, content

    def fault(self) -> BaseException | None:
        """What ended the connection, if anything did. Asked only while the connection is not given back."""
        return self._protocol.exception() if self._protocol is not None else None

    def end(self) -> asyncio.Future[None] | None:
        """Done when the connection ends, or None if it has."""
        end = self._protocol.closed if self._protocol is not None else None
        if end is not None:
            end.remove_done_callback(_seen)  # from the call that had this connection before
            end.add_done_callback(_seen)
        return end

    def release(self) -> None:
        """Give the connection back. The pool closes it if either side said so, or if more came than the answer."""
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol._parser = None  # noqa: SLF001 - it has the last head until the next request sets another one
        self._connection.release()

    def cut(self) -> None:
        """Reset the connection now.

        A plain close first sends what is buffered, and waits for the peer's TLS goodbye. Even when it is cut short,
        the kernel goes on sending what it has of the request, megabytes of it to a peer that reads slowly, who does
        not hear of the end until then. After a reset nothing more leaves.
        """
        if self._rest is not None:
            self._rest.cancel()
        transport = self._connection.transport
        if transport is not None:
            with contextlib.suppress(OSError):  # it is closed already
                transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, RESET)
            transport.abort()

    def abort(self) -> None:
        """Close the socket now, and let the pool forget the connection."""
        self.cut()
        self._protocol = None
        self._connection.close()


def _seen(end: asyncio.Future[None]) -> None:
    """Take note of how a connection ended, lest the loop log that nobody did."""
    if not end.cancelled():
        end.exception()
