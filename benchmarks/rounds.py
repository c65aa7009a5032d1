"""Who runs when: in every round each client has its turn under one load, and is held against the base of that round.

What disturbs a machine for a second disturbs a whole round, and so falls out of its ratios.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from benchmarks.clients import BASE, OURS
from benchmarks.crew import Failed

if TYPE_CHECKING:
    from benchmarks.crew import Crew
    from benchmarks.efforts import Effort
    from benchmarks.loads import Load
    from benchmarks.server import MockServer


_TIMED: Final = 8
"""How many calls it takes at least to see how long one takes."""

_SELDOM: Final = 4
"""In every how many rounds a slow client has its turn."""

_NEVER_LEFT_OUT: Final = frozenset({BASE, OURS})


@dataclass(slots=True)
class Rounds:
    """What one load took. A round is a mapping from client to seconds of CPU for each call."""

    cpu: list[dict[str, float]] = field(default_factory=list)
    wall: list[dict[str, float]] = field(default_factory=list)
    first_chunk: list[dict[str, float]] = field(default_factory=list)
    server_busy: float = 0.0
    """The largest share of a core that the mock took during any client's batch."""

    def median(self, rounds: list[dict[str, float]], name: str) -> float | None:
        """The median of a client over the rounds in which it ran."""
        values = [each[name] for each in rounds if name in each]
        return statistics.median(values) if values else None

    def ratio(self, name: str, base: str) -> float | None:
        """The median of a client's CPU over another's in the same round."""
        ratios = [each[name] / each[base] for each in self.cpu if name in each and each.get(base)]
        return statistics.median(ratios) if ratios else None


class Schedule:
    """Runs load after load, and remembers who is slow."""

    def __init__(self, crew: Crew, server: MockServer, effort: Effort, began: float) -> None:
        """Nothing has run yet; `began` is when the run did, on `time.perf_counter`."""
        self.left_out: dict[str, list[str]] = {}
        """The slow clients for which there was no time, by load."""
        self._impatient_from = began + effort.patience
        self._crew = crew
        self._server = server
        self._effort = effort
        self._slow: set[str] = set()

    def run(self, load: Load) -> Rounds:
        """Warm every client up, and give them turns until the time for this load is over."""
        effort, rounds = self._effort, Rounds()
        calls = self._warm_up(load)
        number, until = 0, 0.0
        while number < effort.rounds or time.perf_counter() < until:
            order = [*list(calls)[number % len(calls) :], *list(calls)[: number % len(calls)]] if calls else []
            again = load.name in effort.again and number % _SELDOM == 0 and time.perf_counter() < until
            turns = {name: calls[name] for name in order if number == 0 or again or name not in self._slow}
            _round(self._crew, self._server, load, rounds, turns)
            number += 1
            if number == 1:
                until = time.perf_counter() + effort.per_load
        return rounds

    def _warm_up(self, load: Load) -> dict[str, int]:
        """How many calls fill a batch of each client, found out by a wave to open connections and one to time."""
        calls: dict[str, int] = {}
        for name in self._crew.names:
            late = time.perf_counter() > self._impatient_from
            if name in self._slow and (late or load.name not in self._effort.everybody):
                self.left_out.setdefault(load.name, []).append(name)
                continue
            few = name in self._slow or load.streams  # which is enough: connections are open since the first load
            result = None
            for _ in range(self._crew.copies(name)):
                result = _turn(self._crew, load, name, 2 if few else load.in_flight)
            if result is not None and name not in self._slow:
                result = _turn(self._crew, load, name, max(load.in_flight, _TIMED))
            if result is None:
                continue
            calls[name] = _calls(load, self._effort, result["wall"])
            if calls[name] * result["cpu"] > self._effort.slow and name not in _NEVER_LEFT_OUT:
                self._slow.add(name)
        return calls


def _round(crew: Crew, server: MockServer, load: Load, rounds: Rounds, calls: dict[str, int]) -> None:
    cpu: dict[str, float] = {}
    wall: dict[str, float] = {}
    first: dict[str, float] = {}
    for name, count in calls.items():
        before = server.usage()
        result = _turn(crew, load, name, count)
        after = server.usage()
        if result is None:
            continue
        cpu[name], wall[name] = result["cpu"], result["wall"]
        if result["first_chunk"] is not None:
            first[name] = result["first_chunk"]
        rounds.server_busy = max(rounds.server_busy, (after.cpu - before.cpu) / (after.at - before.at))
    rounds.cpu.append(cpu)
    rounds.wall.append(wall)
    rounds.first_chunk.append(first)


def _turn(crew: Crew, load: Load, name: str, calls: int) -> dict[str, Any] | None:
    """One batch, or None once a client is known not to manage this load."""
    if name not in crew.names:
        return None
    try:
        return crew.run(name, load.name, calls)
    except Failed as why:
        crew.dismiss(name, f"under the load {load.name}: {why}")
        return None


def _calls(load: Load, effort: Effort, wall: float) -> int:
    """As many calls as fill a batch, in whole waves."""
    waves = max(1, round(effort.batch / max(wall, 1e-6) / load.in_flight))
    return waves * load.in_flight
