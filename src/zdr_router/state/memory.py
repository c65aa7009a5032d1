"""Health kept in this process, for as long as it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.routing.health import UNKNOWN, Breaker, Health, HealthEvent, step

if TYPE_CHECKING:
    from collections.abc import Iterable


class MemoryHealth:
    """A `StateStore` in a dictionary, with one entry for each target that was ever used."""

    def __init__(self, breaker: Breaker | None = None) -> None:
        """Start with nothing known."""
        self._breaker = breaker or Breaker()
        self._states: dict[str, Health] = {}

    def apply(self, target: str, event: HealthEvent, now: float) -> Health:
        """Apply `event` and give the state that follows."""
        known = self._states.get(target, UNKNOWN)
        if event.kind == "asked":
            return known
        health = self._states[target] = step(known, event, now, self._breaker)
        return health

    def forget_all_but(self, targets: Iterable[str]) -> None:
        """Drop what is known of targets that no longer exist, as after a reload."""
        kept = set(targets)
        self._states = {name: health for name, health in self._states.items() if name in kept}
