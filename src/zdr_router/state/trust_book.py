"""How an operator looks at a trust state and changes it by hand, wherever it is kept."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from zdr_router.errors import ConfigError, Problem
from zdr_router.state.redis_changes import RedisChanges
from zdr_router.state.settings import RedisSettings
from zdr_router.state.trust_changes import Change, Unreadable, made
from zdr_router.state.trust_file import FileTrust

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from zdr_router.state.trust_changes import Kind

    T = TypeVar("T")

_PATIENCE: Final = 5.0
_TRIES: Final = 20


class TrustBook(Protocol):
    """Raises `ConfigError` where the state says nothing or cannot be written, `ValueError` for words that do not do."""

    def changes(self) -> tuple[Change, ...]:
        """Every change that was ever made."""
        ...

    def revoke(self, subject: str, why: str) -> None:
        """Take `subject` out of use."""
        ...

    def release(self, subject: str, why: str) -> None:
        """Take back what was said against `subject`."""
        ...

    def init(self, why: str, *, again: bool) -> object:
        """Make the state, or declare it to be right; gives the place of an old one that could not be read."""
        ...


def trust_book(where: Path | RedisSettings, by: str) -> TrustBook:
    """The book of the state that lies there; `by` is who its changes are said to be made by."""
    return RedisBook(where, by) if isinstance(where, RedisSettings) else FileTrust(where, by=by)


class RedisBook:
    """A `TrustBook` in Redis, which connects for each thing that is done."""

    def __init__(self, settings: RedisSettings, by: str, clock: Callable[[], float] = time.time) -> None:
        """Nothing is connected yet."""
        self._settings, self._by, self._clock = settings, by, clock

    def changes(self) -> tuple[Change, ...]:
        """Every change that was ever made."""
        return self._do(lambda redis: redis.look())

    def revoke(self, subject: str, why: str) -> None:
        """Take `subject` out of use."""
        self._do(lambda redis: self._add(redis, "revoke", subject, why))

    def release(self, subject: str, why: str) -> None:
        """Take back what was said against `subject`."""
        self._do(lambda redis: self._add(redis, "release", subject, why))

    def init(self, why: str, *, again: bool) -> str | None:
        """Make the state, or declare the one that is there to be right."""
        return self._do(lambda redis: self._init(redis, why, again=again))

    async def _add(self, redis: RedisChanges, kind: Kind, subject: str, why: str) -> None:
        for _ in range(_TRIES):
            seen = await redis.look()
            if await redis.append(made(kind, subject, why=why, by=self._by, at=self._clock(), after=seen)):
                return
        raise self._fault("others change it all the time", "try again")

    async def _init(self, redis: RedisChanges, why: str, *, again: bool) -> str | None:
        def change(*after: Change) -> Change:
            return made("init", "", why=why, by=self._by, at=self._clock(), after=after)

        first = change()
        try:
            await redis.look()
        except Unreadable:
            if not redis.seen:
                await redis.append(first)
                return None
            if not again:
                raise
        if not again:
            fix = 'if it was restored or lost changes, declare it to be right: zdr trust init --again --why "…"'
            raise self._fault("there is a trust state already", fix)
        if redis.whole:
            await redis.append(change(*redis.whole))
            return None
        return await redis.begin(first)

    def _do(self, work: Callable[[RedisChanges], Awaitable[T]]) -> T:
        return asyncio.run(self._connected(work))

    async def _connected(self, work: Callable[[RedisChanges], Awaitable[T]]) -> T:
        async with RedisChanges(self._settings, timeout=_PATIENCE) as redis:
            from redis.exceptions import RedisError  # noqa: PLC0415 - the extra `redis`

            try:
                return await work(redis)
            except Unreadable as error:
                again = ' --again --why "…"' if redis.seen else ""
                fault = self._fault(f"the trust state cannot be used: {error}", f"zdr trust init -c zdr.yaml{again}")
            except (RedisError, OSError) as error:
                what = f"Redis cannot be used: {type(error).__name__}"
                fault = self._fault(what, "see that it runs, and that `state` says how to reach it")
        raise fault

    def _fault(self, what: str, fix: str) -> ConfigError:
        return ConfigError(Problem(what, file=self._settings.source, fix=fix))
