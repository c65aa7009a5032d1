"""A TCP proxy before a real HTTP server, that breaks connections as told: resets, cuts, stalls, drips, bad TLS.

    async with Upstream() as upstream, TcpProxy(upstream.port, cut(after=40), silent) as proxy:
        ...  # send to f"http://127.0.0.1:{proxy.port}/v1"

Each connection takes the next fault of the script, and those after the last one are passed on untouched, so a test can
break some and then see that the pool works. `proxy.then(...)` adds faults; `otherwise=` breaks all the rest alike.

With `tls=` (see `certificates.py`) the proxy ends TLS itself, and every fault happens within it. The faults that break
TLS itself (`alert`, `plaintext`, `black_hole_after_hello`) want a proxy without it that is called with https.

`accept_after` is how long connections wait in the queue of the kernel, which takes them and what they send meanwhile;
None is for ever, and leaving the block resets them.

A fault is a coroutine function of a `Link`. After the block no task of the proxy is left. `proxy.open` tells how many
connections stand; one that the client has left does not count, except while a `deaf` fault holds it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Literal, Self

    Fault = Callable[["Link"], Awaitable[None]]
    Way = Literal["close", "reset"]

PIECE = 65536
HEAD_END = b"\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


class Link:
    """One connection of a client, and the one to the server behind it, which is opened when first asked for."""

    def __init__(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._port = port
        self._server: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def server(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._server is None:
            self._server = await asyncio.open_connection("127.0.0.1", self._port)
        return self._server

    async def send_up(self, *, piece: int = PIECE, every: float = 0.0) -> None:
        """From now on, pass on what the client says."""
        _, up = await self.server()
        self._beside(copy(self.reader, up, piece=piece, every=every))

    async def send_down(self, *, piece: int = PIECE, every: float = 0.0) -> None:
        """Pass on what the server says, to its end."""
        down, _ = await self.server()
        await copy(down, self.writer, piece=piece, every=every)

    async def send_down_until(self, *, after: int | None = None, before: bytes | None = None) -> None:
        """Pass on so many bytes of what the server says, or all that stand before these."""
        down, _ = await self.server()
        data = await down.readexactly(after or 0) if before is None else await down.readuntil(before)
        self.writer.write(data.removesuffix(before or b""))
        await self.writer.drain()

    async def gone(self) -> None:
        """Wait until the client leaves."""
        while await self.reader.read(PIECE):
            pass

    def reset(self) -> None:
        """Close with a TCP reset, of which TLS knows nothing."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def end(self, way: Way) -> None:
        """Close in order or with a reset, once what was said is there."""
        await asyncio.sleep(0.02)
        self.reset() if way == "reset" else self.writer.close()

    def drop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for writer in (self.writer, self._server and self._server[1]):
            if writer:
                writer.transport.abort()

    def _beside(self, work: Coroutine[None, None, None]) -> None:
        async def quietly() -> None:
            with contextlib.suppress(OSError):
                await work

        self._tasks.append(asyncio.create_task(quietly()))


async def copy(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, piece: int = PIECE, every: float = 0.0
) -> None:
    """Pass on bytes until the source ends, `piece` at most at a time, with a pause between them; then end too."""
    while data := await source.read(piece):
        sink.write(data)
        await sink.drain()
        if every:
            await asyncio.sleep(every)
    sink.close()


# --- faults -------------------------------------------------------------------------------------------------------


async def untouched(link: Link) -> None:
    """Pass everything on, both ways."""
    await link.send_up()
    await link.send_down()


async def reset_on_accept(link: Link) -> None:
    """Take the connection, and reset it before a byte of the request was read."""
    link.reset()


def reset_in_request(after: int) -> Fault:
    """Reset once so many bytes of the request were read. The server hears nothing."""

    async def fault(link: Link) -> None:
        await link.reader.readexactly(after)
        link.reset()

    return fault


def cut(*, after: int | None = None, before: bytes | None = None, way: Way = "close") -> Fault:
    """End the connection within the answer: after so many of its bytes, head and all, or just before these."""

    async def fault(link: Link) -> None:
        await link.send_up()
        await link.send_down_until(after=after, before=before)
        await link.end(way)

    return fault


def stall(*, after: int | None = None, before: bytes | None = None) -> Fault:
    """Say no more from there on in the answer, with the connection open."""

    async def fault(link: Link) -> None:
        await link.send_down_until(after=after, before=before)
        await link.gone()

    async def begun(link: Link) -> None:
        head = await link.reader.readuntil(HEAD_END)
        size = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        _, up = await link.server()
        up.write(head + await link.reader.readexactly(size))
        await fault(link)

    return begun


