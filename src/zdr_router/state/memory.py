"""Health kept in this process, for as long as it runs."""

from __future__ import annotations

from zdr_router.routing.health import UNKNOWN, Breaker, Health, HealthEvent, step


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
