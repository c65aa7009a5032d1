"""Health kept in this process, for as long as it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.routing.health import UNKNOWN, Health, HealthEvent, step
from zdr_router.routing.settings import HealthSettings

if TYPE_CHECKING:
    from collections.abc import Collection


class MemoryHealth:
    """A `StateStore` in a dictionary, with one entry for each target that was ever used."""

    def __init__(self, settings: HealthSettings | None = None) -> None:
        """Start with nothing known."""
        self._settings = settings or HealthSettings()
        self._states: dict[str, Health] = {}

    def adopt(self, settings: HealthSettings, targets: Collection[str]) -> None:
        """Go by other settings from now on, and forget what is none of `targets`, unless a person isolated it."""
        self._settings = settings
        self._states = {name: each for name, each in self._states.items() if each.isolated or name in targets}

    def apply(self, target: str, event: HealthEvent, now: float) -> Health:
        """Apply `event` and give the state that follows."""
        known = self._states.get(target, UNKNOWN)
        if event.kind == "asked":
            return known
        health = self._states[target] = step(known, event, now, self._settings)
        return health
