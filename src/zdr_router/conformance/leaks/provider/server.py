"""The server behind the kit's provider: HTTP over raw TCP, connections kept, so that it can misbehave in any way."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING, Any, Final, Self

from zdr_router.conformance.leaks.canaries import PLACES
from zdr_router.conformance.loopback import Loopback, read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from zdr_router.conformance.leaks.canaries import Words
    from zdr_router.conformance.leaks.provider.behaviours import Behaviour

_LIMIT: Final = 1 << 26
_ALWAYS: Final = "/spare/"
"""A path that begins so is answered well, whatever the behaviour is: the target that a failing one is replaced by."""


class Call:
    """One request, and how it is answered."""

    def __init__(
        self, path: str, asked: Mapping[str, Any], reader: asyncio.StreamReader, out: asyncio.StreamWriter
    ) -> None:
        """`asked` is its body, empty where that is no object."""
        self.path = path
        self.asked = asked
        self.keeps_alive = True
        self.left = False
        self._reader = reader
        self._out = out
        self._watch: asyncio.Task[None] | None = None

    async def say(self, data: bytes) -> None:
        """Send bytes; nobody has to be there."""
        with contextlib.suppress(ConnectionError):
            self._out.write(data)
            await self._out.drain()

    async def head(self, status: int, headers: Mapping[str, str]) -> None:
        """Send a head."""
        lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in headers.items())]
        await self.say("\r\n".join([*lines, "", ""]).encode("latin-1"))

    async def whole(
        self, status: int, body: bytes, headers: Mapping[str, str], *, kind: str = "application/json"
    ) -> None:
        """Send a whole answer."""
        await self.head(status, {"content-type": kind, "content-length": str(len(body)), **headers})
        await self.say(body)

    async def begin(self, kind: str, headers: Mapping[str, str]) -> None:
        """Send the head of a chunked answer. From then on it is known when the client leaves."""
        await self.head(200, {"content-type": kind, "transfer-encoding": "chunked", **headers})
        self._look()

    async def chunk(self, data: bytes) -> None:
        """Send a chunk."""
        await self.say(b"%x\r\n%b\r\n" % (len(data), data))

    async def finish(self) -> None:
        """End a chunked answer."""
        await self.say(b"0\r\n\r\n")

    async def gone(self) -> None:
        """Wait until the client goes away."""
        self._look()
        if self._watch is not None:
            await self._watch

    def _look(self) -> None:
        self.keeps_alive = False
        self._watch = self._watch or asyncio.create_task(self._until_gone())

    async def _until_gone(self) -> None:
        with contextlib.suppress(ConnectionError):
            while await self._reader.read(65536):
                pass
        self.left = True

    def reset(self) -> None:
        """Close with a TCP reset."""
        self.keeps_alive = False
        with contextlib.suppress(OSError):
            linger = struct.pack("ii", 1, 0)
            self._out.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._out.transport.abort()

    def hang_up(self) -> None:
        """Close in order, whatever was promised."""
        self.keeps_alive = False
        self._out.close()

    def end(self) -> None:
        """Nothing more will be said."""
        if self._watch is not None:
            self._watch.cancel()


class Server:
    """`async with Server(…) as server`: answers each request by the behaviour that was chosen last."""

    def __init__(self, choose: Callable[[], tuple[Behaviour, Behaviour, Words]]) -> None:
        """`choose` gives the behaviour, the one of the spare target, and the words to say."""
        self._choose = choose
        self._listener = Loopback(self._converse, limit=_LIMIT)
        self.arrived = 0
        self.places: set[str] = set()

    def forget(self) -> None:
        """Count anew."""
        self.arrived = 0
        self.places.clear()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._listener.port

    async def __aenter__(self) -> Self:
        """Listen on a port of the system's choice."""
        await self._listener.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening, and close every connection."""
        await self._listener.__aexit__(kind, error, trace)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (request := await read(reader)) is not None:
            usual, spare, words = self._choose()
            self.places |= {place for place in PLACES if _planted(words, place, request.body)}
            self.arrived += 1
            call = Call(request.path, request.json, reader, writer)
            try:
                await (spare if request.path.startswith(_ALWAYS) else usual)(call, words)
            finally:
                call.end()
            if not call.keeps_alive:
                return


def _planted(words: Words, place: str, body: bytes) -> bool:
    """Whether a word has come in; an image comes in base64, where its head alone is known."""
    return b"data:image/png;base64," in body if place == "image" else words[place].encode() in body
