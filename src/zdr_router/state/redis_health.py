"""Health that a fleet shares: applied here at once, told to Redis soon after, and taken from there again and again.

Nothing that a request does waits for Redis. While Redis is slow or gone each worker goes on by what it sees itself.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from zdr_router.routing.health import UNKNOWN, Health, HealthEvent, step
from zdr_router.state.health_script import Call, arguments_of, read_answer, run
from zdr_router.state.redis_link import connect, end

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from types import TracebackType

    from redis.asyncio import Redis

    from zdr_router.routing.settings import HealthSettings
    from zdr_router.state.settings import RedisSettings

log = logging.getLogger("zdr_router")

REFRESH: Final = 0.4
"""Seconds after which what the other workers saw is asked for."""
GATHER: Final = 0.05
"""Seconds for which events are gathered, so that a run of like ones costs one call."""
PATIENCE: Final = 0.5
"""Seconds that Redis has for an answer."""
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 2.0
"""Seconds between two attempts to reach Redis again; the pause doubles."""
QUEUE: Final = 500
"""Runs of events that wait to be told; those beyond stay with this worker."""

# What is told of an event: no latency, which each worker measures for itself.
_TOLD: Final[Mapping[str, HealthEvent]] = {
    kind: HealthEvent(kind) for kind in ("started", "probed", "succeeded", "failed", "abandoned")
}

_BY_HAND: Final = ("isolated", "released")


def _shares(kind: str, known: Health) -> bool:
    """Whether an event can change what is shared of a target: where no ejection is, nobody probes."""
    if kind in {"started", "probed"}:
        return known.ejected_until != 0.0
    return kind != "abandoned" or known.probe_until != 0.0


class _Run:
    """The same event of a target, some times in a row; `at` is when the last one happened."""

    __slots__ = ("at", "event", "target", "times")

    def __init__(self, target: str, event: HealthEvent, at: float) -> None:
        self.target, self.event, self.at, self.times = target, event, at, 1

    def call(self) -> Call:
        return Call(self.target, self.event.kind, self.times, max(0.0, self.event.not_before - self.at))


class RedisHealth:
    """A `StateStore` whose states are shared while it is entered. What it says of speed stays its own."""

    def __init__(self, redis: RedisSettings, settings: HealthSettings, targets: Iterable[str] = ()) -> None:
        """Nothing is known yet; the states of `targets` are asked for when it is entered."""
        self._redis = redis
        self._settings = settings
        self._arguments = arguments_of(settings)
        self._states: dict[str, Health] = dict.fromkeys(targets, UNKNOWN)
        self._queue: list[_Run] = []
        self._last: dict[str, _Run] = {}
        self._by_hand: dict[str, HealthEvent] = {}
        self._reached: bool | None = None
        self._refreshed = float("-inf")
        self._wake: asyncio.Event | None = None
        self._client: Redis | None = None
        self._task: asyncio.Task[None] | None = None

    def adopt(self, settings: HealthSettings, targets: Collection[str]) -> None:
        """Go by other settings from now on, and ask for the states of `targets` alone, and of what is isolated."""
        self._settings = settings
        self._arguments = arguments_of(settings)
        kept = {name: each for name, each in self._states.items() if each.isolated or name in targets}
        self._states = {**dict.fromkeys(targets, UNKNOWN), **kept}

    def apply(self, target: str, event: HealthEvent, now: float) -> Health:
        """Apply `event` and give the state that follows, as far as this worker knows. Never waits."""
        known = self._states.get(target)
        if known is None:
            known = self._states[target] = UNKNOWN  # from now on it is asked for
        if event.kind == "asked":
            return known
        health = self._states[target] = step(known, event, now, self._settings)
        self._tell(target, event, now, known)
        return health

    def _tell(self, target: str, event: HealthEvent, now: float, known: Health) -> None:
        """Put the event in line, unless it changes nothing that is shared."""
        kind = event.kind
        if kind in _BY_HAND:
            # What a person said is never dropped: it is told as soon as Redis can be reached.
            self._by_hand[target] = event
        elif self._reached and _shares(kind, known):
            last = self._last.get(target)
            if last is not None and last.event.kind == kind and kind != "throttled":
                last.times, last.at = last.times + 1, now
                return
            if len(self._queue) >= QUEUE:
                return
            self._last[target] = latest = _Run(target, _TOLD.get(kind, event), now)
            self._queue.append(latest)
        if self._wake is not None:
            self._wake.set()

    async def __aenter__(self) -> Self:
        """Learn what is known of the targets, as far as Redis answers, and share from here on. Raises `ConfigError`."""
        self._client = connect(self._redis, timeout=PATIENCE)
        self._wake = asyncio.Event()
        self._refreshed = float("-inf")
        await self._attempt(self._client)
        self._task = asyncio.create_task(self._share(self._client, self._wake), name="zdr-router health")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tell what is left, if Redis is there, and let go of it."""
        task, client, self._task, self._client, self._wake = self._task, self._client, None, None, None
        if task is not None:
            await end(task)
        if client is not None:
            if self._reached:
                await self._attempt(client)
            self._reached = None
            with suppress(OSError):
                await client.aclose()

    async def _share(self, client: Redis, wake: asyncio.Event) -> None:
        pause = FIRST_PAUSE
        while True:
            if self._reached:
                pause = FIRST_PAUSE
                with suppress(TimeoutError):
                    async with asyncio.timeout(REFRESH):
                        await wake.wait()
                await asyncio.sleep(GATHER)
                wake.clear()
            else:
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            await self._attempt(client)

    async def _attempt(self, client: Redis) -> None:
        """Exchange what is to be said, and take note of whether Redis could be reached."""
        from redis.exceptions import RedisError  # noqa: PLC0415 - the extra `redis`

        try:
            async with asyncio.timeout(2 * PATIENCE):
                if not self._reached:
                    await client.ping()  # a server that wants a password says so of a short command only
                await self._exchange(client)
        except (RedisError, OSError) as error:  # a TimeoutError is an OSError
            if self._reached is not False:
                log.warning(
                    "health is not shared: Redis does not answer as it should url=%s error=%s",
                    self._redis.url,
                    type(error).__name__,
                )
            # What was seen meanwhile is not told later: a worker that was cut off saw everybody fail.
            self._queue, self._last = [], {}
            self._reached = False
        else:
            if self._reached is False:
                log.warning("health is shared again url=%s", self._redis.url)
            self._reached = True

    async def _exchange(self, client: Redis) -> None:
        """Tell Redis what happened here, and take over the states that follow."""
        runs, by_hand, self._queue, self._last = self._queue, dict(self._by_hand), [], {}
        calls = [Call(target, event.kind) for target, event in by_hand.items()]
        calls += [each.call() for each in runs]
        clock = asyncio.get_running_loop().time
        refreshing = not self._reached or clock() >= self._refreshed + REFRESH
        if refreshing:
            touched = {call.target for call in calls}
            calls += [Call(target) for target in self._states if target not in touched]
            self._refreshed = clock()
        if not calls:
            return
        answers = await run(client, self._redis.prefix, calls, self._arguments)
        now = clock()
        for target, event in by_hand.items():
            if self._by_hand.get(target) is event:
                del self._by_hand[target]
        # Of several answers on one target the last one counts.
        for target, answer in {call.target: answer for call, answer in zip(calls, answers, strict=True)}.items():
            known = self._states.get(target)
            if known is not None:  # else it was taken out meanwhile
                self._states[target] = self._upon(read_answer(answer, now, known), target, now)

    def _upon(self, health: Health, target: str, now: float) -> Health:
        """`health` as Redis gave it, after what happened here since and is still to be told."""
        for each in self._queue:
            if each.target == target:
                for _ in range(each.times):
                    health = step(health, each.event, each.at, self._settings)
        by_hand = self._by_hand.get(target)
        return health if by_hand is None else step(health, by_hand, now, self._settings)
