"""How much each key has asked for lately: the port, what is said through it, and the counters of one process."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from zdr_router.hosts.keys.buckets import Bucket, level, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from zdr_router.hosts.keys.key import Limits

Over = Literal["requests", "tokens", "concurrent"]


class Counted(NamedTuple):
    """What a request found: `over` is the limit that it ran into, `wait` the seconds until it may be asked again.

    `requests` and `tokens` are what is left of the limits by the minute (None: there is no such limit); `wait` is None
    where waiting does not help. Where nothing stood in the way, `settle` has to be called once the request is over,
    with the tokens to give back (below 0: it took more than were reserved).
    """

    over: Over | None
    wait: float | None
    requests: float | None
    tokens: float | None
    settle: Callable[[int], None] | None = None


class Counters(Protocol):
    """Whoever counts."""

    async def reserve(self, key: str, limits: Limits, tokens: int) -> Counted:
        """Take a request and `tokens` from what `key` may have, or nothing at all."""
        ...


class _Tally:
    """The counters of one key."""

    __slots__ = ("held", "requests", "tokens")

    def __init__(self) -> None:
        self.requests: Bucket | None = None
        self.tokens: Bucket | None = None
        self.held: dict[int, float] = {}


class LocalCounters:
    """Counts what this process sees. A place that is not given back within `lease` seconds is free again."""

    def __init__(self, clock: Callable[[], float], lease: float) -> None:
        self._clock = clock
        self._lease = lease
        self._tallies: dict[str, _Tally] = {}
        self._numbers = itertools.count(1)

    async def reserve(self, key: str, limits: Limits, tokens: int) -> Counted:
        """Never waits."""
        return self.reserve_now(key, limits, tokens)

    def reserve_now(self, key: str, limits: Limits, tokens: int) -> Counted:
        """Take a request and `tokens`, or nothing at all."""
        now = self._clock()
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = _Tally()
        a_minute, tokens_a_minute, at_once = limits[:3]
        requests = None if a_minute is None else level(tally.requests, a_minute, now)
        left = None if tokens_a_minute is None else level(tally.tokens, tokens_a_minute, now)
        if at_once is not None and len(tally.held) >= at_once:
            tally.held = {lease: until for lease, until in tally.held.items() if until > now}
            if len(tally.held) >= at_once:
                return Counted("concurrent", 1.0, requests, left)
        if requests is not None and a_minute is not None and requests < 1.0:
            return Counted("requests", wait_for(requests, 1.0, a_minute), requests, left)
        if left is not None and tokens_a_minute is not None and left < tokens:
            wait = wait_for(left, tokens, tokens_a_minute) if tokens <= tokens_a_minute else None
            return Counted("tokens", wait, requests, left)
        if requests is not None:
            requests -= 1.0
            tally.requests = Bucket(requests, now)
        if left is not None:
            left -= tokens
            tally.tokens = Bucket(left, now)
        lease = 0
        if at_once is not None:
            lease = next(self._numbers)
            tally.held[lease] = now + self._lease
        return Counted(None, 0.0, requests, left, partial(self._settle, key, limits, lease))

    def _settle(self, key: str, limits: Limits, lease: int, difference: int) -> None:
        tally = self._tallies.get(key)
        if tally is None:
            return
        tally.held.pop(lease, None)
        if limits.tokens_per_minute is not None and difference:
            now = self._clock()
            have = level(tally.tokens, limits.tokens_per_minute, now)
            tally.tokens = Bucket(min(have + difference, float(limits.tokens_per_minute)), now)
