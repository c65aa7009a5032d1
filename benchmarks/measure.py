"""One whole run: the mock on one core, everybody who calls it on another, one thing at a time."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.clients import ENTRIES, OURS
from benchmarks.crew import Crew, Failed
from benchmarks.loads import LOADS
from benchmarks.ratios import GOALS, all_ratios, by_load
from benchmarks.rounds import Schedule
from benchmarks.server import MockServer
from benchmarks.starting import starting_figures, told

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.efforts import Effort
    from benchmarks.rounds import Rounds

_CAPACITY_CALLS = {"chat_c32": 4_000, "chat200k_c32": 400}
_GROWS_UNDER = "chat_c32"
SHARING = "health in Redis"
"""Under this name it is said to be absent where there is no Redis."""


class Cores(NamedTuple):
    """Who runs where; None where processes cannot be pinned, or there is only one core."""

    server: int | None
    clients: int | None


def cores() -> Cores:
    """The first core for the mock, the last for the clients."""
    if not hasattr(os, "sched_getaffinity"):
        return Cores(None, None)
    usable = sorted(os.sched_getaffinity(0))
    return Cores(usable[0], usable[-1]) if len(usable) > 1 else Cores(None, None)


def measure(effort: Effort, names: Sequence[str], say: Callable[[str], None]) -> dict[str, Any]:
    """Run everything, and give one JSON object. `say` is told what is being done."""
    began = time.perf_counter()
    where = cores()
    with MockServer(where.server) as server:
        capacity = {name: server.capacity(LOADS[name], calls) for name, calls in _CAPACITY_CALLS.items()}
        with Crew(names, f"http://127.0.0.1:{server.port}/v1", where.clients) as crew:
            say("imports, registry, decisions (while the clients start)")
            starting = starting_figures(effort, where.server)
            crew.assemble()
            schedule = Schedule(crew, server, effort, began)
            rounds = _all_loads(schedule, effort, say)
            say("targets that fail, health in Redis")
            troubled = _troubled(f"http://127.0.0.1:{server.port}/v1", effort, where)
            say("memory over many calls")
            growth = _growth(crew, effort)
            absent = dict(crew.absent)
    if "absent" in troubled["sharing"]:
        absent[SHARING] = troubled["sharing"]["absent"]
    return {
        "ratios": all_ratios(rounds, starting, troubled, growth),
        "goals": {name: None if goal.most is None else round(goal.most, 4) for name, goal in GOALS.items()},
        "loads": by_load(rounds, list(names)),
        "absent": absent,
        "left_out": schedule.left_out,
        "mock": {
            "capacity": capacity,
            "busiest": {name: round(taken.server_busy, 3) for name, taken in rounds.items()},
        },
        "starting": starting,
        "troubled": troubled,
        "machine": machine(where),
        "versions": {package: version(package) for name in names for package in ENTRIES[name].packages},
        "effort": effort.name,
        "seconds": round(time.perf_counter() - began, 1),
    }


def version(package: str) -> str | None:
    """The version that is installed, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _all_loads(schedule: Schedule, effort: Effort, say: Callable[[str], None]) -> dict[str, Rounds]:
    rounds: dict[str, Rounds] = {}
    for name in effort.loads:
        say(name)
        rounds[name] = schedule.run(LOADS[name])
    return rounds


def _troubled(url: str, effort: Effort, where: Cores) -> dict[str, Any]:
    """What failing targets and shared health cost, each told by a process of its own."""
    server = [] if where.server is None else [str(where.server)]
    return {
        "failing": told("failing", [url, str(effort.failing), str(effort.rounds)], where.clients),
        "sharing": told("sharing", [url, str(effort.rounds), str(effort.sharing), *server], where.clients),
    }


def _growth(crew: Crew, effort: Effort) -> float | None:
    """Bytes by which our process grows with a call, or None without it."""
    if OURS not in crew.names:
        return None
    try:
        return crew.grow(OURS, _GROWS_UNDER, effort.growth)
    except Failed as why:
        crew.dismiss(OURS, f"over many calls: {why}")
        return None


def machine(where: Cores) -> dict[str, Any]:
    """What it ran on, and how busy that was."""
    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "pinned": where.clients is not None,
        "load_average": None if busy is None else round(busy, 2),
    }
