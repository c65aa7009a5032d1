"""A TCP server for tests that does exactly what a script says: answer, stall, lie, cut, reset."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable

OK = b"HTTP/1.1 200 OK\r\n"


def whole(body: bytes, head: bytes = OK) -> bytes:
    """An answer that says its length."""
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


class Peer:
    """One connection, seen from the server."""

    def __init__(self, server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer

    async def head(self) -> bytes:
        """The head of the next request, kept in `server.heads`."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.server.heads.append(head)
        self.server.arrived.set()
        return head

    async def request(self) -> bytes:
        """The body of the next request, which the server does not keep."""
        head = await self.head()
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                return await self.reader.readexactly(int(line.split(b":")[1]))
        return b""

    async def say(self, answer: bytes) -> None:
        self.writer.write(answer)
        await self.writer.drain()

    async def gone(self) -> None:
        """Wait until the client closes its side, and note when."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass
        self.server.gone.set_result(asyncio.get_running_loop().time())

    def reset(self) -> None:
        """Close with a TCP reset."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class Server:
    """What a test sees of the server: where it is, and what reached it."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.heads: list[bytes] = []
        self.arrived = asyncio.Event()
        self.gone: asyncio.Future[float] = asyncio.get_running_loop().create_future()


@contextlib.asynccontextmanager
async def serve(
    script: Callable[[Peer], Awaitable[None]], *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    """Run `script` once for each connection; closing what it leaves open."""
    server = Server()
    running: set[asyncio.Task[None]] = set()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        running.add(task)
        server.connections += 1
        try:
            await script(Peer(server, reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went away
        except asyncio.CancelledError:
            task.uncancel()  # the test is over
        finally:
            running.discard(task)
            writer.transport.abort() if tls else writer.close()

    listener = await asyncio.start_server(meet, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in running:
            task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
