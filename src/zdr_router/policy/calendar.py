"""Dates as instants, and the next instant at which an answer that was true may stop being so."""

from __future__ import annotations

import datetime as dt

DAY = 86400.0
FOREVER = float("inf")


def start_of(day: dt.date) -> float:
    """The first instant of `day`, UTC, in seconds since the epoch."""
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp()


def end_of(day: dt.date) -> float:
    """The first instant that is no longer `day`, UTC."""
    return start_of(day) + DAY


class Horizon:
    """Collects the instants at which something changes; `until` is the first of them still to come."""

    __slots__ = ("_now", "until")

    def __init__(self, now: float) -> None:
        """Nothing changes until something is noted."""
        self._now = now
        self.until = FOREVER

    def passed(self, instant: float) -> bool:
        """Whether `instant` is behind us; if it is still to come, note it."""
        if instant <= self._now:
            return True
        self.until = min(self.until, instant)
        return False
