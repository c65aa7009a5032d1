"""Whether something happens far more often than it usually does: counts by the minute against their own average."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger("zdr_router")

INTERVAL: Final = 60.0
LEAST: Final = 60
"""Counts in a minute below which nothing is a spike."""
TIMES: Final = 5.0
"""How many times the average makes a spike."""
WEIGHT: Final = 0.1
"""Weight of the newest minute in the average: about ten minutes are remembered."""
LEARNING: Final = 3
"""Minutes that have to be known before anything is compared."""


class _Pace:
    """Counts of one kind of event under one name."""

    __slots__ = ("count", "minute", "minutes", "said", "usual")

    def __init__(self, minute: int) -> None:
        self.minute = minute
        self.minutes = 0
        self.count = 0
        self.usual = 0.0
        self.said = False

    def turn(self, minute: int) -> None:
        """Close the minutes up to this one. Those in which nothing happened count as well."""
        passed = minute - self.minute
        if passed <= 0:
            return
        self.usual += WEIGHT * (self.count - self.usual) if self.minutes else self.count
        self.usual *= (1.0 - WEIGHT) ** (passed - 1)
        self.minutes += passed
        self.minute, self.count, self.said = minute, 0, False

    @property
    def spike(self) -> bool:
        return self.count >= LEAST and self.minutes >= LEARNING and self.count > TIMES * self.usual


class Spikes:
    """Counts events by kind and name, of which there are as many as keys; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._paces: dict[tuple[str, str], _Pace] = {}

    def happened(self, kind: str, name: str) -> bool:
        """Note one, and tell whether there are far more of them than usual in this minute."""
        pace = self._pace(kind, name)
        pace.count += 1
        if not pace.spike:
            return False
        if not pace.said:
            pace.said = True
            log.warning("far more than usual kind=%s key=%s count=%d usual=%.1f", kind, name, pace.count, pace.usual)
        return True

    def is_on(self, kind: str, name: str) -> bool:
        """Whether there are far more than usual, without another one. From now on it is known what is usual."""
        return self._pace(kind, name).spike

    def _pace(self, kind: str, name: str) -> _Pace:
        minute = int(self._clock() // INTERVAL)
        pace = self._paces.get((kind, name))
        if pace is None:
            pace = self._paces[kind, name] = _Pace(minute)
        elif pace.minute != minute:
            pace.turn(minute)
        return pace