async def silent(link: Link) -> None:
    """Half-open: take what the client says, answer nothing, never close."""
    await link.gone()


async def deaf(link: Link) -> None:
    """Read nothing, say nothing."""
    link.writer.transport.pause_reading()
    await asyncio.get_running_loop().create_future()


def half_closed(*, answered: bool) -> Fault:
    """Close the server's direction alone, after the answer or instead of it, and go on listening."""

    async def fault(link: Link) -> None:
        await link.reader.readuntil(HEAD_END)
        if answered:
            link.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        link.writer.write_eof()
        await link.gone()

    return fault


def drip(every: float, *, piece: int = 1, after: int | None = None, before: bytes | None = None) -> Fault:
    """Slow loris: the answer a few bytes at a time, from its first byte or from there on."""

    async def fault(link: Link) -> None:
        await link.send_up()
        await link.send_down_until(after=after, before=before)
        if before is not None:
            link.writer.write(before)
        await link.send_down(piece=piece, every=every)

    return fault


def sluggish(every: float, *, piece: int) -> Fault:
    """Take the request a few bytes at a time. What the kernel takes meanwhile is up to it."""

    async def fault(link: Link) -> None:
        await link.send_up(piece=piece, every=every)
        await link.send_down()

    return fault


def adding(data: bytes, *, at: bytes) -> Fault:
    """After `at`, with which the answer ends, say something that nobody asked for."""

    async def fault(link: Link) -> None:
        await link.send_up()
        await link.send_down_until(before=at)
        link.writer.write(at + data)
        await link.send_down()

    return fault


async def hello(link: Link) -> None:
    """Read the first message of a TLS handshake."""
    opening = await link.reader.readexactly(5)
    await link.reader.readexactly(int.from_bytes(opening[3:], "big"))


async def black_hole_after_hello(link: Link) -> None:
    """Nothing comes back to the opening of the handshake."""
    await hello(link)
    await link.gone()


async def reset_after_hello(link: Link) -> None:
    await hello(link)
    link.reset()


async def plaintext(link: Link) -> None:
    """Answer TLS with HTTP."""
    await hello(link)
    link.writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await link.gone()


async def alert(link: Link) -> None:
    """Refuse the handshake as TLS does."""
    await hello(link)
    link.writer.write(bytes([21, 3, 3, 0, 2, 2, 40]))  # a fatal alert: handshake_failure
    await link.gone()


# --- the proxy ----------------------------------------------------------------------------------------------------


class TcpProxy:
    """`async with TcpProxy(port, *faults) as proxy`: stands before the server on this port of loopback."""

    def __init__(
        self,
        port: int,
        *faults: Fault,
        otherwise: Fault = untouched,
        tls: ssl.SSLContext | None = None,
        accept_after: float | None = 0.0,
    ) -> None:
        self._behind = port
        self._script = list(faults)
        self._otherwise = otherwise
        self._tls = tls
        self._accept_after = accept_after
        self._running: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._socket: socket.socket | None = None
        self._start: asyncio.TimerHandle | None = None
        self.port = 0
        self.connections = 0

    @property
    def open(self) -> int:
        """How many connections stand."""
        return len(self._running)

    def then(self, *faults: Fault) -> None:
        """What to do with the next connections."""
        self._script += faults

    async def quiet(self, within: float = 0.1) -> None:
        """Wait until no connection stands. Raises `TimeoutError` when one does for too long."""
        async with asyncio.timeout(within):
            while self._running:
                await asyncio.wait(self._running)

    async def __aenter__(self) -> Self:
        # Unless the protocol is named, asyncio does not take it for TCP, and each of its writes waits for the last.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen()
        self.port = self._socket.getsockname()[1]
        self._server = await asyncio.start_server(
            self._meet, sock=self._socket, ssl=self._tls, limit=PIECE, start_serving=False
        )
        loop = asyncio.get_running_loop()
        if self._accept_after == 0:
            await self._server.start_serving()
        elif self._accept_after is not None:
            self._start = loop.call_later(self._accept_after, self._start_late)
        return self

    def _start_late(self) -> None:
        task = asyncio.create_task(self._server.start_serving())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def __aexit__(self, *_: object) -> None:
        if self._start is not None:
            self._start.cancel()
        self._server.close()
        self._socket.close()
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of its own: a cancelled handler of `start_server` is logged as a failure.
        self.connections += 1
        fault = self._script.pop(0) if self._script else self._otherwise
        task = asyncio.create_task(self._break(fault, Link(self._behind, reader, writer)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _break(self, fault: Fault, link: Link) -> None:
        try:
            await fault(link)
        except (asyncio.IncompleteReadError, OSError):
            pass  # one side went away
        finally:
            link.drop()
