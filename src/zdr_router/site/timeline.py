"""When attestations lapse: the days on which some do, and where each stands on a line of time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zdr_router.site.rows import Row

_MARGIN: Final = dt.timedelta(days=4)
_TALLEST: Final = 72
_LEAST: Final = 6


@dataclass(frozen=True, slots=True)
class Day:
    """A day on which attestations lapse. `at` is its place on the line in per cent, `height` that of its bar."""

    date: dt.date
    rows: tuple[Row, ...]
    at: float
    height: int

    @property
    def days(self) -> int:
        """Days from today; below zero once it is past."""
        return self.rows[0].days or 0

    @property
    def lapses(self) -> str:
        """How the day stands to today."""
        return self.rows[0].lapses


@dataclass(frozen=True, slots=True)
class Timeline:
    """The days in order, the first of each month, today's place, and what does not lapse by date."""

    days: tuple[Day, ...]
    months: tuple[tuple[dt.date, float], ...]
    today: float
    undated: tuple[Row, ...]


def timeline(rows: Iterable[Row], today: dt.date) -> Timeline:
    """Arrange `rows` by their last day."""
    by_day: dict[dt.date, list[Row]] = {}
    undated = []
    for row in rows:
        if row.expires is None:
            undated.append(row)
        else:
            by_day.setdefault(row.expires, []).append(row)
    first, last = min([today, *by_day]) - _MARGIN, max([today, *by_day]) + _MARGIN
    most = max(map(len, by_day.values()), default=1)

    def at(date: dt.date) -> float:
        return round(100 * (date - first).days / (last - first).days, 2)

    days = tuple(
        Day(date, tuple(found), at(date), _LEAST + round((_TALLEST - _LEAST) * len(found) / most))
        for date, found in sorted(by_day.items())
    )
    months = tuple((month, at(month)) for month in _months(first, last))
    return Timeline(days, months, at(today), tuple(undated))


def _months(first: dt.date, last: dt.date) -> Iterable[dt.date]:
    """The first day of every month between two days."""
    month = first.replace(day=1)
    while month <= last:
        if month >= first:
            yield month
        month = (month + dt.timedelta(days=31)).replace(day=1)
