"""How well a target is doing, as a pure step: who fails is ejected for a while, and one probe brings it back.

Health is a matter of luck, so it may fail open: it orders cleared targets and never makes one eligible.
"""

from __future__ import annotations

from math import ceil, inf
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

from zdr_router.routing.window import EMPTY, Window, counted, fails

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zdr_router.routing.settings import HealthSettings

HealthEventKind = Literal[
    "asked", "started", "probed", "succeeded", "failed", "throttled", "abandoned", "isolated", "released"
]

PROBE_LASTS: Final = 60.0
"""Seconds after which a probe of which nothing was heard no longer keeps others out: its worker died."""
MEASURED_FOR: Final = 60.0
"""Seconds for which a latency is taken to be current."""
MEASURING_LASTS: Final = 10.0
"""Seconds for which one request that measures a latency keeps others from doing the same."""
LATENCIES: Final = 32
"""How many latencies are kept for quantiles."""
_SMOOTHING: Final = 0.2


class Health(NamedTuple):
    """The state of one target. Instants are seconds of the clock that the events carry, and 0 means none.

    Of `failures` in a row and of the attempts in `window` one reads whether a target is to be ejected. An ejected one
    has `ejected_until`; from that instant on it is half-open: one probe may run at a time, until `probe_until`, and
    what becomes of it closes the ejection or begins the next one. `ejections` were in a row, which they are until
    `forgiven_at`, when the target was well for as long as it was ejected. `not_before` is what the provider asked
    for. An `isolated` target was taken out by hand.

    The rest concerns speed, in seconds: `latency` is a moving average, last brought up to date at `measured_at`;
    `latencies` are the last ones, oldest first. Until `measuring_until` a request is on its way to measure anew.
    """

    failures: int = 0
    window: Window = EMPTY
    ejected_until: float = 0.0
    ejections: int = 0
    forgiven_at: float = 0.0
    probe_until: float = 0.0
    not_before: float = 0.0
    isolated: bool = False
    latency: float | None = None
    latencies: tuple[float, ...] = ()
    measured_at: float = 0.0
    measuring_until: float = 0.0


class HealthEvent(NamedTuple):
    """What happened to a target: a request was `started`, or it was `probed` without one, and that ended.

    `not_before` rides on `throttled`, `latency` (seconds) on `succeeded` where a request did, not a look.
    """

    kind: HealthEventKind
    not_before: float = 0.0
    latency: float | None = None


class StateStore(Protocol):
    """Keeps the health of targets."""

    def apply(self, target: str, event: HealthEvent, now: float) -> Health:
        """Apply `event` to `target` and give the state that follows; `asked` changes nothing."""
        ...


UNKNOWN: Final = Health()
"""The health of a target of which nothing is known yet: taken to be good."""


def step(health: Health, event: HealthEvent, now: float, settings: HealthSettings) -> Health:
    """The state after `event`. `state/redis_health.lua` says the same of what a fleet shares."""
    return _STEPS[event.kind](health, event, now, settings)


def admits(health: Health, now: float) -> bool:
    """Whether a request may be sent there now: it is not ejected, or a probe is due and none is running."""
    return (
        now >= health.ejected_until and now >= health.probe_until and now >= health.not_before and not health.isolated
    )


def due(health: Health, now: float) -> float:
    """The instant from which a request may be sent there, `now` at the earliest and never when it is isolated."""
    return inf if health.isolated else max(now, health.ejected_until, health.probe_until, health.not_before)


def quantile(health: Health, q: float) -> float | None:
    """The latency in seconds that a share `q` of the last ones did not exceed; None where there is none."""
    known = sorted(health.latencies)
    return known[max(0, ceil(q * len(known)) - 1)] if known else None


def wants_measuring(health: Health, now: float) -> bool:
    """Whether the latency is unknown or out of date, and no request is on its way to find out."""
    return (health.latency is None or now >= health.measured_at + MEASURED_FOR) and now >= health.measuring_until


def _asked(health: Health, event: HealthEvent, now: float, settings: HealthSettings) -> Health:  # noqa: ARG001 - a step
    return health


