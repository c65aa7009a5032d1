"""Listens on loopback and reads requests of HTTP off raw TCP, for servers that misbehave as no framework lets them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import orjson

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import TracebackType


class Request(NamedTuple):
    """One request as it came; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The object that is the body; empty where it is none."""
        try:
            value = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return value if isinstance(value, dict) else {}


class Loopback:
    """`async with Loopback(converse, limit=…) as listener`: listens at `port`, and runs `converse` on each connection.

    A connection is closed once that has ended. `limit` is how many bytes of a head may be kept.
    """

    def __init__(
        self, converse: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], *, limit: int
    ) -> None:
        """Nobody listens yet."""
        self._converse = converse
        self._limit = limit
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        """Listen on a port of the system's choice."""
        self._server = await asyncio.start_server(self._meet, "127.0.0.1", 0, limit=self._limit)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening, and close every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of its own: a handler of `start_server` that is cancelled is logged as a failure.
        task = asyncio.create_task(self._until_closed(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _until_closed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._converse(reader, writer)
        finally:
            writer.close()


async def read(reader: asyncio.StreamReader) -> Request | None:
    """The next request; None where the client is gone, or sends none."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        named = (line.partition(":") for line in lines if line)
        headers = {name.lower(): value.strip() for name, _, value in named}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        return None
    method, path, _ = first.split(" ")
    return Request(method, path, headers, body)
