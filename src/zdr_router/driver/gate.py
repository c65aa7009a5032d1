"""From when on a target may be asked: what health, limits and the retry budget say of it, taken together."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

from zdr_router.routing.backoff import pause
from zdr_router.routing.health import HealthEvent, StateStore
from zdr_router.routing.queue import Opening

if TYPE_CHECKING:
    from collections.abc import Callable

    from zdr_router.policy.clearance import Clearance
    from zdr_router.state.load import Loads

_ASKED: Final = HealthEvent("asked")


class HealthGate:
    """A `Gate` over the stores of this process. `random` gives numbers in [0, 1)."""

    __slots__ = ("_health", "_loads", "_random")

    def __init__(self, health: StateStore, loads: Loads, random: Callable[[], float]) -> None:
        """It keeps nothing of its own."""
        self._health = health
        self._loads = loads
        self._random = random

    def opening(self, clearance: Clearance, at: float) -> Opening:
        """From when on the target may be asked. An ejection is advice; all else is kept to."""
        target = clearance.target
        health = self._health.apply(target.id, _ASKED, at)
        if health.isolated:
            return Opening(inf, inf)
        firm = max(health.not_before, self._loads.free_at(target, at))
        return Opening(firm, max(health.ejected_until, health.probe_until))

    def hedges(self, clearance: Clearance, at: float) -> bool:
        """Whether the retry budget of the target has room for a request that another one may yet answer."""
        return self._loads.may_retry(clearance.target, at)

    def retry_at(self, clearance: Clearance, tries: int, at: float) -> float | None:
        """After an exponential pause with full jitter, while the retry budget of the target has room."""
        if not self._loads.may_retry(clearance.target, at):
            return None
        return at + pause(tries, self._random)
