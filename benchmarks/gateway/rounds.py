"""Under one load, the servers take turns; what one took is held against what the base took in the same round."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.gateway.servers import Server
    from benchmarks.gateway.wrk import Wrk
    from benchmarks.loads import Load
    from benchmarks.server import MockServer

_MICRO: Final = 1e6
_SETTLE: Final = 0.4
"""Seconds given to what a server does after it has answered, such as writing records; its CPU time counts."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one server did in one round."""

    per_second: float
    cpu: float
    """Seconds of CPU for each request, of all threads."""
    p50_ms: float
    p99_ms: float


@dataclass(slots=True)
class Rounds:
    """A round is a mapping from the name of a server to its turn."""

    turns: list[dict[str, Turn]] = field(default_factory=list)

    def median(self, name: str, value: Callable[[Turn], float]) -> float:
        """The median of one server's values."""
        return statistics.median(value(each[name]) for each in self.turns)

    def against(self, name: str, base: str, compared: Callable[[Turn, Turn], float]) -> float:
        """The median of what `compared` says of a server's turn and the base's in the same round."""
        return statistics.median(compared(each[name], each[base]) for each in self.turns)


@dataclass(frozen=True, slots=True)
class Turns:
    """Who asks, who answers in the end, and for how many seconds a turn lasts."""

    wrk: Wrk
    mock: MockServer
    seconds: float

    def take(self, servers: Mapping[str, Server], load: Load, rounds: int) -> Rounds:
        """So many rounds, each of which begins with another server, after one to warm up."""
        names = list(servers)
        taken = Rounds()
        for number in range(-1, rounds):
            ordered = names[number % len(names) :] + names[: number % len(names)]
            each = {name: self._turn(servers[name], load) for name in ordered}
            if number >= 0:
                taken.turns.append(each)
        return taken

    def _turn(self, server: Server, load: Load) -> Turn:
        caller = server.caller
        answers, cpu = self.mock.usage().answers, server.running.cpu()
        run = self.wrk.run(server.url, caller.body(load), caller.head(), load.in_flight, self.seconds)
        time.sleep(_SETTLE)
        # By what reached the mock: it was at work as well on what was under way when wrk ended.
        served = self.mock.usage().answers - answers
        return Turn(run.per_second, (server.running.cpu() - cpu) / served, run.p50_ms, run.p99_ms)


def figures(rounds: Rounds, base: str) -> dict[str, dict[str, Any]]:
    """Medians of every server, and what it is over the base, whose name stands in the names of these."""
    return {
        name: {
            "per_second": _rounded(rounds.median(name, lambda turn: turn.per_second)),
            "cpu_us": _rounded(rounds.median(name, lambda turn: turn.cpu * _MICRO)),
            "p50_ms": _rounded(rounds.median(name, lambda turn: turn.p50_ms)),
            "p99_ms": _rounded(rounds.median(name, lambda turn: turn.p99_ms)),
            f"throughput_vs_{base}": _rounded(
                rounds.against(name, base, lambda one, it: one.per_second / it.per_second)
            ),
            f"added_cpu_us_over_{base}": _rounded(
                rounds.against(name, base, lambda one, it: (one.cpu - it.cpu) * _MICRO)
            ),
            f"cpu_vs_{base}": _rounded(rounds.against(name, base, lambda one, it: one.cpu / it.cpu)),
            "rounds": len(rounds.turns),
        }
        for name in rounds.turns[0]
    }


def _rounded(value: float) -> float:
    return round(value, 4)
