"""What each key has spent today and this month, in US dollars, and what of it is still to be written down.

Prices are those of the registry: a request to a model without one, or of unknown length, counts as nothing. It is
counted when it is over: those that are under way when a cap is reached are not cut off.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zdr_router.hosts.keys.key import Limits

_DAY: Final = 86_400
_EPOCH: Final = dt.date(1970, 1, 1).toordinal()


def periods(now: float) -> tuple[str, str]:
    """The day and the month of an instant, in UTC: `2026-11-23`, `2026-11`."""
    return _names(int(now // _DAY))


@lru_cache(maxsize=2)  # asked for several times in each request
def _names(days: int) -> tuple[str, str]:
    day = dt.date.fromordinal(_EPOCH + days).isoformat()
    return day, day[:7]


def ends_in(period: str, now: float) -> float:
    """Seconds until a day or a month is over."""
    if len(period) > len("2026-11"):
        start = dt.datetime.combine(dt.date.fromisoformat(period), dt.time(), dt.UTC)
        end = start + dt.timedelta(days=1)
    else:
        year, month = map(int, period.split("-"))
        end = dt.datetime(year + month // 12, month % 12 + 1, 1, tzinfo=dt.UTC)
    return max(0.0, end.timestamp() - now)


class Spending:
    """Sums by key and period: those that were written down, by whomever, and what this process adds to them."""

    def __init__(self) -> None:
        self._written: dict[tuple[str, str], float] = {}
        self._ours: defaultdict[tuple[str, str], float] = defaultdict(float)
        self._on_the_way: dict[tuple[str, str], float] = {}
        self._heir: Spending | None = None

    def add(self, key: str, usd: float, now: float) -> None:
        """A request of `key` cost so much."""
        if self._heir is not None:
            self._heir.add(key, usd, now)
            return
        for period in periods(now):
            self._ours[key, period] += usd

    def hand_over(self, heir: Spending) -> None:
        """Let `heir` have what is added from now on."""
        self._heir = heir

    def of(self, key: str, period: str) -> float:
        """What was spent in a period."""
        name = (key, period)
        return self._written.get(name, 0.0) + self._on_the_way.get(name, 0.0) + self._ours.get(name, 0.0)

    def over(self, key: str, limits: Limits, now: float) -> str | None:
        """The period whose cap is reached: the month before the day, since it lasts longer."""
        day, month = periods(now)
        if limits.usd_per_month is not None and self.of(key, month) >= limits.usd_per_month:
            return month
        if limits.usd_per_day is not None and self.of(key, day) >= limits.usd_per_day:
            return day
        return None

    def take(self) -> Mapping[tuple[str, str], float]:
        """What is to be written down: call `wrote` or `kept` after it."""
        for name, usd in self._ours.items():
            self._on_the_way[name] = self._on_the_way.get(name, 0.0) + usd
        self._ours.clear()
        return self._on_the_way

    def wrote(self, sums: Iterable[tuple[str, str, float]]) -> None:
        """What was taken is written down, and these are the sums that stand there now."""
        self._on_the_way = {}
        self._written = {(key, period): usd for key, period, usd in sums}
