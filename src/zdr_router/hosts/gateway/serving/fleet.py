"""The counts of several workers as one sum. Each tells the process that watches them what it has counted.

That keeps the last that each has said, also of those that have ended. So no sum is ever smaller than one before,
whoever asks for it; what the others counted is a second old at most.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final, Self

import orjson

from zdr_router.hosts.gateway.counting import Counts

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from types import TracebackType

EVERY: Final = 1.0
"""Seconds after which a worker tells what has changed."""


class Watcher:
    """What the workers have said, in the process that watches them."""

    def __init__(self) -> None:
        """Nobody has said anything."""
        self._last: dict[Connection, Counts] = {}
        self._gone = Counts()

    @property
    def connections(self) -> tuple[Connection, ...]:
        """To the workers that are still connected; whoever waits for one of them calls `hear`."""
        return tuple(self._last)

    def welcome(self, connection: Connection) -> None:
        """A worker has begun."""
        self._last[connection] = Counts()

    def hear(self, connection: Connection) -> None:
        """Take what a worker says, and give it the sum if it asks for that."""
        try:
            asks, said = orjson.loads(connection.recv_bytes())
            self._last[connection] = Counts.of(said)
            if asks:
                connection.send_bytes(orjson.dumps(self.sum().told()))
        except (EOFError, OSError):
            self._leave(connection)

    def sum(self) -> Counts:
        """All that was ever counted."""
        total = Counts()
        for each in (self._gone, *self._last.values()):
            total.add(each)
        return total

    def _leave(self, connection: Connection) -> None:
        last = self._last.pop(connection)
        last.under_way = 0
        self._gone.add(last)
        connection.close()


class Member:
    """One worker: tells what it counts, and asks for the sum. `async with` it, in the loop that serves."""

    def __init__(self, connection: Connection, counts: Counts) -> None:
        """Nothing is told yet."""
        self._connection = connection
        self._counts = counts
        self._said = b""
        self._waiting: list[asyncio.Future[Counts]] = []
        self._telling: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to tell."""
        asyncio.get_running_loop().add_reader(self._connection.fileno(), self._hear)
        self._telling = asyncio.create_task(self._tell())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tell the last."""
        if self._telling is not None:
            self._telling.cancel()
        asyncio.get_running_loop().remove_reader(self._connection.fileno())
        with contextlib.suppress(OSError):
            self._say(asks=False)

    async def sum(self) -> Counts:
        """What all workers have counted; of this one alone where nobody watches any more."""
        waiting: asyncio.Future[Counts] = asyncio.get_running_loop().create_future()
        try:
            self._say(asks=True)
        except OSError:
            return self._counts
        self._waiting.append(waiting)
        return await waiting

    def _say(self, *, asks: bool) -> None:
        self._said = orjson.dumps(self._counts.told())
        self._connection.send_bytes(b"[%b,%b]" % (b"true" if asks else b"false", self._said))

    def _hear(self) -> None:
        try:
            found = Counts.of(orjson.loads(self._connection.recv_bytes()))
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(self._connection.fileno())
            found, heard = self._counts, self._waiting
        else:
            heard = self._waiting[:1]
        self._waiting = self._waiting[len(heard) :]
        for each in heard:
            if not each.done():
                each.set_result(found)

    async def _tell(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                await asyncio.sleep(EVERY)
                if orjson.dumps(self._counts.told()) != self._said:
                    self._say(asks=False)
