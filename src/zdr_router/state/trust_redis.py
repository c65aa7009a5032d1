"""Trust in Redis or Valkey, for a fleet: every worker asks four times a second, and says how old its answer is.

Whoever cannot ask goes on with what it last heard, for as long as policy accepts (`max_revocation_staleness`). A state
that was never made, or that lacks a change which this process has seen, clears nothing. Memory never stands in for it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from zdr_router.state.redis_changes import RedisChanges
from zdr_router.state.redis_link import end
from zdr_router.state.trust_changes import Change, Unreadable
from zdr_router.state.trust_view import TrustView

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from zdr_router.policy.trust import Trust
    from zdr_router.state.settings import RedisSettings

ASK_EVERY: Final = 0.25
"""Seconds between two looks."""

_RECENT: Final = 1.0
_LOST: Final = "a process had seen a change that is no longer there"


class RedisTrust:
    """A `TrustStore` in Redis. `by` is who its changes are said to be made by."""

    def __init__(
        self,
        settings: RedisSettings,
        *,
        by: str = "router",
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing is read yet, so nothing is cleared."""
        self._changes = RedisChanges(settings)
        self._view = TrustView(self._changes.key, by, clock)
        self._clock, self._ticks = clock, ticks
        self._as_of, self._tick = float("-inf"), float("-inf")
        self._trust: Trust | None = None
        self._task: asyncio.Task[None] | None = None

    def read(self) -> Trust | None:
        """What was heard last, and when."""
        trust, age = self._trust, self._ticks() - self._tick
        if trust is not None and age > _RECENT:
            # A wall clock that was set back meanwhile would make an old answer look new.
            return replace(trust, as_of=min(trust.as_of, self._clock() - age))
        return trust

    def revoke(self, subject: str, why: str) -> None:
        """Take `subject` out of use: here at once, and for the fleet as soon as Redis is there."""
        self._view.tighten("revoke", subject, why)
        self._date()

    def contradict(self, subject: str, why: str) -> None:
        """Note a contradiction: here at once, and for the fleet as soon as Redis is there."""
        if not self._view.knows("contradict", subject):
            self._view.tighten("contradict", subject, why)
            self._date()

    def release(self, subject: str, why: str) -> None:
        """Take back what was said against `subject`, as soon as Redis is there: it counts nowhere before that."""
        self._view.wait(self._view.make("release", subject, why))

    async def __aenter__(self) -> Self:
        """Ask once, and go on asking; a server that does not answer is no error. Raises `ConfigError`."""
        await self._changes.__aenter__()
        await self._round()
        self._task = asyncio.create_task(self._ask(), name="zdr trust state")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask no more."""
        task, self._task = self._task, None
        if task is not None:
            await end(task)
        await self._changes.__aexit__(kind, error, trace)

    async def _ask(self) -> None:
        while True:
            await asyncio.sleep(ASK_EVERY)
            await self._round()

    async def _round(self) -> None:
        """Hear what changed, and say what waits to be said."""
        from redis.exceptions import RedisError  # noqa: PLC0415 - the extra `redis`

        try:
            await self._hear()
            while self._view.waiting and self._trust is not None:
                (*_, change) = self._view.followed_by(self._view.waiting[0])
                await self._changes.append(change)
                await self._hear()
        except (RedisError, OSError) as error:
            self._view.fail(type(error).__name__, unreadable=False)
            if self._view.waiting:
                self._view.say_unwritten()

    async def _hear(self) -> None:
        asked, tick = self._clock(), self._ticks()
        try:
            changes = await self._changes.look()
        except Unreadable as error:
            self._view.fail(str(error))
        else:
            try:
                self._view.saw(changes)
            except Unreadable:
                self._date()
                await self._say_lost(changes)
            else:
                self._as_of, self._tick = asked, tick
        self._date()

    async def _say_lost(self, changes: tuple[Change, ...]) -> None:
        """Tell those who did not see what is missing, such as a worker that starts only now."""
        epoch = max(self._view.seen[-1].epoch, changes[-1].epoch) + 1
        await self._changes.append(self._view.make("lost", "", _LOST)._replace(epoch=epoch))

    def _date(self) -> None:
        trust = self._view.trust
        self._trust = None if trust is None else replace(trust, as_of=self._as_of)
