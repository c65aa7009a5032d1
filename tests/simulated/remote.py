"""A Redis server without a socket, and the real `RedisTrust` of a worker over it: slow, cut off, or losing answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import TimeoutError as Late

from zdr_router.state.redis_changes import _APPEND, RedisChanges, _line
from zdr_router.state.settings import RedisSettings
from zdr_router.state.trust_changes import made, read_change, read_json
from zdr_router.state.trust_redis import RedisTrust

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from zdr_router.state.trust_changes import Kind

_PATIENCE = 1.0
_LOSES = 0.02


class Server:
    """One list, as the script of the real changes keeps it."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self.lines: list[bytes] = []
        self._wall = wall
        self.change("init", "")

    def change(self, kind: Kind, subject: str) -> None:
        """What an operator does, who is always connected."""
        before = [read_change(read_json(each)) for each in self.lines]
        self.lines.append(_line(made(kind, subject, why="said so", by="operator", at=self._wall(), after=before)))


class Link:
    """A worker's connection to the server, in the place of a client's."""

    def __init__(self, server: Server, random: Random) -> None:
        self.cut = False
        self._server = server
        self._random = random

    async def lrange(self, _key: str, start: int, _stop: int) -> list[bytes]:
        await self._travel()
        return self._server.lines[max(0, start) :]

    async def eval(self, script: str, _keys: int, _key: str, last: bytes, line: bytes) -> int:
        if script != _APPEND:
            raise NotImplementedError
        await self._travel()
        lines = self._server.lines
        if (lines[-1] if lines else b"") != last:
            return 0
        lines.append(line)
        if self._random.random() < _LOSES:
            raise Late
        return len(lines)

    async def aclose(self) -> None:
        """Nothing is open."""

    async def _travel(self) -> None:
        await asyncio.sleep(self._random.uniform(0.0005, 0.02))
        if self.cut:
            if self._random.random() < 0.5:
                raise Unreachable
            await asyncio.sleep(_PATIENCE)
            raise Late


class _Changes(RedisChanges):
    def __init__(self, link: Link) -> None:
        super().__init__(RedisSettings("redis://redis.example"))
        self._redis: Any = link

    async def __aenter__(self) -> Self:
        return self


def remote_trust(link: Link, worker: str, wall: Callable[[], float], now: Callable[[], float]) -> RedisTrust:
    """The trust state of a worker."""
    trust = RedisTrust(RedisSettings("redis://redis.example"), by=worker, clock=wall, ticks=now)
    trust._changes = _Changes(link)
    return trust
