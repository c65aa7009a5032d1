"""How well a target is doing, as a pure step: consecutive failures open its breaker, one probe closes it.

Health is a matter of luck, so it may fail open: it orders cleared targets and never makes one eligible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol


class Health(NamedTuple):
    """The state of one target. Instants are seconds of the clock that the events carry.

    The breaker is open while `opened_until` lies ahead; after that, one probe may run at a time until
    `probe_until`. `not_before` is what the provider asked for. `latency` is a moving average in seconds.
    """

    failures: int = 0
    opened_until: float = 0.0
    probe_until: float = 0.0
    not_before: float = 0.0
    latency: float | None = None


class HealthEvent(NamedTuple):
    """What happened to a target. `not_before` rides on `throttled`, `latency` (seconds) on `succeeded`."""

    kind: Literal["asked", "started", "succeeded", "failed", "throttled", "abandoned"]
    not_before: float = 0.0
    latency: float | None = None


@dataclass(frozen=True, slots=True)
class Breaker:
    """When a breaker opens, and for how long. Seconds."""

    failures: int = 5
    open_for: float = 30.0
    longest_throttle: float = 300.0


class StateStore(Protocol):
    """Keeps the health of targets."""

    def apply(self, target: str, event: HealthEvent, now: float) -> Health:
        """Apply `event` to `target` and give the state that follows; `asked` changes nothing."""
        ...


UNKNOWN: Final = Health()
"""The health of a target of which nothing is known yet: taken to be good."""

_SMOOTHING = 0.2


def step(health: Health, event: HealthEvent, now: float, breaker: Breaker) -> Health:
    """The state after `event`."""
    if event.kind == "started":
        probing = health.opened_until > 0.0
        return health._replace(probe_until=now + breaker.open_for) if probing else health
    if event.kind == "succeeded":
        # A request that was under way when the provider asked to be left alone does not take that back.
        return Health(not_before=health.not_before, latency=_average(health.latency, event.latency))
    if event.kind == "failed":
        failures = health.failures + 1
        # A probe that fails finds the failures still counted, and so opens the breaker again.
        opened_until = now + breaker.open_for if failures >= breaker.failures else 0.0
        return health._replace(failures=failures, opened_until=opened_until, probe_until=0.0)
    if event.kind == "throttled":
        not_before = min(event.not_before, now + breaker.longest_throttle)
        return health._replace(not_before=max(health.not_before, not_before), probe_until=0.0)
    if event.kind == "abandoned":
        return health._replace(probe_until=0.0)
    return health


def admits(health: Health, now: float) -> bool:
    """Whether a request may be sent there now: the breaker is closed, or a probe is due and none is running."""
    return now >= health.opened_until and now >= health.probe_until and now >= health.not_before


def _average(known: float | None, seen: float | None) -> float | None:
    if known is None or seen is None:
        return known if seen is None else seen
    return known + _SMOOTHING * (seen - known)
