"""Counts what the gateway answers, and writes the counts in the text format of Prometheus. No caller chooses a word."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.metadata import Metadata

_BOUNDS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
"""Seconds."""


class Counts:
    """What was answered since the process began. Its labels are words of ours; no caller chooses any of them."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.under_way = 0
        self._answered: Counter[tuple[str, int]] = Counter()
        self._within: dict[str, list[int]] = {}
        self._seconds: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._signals: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()

    def answered(self, operation: str, status: int, seconds: float) -> None:
        """An answer is out, whatever it was."""
        self._answered[operation, status] += 1
        within = self._within.get(operation)
        if within is None:
            within = self._within[operation] = [0] * (len(_BOUNDS) + 1)
        within[bisect_left(_BOUNDS, seconds)] += 1
        self._seconds[operation] += seconds  # type: ignore[assignment] # a Counter adds up floats as well

    @property
    def total(self) -> int:
        """How many were answered."""
        return sum(self._answered.values())

    def recorded(self, metadata: Metadata) -> None:
        """A record was made of a request."""
        if metadata.error_code is not None:
            self._errors[metadata.error_code] += 1
        for signal in metadata.signals:
            self._signals[signal] += 1
        for kind, tokens in (
            ("input", metadata.input_tokens),
            ("output", metadata.output_tokens),
            ("cached", metadata.cached_tokens),
        ):
            if tokens:
                self._tokens[kind] += tokens

    def add(self, other: Counts) -> None:
        """Count what another process has counted as well."""
        self.under_way += other.under_way
        for mine, theirs in zip(self._counters, other._counters, strict=True):
            mine.update(theirs)
        for operation, within in other._within.items():
            mine_within = self._within.get(operation, [0] * len(within))
            self._within[operation] = [one + another for one, another in zip(mine_within, within, strict=True)]

    def told(self) -> dict[str, Any]:
        """All of it as JSON has it, for another process; see `of`."""
        return {
            "under_way": self.under_way,
            "answered": [[operation, status, count] for (operation, status), count in self._answered.items()],
            "within": self._within,
            "counters": [{str(word): count for word, count in each.items()} for each in self._counters[1:]],
        }

    @classmethod
    def of(cls, told: dict[str, Any]) -> Counts:
        """What was told."""
        made = cls()
        made.under_way = told["under_way"]
        made._answered.update({(operation, status): count for operation, status, count in told["answered"]})
        made._within = told["within"]
        for mine, theirs in zip(made._counters[1:], told["counters"], strict=True):
            mine.update(theirs)
        return made

    @property
    def _counters(self) -> tuple[Counter[Any], ...]:
        return self._answered, self._seconds, self._errors, self._signals, self._tokens

    def text(self) -> str:
        """As Prometheus reads it."""
        return "\n".join([*self._lines(), ""])

    def _lines(self) -> Iterator[str]:
        yield from _head("zdr_requests_under_way", "gauge", "requests that are being answered")
        yield f"zdr_requests_under_way {self.under_way}"
        yield from _head("zdr_requests_total", "counter", "requests answered, by operation and HTTP status")
        for (operation, status), count in sorted(self._answered.items()):
            yield f'zdr_requests_total{{operation="{operation}",status="{status}"}} {count}'
        name = "zdr_request_seconds"
        yield from _head(name, "histogram", "time from the head of a request to the end of its answer")
        for operation, within in sorted(self._within.items()):
            total = 0
            for bound, count in zip([*map(str, _BOUNDS), "+Inf"], within, strict=True):
                total += count
                yield f'{name}_bucket{{operation="{operation}",le="{bound}"}} {total}'
            yield f'{name}_sum{{operation="{operation}"}} {self._seconds[operation]:.6f}'
            yield f'{name}_count{{operation="{operation}"}} {total}'
        for name, label, what, counts in (
            ("zdr_errors_total", "code", "requests that did not end well, by error code", self._errors),
            ("zdr_signals_total", "signal", "rate-limit, security and abuse events", self._signals),
            ("zdr_tokens_total", "kind", "tokens, as providers counted them", self._tokens),
        ):
            yield from _head(name, "counter", what)
            for word, count in sorted(counts.items()):
                yield f'{name}{{{label}="{word}"}} {count}'


def _head(name: str, kind: str, what: str) -> tuple[str, str]:
    return f"# HELP {name} {what}", f"# TYPE {name} {kind}"


class Fleet(Protocol):
    """Several processes that count."""

    async def sum(self) -> Counts:
        """What all of them have counted."""
        ...
