"""The changes of a trust state as they lie in Redis: one list, to which a script appends and from which nothing goes.

The script appends only after the change that the writer takes to be the last one, so two writers never build on the
same state, and a change that was sent twice is there once. It is one key, so any slot of a cluster can hold it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Self

from zdr_router.state.redis_link import connect
from zdr_router.state.trust_changes import Unreadable, fold, in_order, read_change, read_json

if TYPE_CHECKING:
    from types import TracebackType

    from redis.asyncio import Redis

    from zdr_router.state.settings import RedisSettings
    from zdr_router.state.trust_changes import Change

_APPEND: Final = """
if (redis.call('LINDEX', KEYS[1], -1) or '') ~= ARGV[1] then return 0 end
return redis.call('RPUSH', KEYS[1], ARGV[2])
"""
_BEGIN: Final = """
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('RENAME', KEYS[1], KEYS[2]) end
return redis.call('RPUSH', KEYS[1], ARGV[1])
"""


class RedisChanges:
    """Reads and appends; whatever goes wrong with the server is a `RedisError` or an `OSError`."""

    def __init__(self, settings: RedisSettings, *, timeout: float = 1.0) -> None:
        """Nothing is connected yet."""
        self._settings, self._timeout = settings, timeout
        self.key = f"{{{settings.prefix}:trust}}:changes"
        self._redis: Redis | None = None
        self._raw: tuple[bytes, ...] = ()
        self._changes: tuple[Change, ...] = ()

    async def __aenter__(self) -> Self:
        """Raises `ConfigError` when there is no way to connect."""
        self._redis = connect(self._settings, timeout=self._timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection."""
        if self._redis is not None:
            await self._redis.aclose()

    @property
    def seen(self) -> bool:
        """Whether anything lay there at the last look."""
        return bool(self._raw)

    @property
    def whole(self) -> tuple[Change, ...]:
        """What lay there at the last look, if all of it could be read; changes may have been lost all the same."""
        return self._changes

    async def look(self) -> tuple[Change, ...]:
        """Every change; what was read before is not read again. Raises `Unreadable`."""
        known = len(self._raw)
        raw = await self._range(known - 1) if known else []
        if known and raw[:1] == [self._raw[-1]]:
            raw = [*self._raw, *raw[1:]]
        else:
            raw = await self._range(0)
        if raw != list(self._raw):
            self._raw = tuple(raw)
            self._changes = ()
            changes = tuple(read_change(read_json(each)) for each in raw)
            in_order(changes)
            self._changes = changes
        elif raw and not self._changes:
            raise Unreadable("its changes are not written as changes are, or do not follow one another")
        fold(self._changes)
        return self._changes

    async def append(self, change: Change) -> bool:
        """Append `change` to what was read last; false when something else came after that."""
        last = self._raw[-1] if self._raw else b""
        return bool(await self._run(_APPEND, [self.key], [last, _line(change)]))

    async def begin(self, change: Change) -> str:
        """Begin anew; what lay there is kept under the key that is given back."""
        aside = f"{self.key}:unreadable:{change.epoch}"
        await self._run(_BEGIN, [self.key, aside], [_line(change)])
        return aside

    async def _range(self, start: int) -> list[bytes]:
        found: Any = self._open().lrange(self.key, start, -1)
        raw: list[bytes] = await found
        return raw

    async def _run(self, script: str, keys: list[str], arguments: list[bytes]) -> int:
        done: Any = self._open().eval(script, len(keys), *keys, *arguments)
        return int(await done)

    def _open(self) -> Redis:
        if self._redis is None:
            message = "use `async with` around it"
            raise RuntimeError(message)
        return self._redis


def _line(change: Change) -> bytes:
    return json.dumps(change.as_dict(), ensure_ascii=False).encode()
