"""A server on loopback that stands in a provider's place: answers what it is told to, and keeps what arrived.

It speaks raw TCP, so that it can break off in ways that no web framework lets it. Each connection is for one request.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from zdr_router.conformance.loopback import Loopback, Request, read

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

JSON: Final = "application/json"
_LIMIT: Final = 1 << 20
_PROMISED: Final = 100
"""Bytes that a body which is cut short falls short of its length."""

_BETWEEN: Final = 0.002
"""Seconds between the pieces of a body, so that a reader most often gets them one by one."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, in pieces that leave one after the other.

    `cut`: the connection closes before the end that the head promises.
    """

    body: tuple[bytes, ...] = ()
    status: int = 200
    kind: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    chunked: bool = False
    cut: bool = False


class Seen(NamedTuple):
    """How much has come so far."""

    connections: int
    requests: int


class StandIn:
    """`async with StandIn() as server`: each request gets `reply`, which may be set anew at any time."""

    def __init__(self) -> None:
        """Nobody listens yet."""
        self.reply = Reply(status=503)
        self.requests: list[Request] = []
        self._connections = 0
        self._listener = Loopback(self._converse, limit=_LIMIT)

    @property
    def seen(self) -> Seen:
        """What has come, to be compared with what has come later."""
        return Seen(self._connections, len(self.requests))

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
        self._connections += 1
        arrived = await read(reader)
        if arrived is not None:
            self.requests.append(arrived)
            with contextlib.suppress(ConnectionError):
                await _say(writer, self.reply)


async def _say(writer: asyncio.StreamWriter, reply: Reply) -> None:
    size = sum(map(len, reply.body))
    length = str(size + _PROMISED if reply.cut else size)
    framing = {"transfer-encoding": "chunked"} if reply.chunked else {"content-length": length}
    headers = {"content-type": reply.kind, "connection": "close", **framing, **reply.headers}
    lines = [f"HTTP/1.1 {reply.status} Said", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    for piece in reply.body:
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if reply.chunked else piece)
        await writer.drain()
        await asyncio.sleep(_BETWEEN if len(reply.body) > 1 else 0)
    if reply.chunked and not reply.cut:
        writer.write(b"0\r\n\r\n")
    await writer.drain()