def _started(health: Health, event: HealthEvent, now: float, settings: HealthSettings) -> Health:
    if wants_measuring(health, now):
        health = health._replace(measuring_until=now + MEASURING_LASTS)
    # One that is sent before its ejection is over, as the least bad one, is a probe as well.
    return _probed(health, event, now, settings)


def _probed(health: Health, event: HealthEvent, now: float, settings: HealthSettings) -> Health:  # noqa: ARG001 - a step
    """A look at the target begins that measures nothing."""
    return health._replace(probe_until=now + PROBE_LASTS) if health.ejected_until else health


def _succeeded(health: Health, event: HealthEvent, now: float, settings: HealthSettings) -> Health:
    # In one piece, and the state by place: nearly every request takes this step.
    _, window, ejected_until, ejections, forgiven_at, probe_until, not_before, isolated = health[:8]
    latency, latencies, measured_at, measuring_until = health[8:]
    if not ejected_until:
        window = counted(window, 0, now, settings.window)
    elif _decides(health, now):
        window, ejected_until, probe_until = EMPTY, 0.0, 0.0
        forgiven_at = now + _length(ejections, settings)
    seen = event.latency
    if seen is not None:
        latency = seen if latency is None else latency + _SMOOTHING * (seen - latency)
        latencies = (*latencies[1 - LATENCIES :], seen)
        measured_at, measuring_until = now, 0.0
    # `not_before` stays: a request that was under way when the provider asked to be left alone does not take that back.
    return Health(
        0,
        window,
        ejected_until,
        ejections,
        forgiven_at,
        probe_until,
        not_before,
        isolated,
        latency,
        latencies,
        measured_at,
        measuring_until,
    )


def _failed(health: Health, event: HealthEvent, now: float, settings: HealthSettings) -> Health:  # noqa: ARG001 - a step
    if health.ejected_until:
        return _ejected(health, health.ejections + 1, now, settings) if _decides(health, now) else health
    failures, window = health.failures + 1, counted(health.window, 1, now, settings.window)
    if failures >= settings.consecutive_failures or fails(
        window, now, settings.window, throughput=settings.minimum_throughput, ratio=settings.failure_ratio
    ):
        return _ejected(health, 1 if now >= health.forgiven_at else health.ejections + 1, now, settings)
    return health._replace(failures=failures, window=window)


def _throttled(health: Health, event: HealthEvent, now: float, settings: HealthSettings) -> Health:
    not_before = min(event.not_before, now + settings.longest_throttle)
    return health._replace(not_before=max(health.not_before, not_before), probe_until=0.0)


def _abandoned(health: Health, event: HealthEvent, now: float, settings: HealthSettings) -> Health:  # noqa: ARG001 - a step
    return health._replace(probe_until=0.0) if health.probe_until else health


def _isolated(health: Health, event: HealthEvent, now: float, settings: HealthSettings) -> Health:  # noqa: ARG001 - a step
    return health._replace(isolated=True)


def _released(health: Health, event: HealthEvent, now: float, settings: HealthSettings) -> Health:  # noqa: ARG001 - a step
    return health._replace(isolated=False)


_STEPS: Final[Mapping[HealthEventKind, Callable[[Health, HealthEvent, float, HealthSettings], Health]]] = {
    "asked": _asked,
    "started": _started,
    "probed": _probed,
    "succeeded": _succeeded,
    "failed": _failed,
    "throttled": _throttled,
    "abandoned": _abandoned,
    "isolated": _isolated,
    "released": _released,
}


def _decides(health: Health, now: float) -> bool:
    """Whether an outcome counts while the target is ejected: a probe is out, or the time is over.

    Otherwise it belongs to a request that was under way when the target was ejected: were it to count, the first one
    that succeeds would end the ejection, and each that fails would make it longer.
    """
    return health.probe_until != 0.0 or now >= health.ejected_until


def _ejected(health: Health, ejections: int, now: float, settings: HealthSettings) -> Health:
    until = now + _length(ejections, settings)
    return health._replace(failures=0, window=EMPTY, ejected_until=until, ejections=ejections, probe_until=0.0)


def _length(ejections: int, settings: HealthSettings) -> float:
    return min(settings.eject_for * ejections, settings.longest_ejection)
