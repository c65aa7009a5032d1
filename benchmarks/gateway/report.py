"""How a run is shown to a person: tables on a terminal, and the same as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.table import Table

from benchmarks.gateway.goals import GOALS
from benchmarks.gateway.servers import TITLES
from benchmarks.report import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

    Rows = Iterable[tuple[str, ...]]

_MET: Final = {None: "", True: "yes", False: "no"}
_COLUMNS: Final = {
    "requests/s": "per_second",
    "CPU, µs": "cpu_us",
    "over bare, µs": "added_cpu_us_over_bare",
    "over bare": "cpu_vs_bare",
    "median, ms": "p50_ms",
    "99th, ms": "p99_ms",
}


def tables(result: dict[str, Any]) -> Iterator[tuple[str, tuple[str, ...], Rows]]:
    """Title, heads and rows of every table."""
    yield "Goals", ("figure", "measured", "goal", "met", "what it is"), _goal_rows(result)
    for load, servers in result["loads"].items():
        rows = [(TITLES[name], *(number(servers[name].get(key)) for key in _COLUMNS.values())) for name in servers]
        yield load, ("server", *_COLUMNS), rows


def _goal_rows(result: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, goal in GOALS.items():
        yield name, number(result["figures"][name]), goal.bound(), _MET[result["met"][name]], goal.means


def notes(result: dict[str, Any]) -> Iterator[str]:
    """What belongs to the tables."""
    for name, held in result["held"].items():
        first, cpu = number(held["first_chunk_ms"]), number(held["cpu_ms_per_stream"])
        yield (
            f"{held['streams']} streams, {TITLES[name]}: {held['most_at_a_time']} open at a time, "
            f"{held['broken']} broken, first chunk after {first} ms (median), {cpu} ms of CPU each"
        )
        yield from (f"broken: {many} times: {why}" for why, many in held["why"].items())
    if grown := result["growth"]:
        yield f"memory: {grown['first_mb']} MB when warm, {grown['last_mb']} MB after {grown['requests']} requests more"
    if start := result["start"]:
        yield f"start: median of {start['starts']}, slowest {start['slowest']} s; {start['cpu']} s of CPU (median)"
        if start["from_files"] is not None:
            yield f"start: {start['from_files']} s in a checkout, where the registry has no snapshot"
    yield from (f"absent: {name} ({why})" for name, why in result["absent"].items())
    machine = result["machine"]
    pinned = "servers on one, mock and callers on the other" if machine["pinned"] else "nothing pinned"
    yield (
        f"Python {machine['python']}, {machine['system']}, {machine['cores']} cores, {pinned}, "
        f"HTTP by {result['http']}, load average {machine['load_average']}, "
        f"effort {result['effort']}, {result['seconds']} s"
    )
    yield ", ".join(f"{package} {known}" for package, known in result["versions"].items() if known)


def show(result: dict[str, Any], console: Console) -> None:
    """On a terminal."""
    for title, heads, rows in tables(result):
        table = Table(title=title, title_justify="left")
        for head in heads:
            table.add_column(head, justify="left" if head in {"figure", "server", "what it is"} else "right")
        for row in rows:
            table.add_row(*row)
        console.print(table)
    for note in notes(result):
        console.print(note, highlight=False)


def markdown(result: dict[str, Any]) -> str:
    """As a page."""
    parts = ["# The gateway, measured", "How to read this: `benchmarks/README.md`. Written by `make benchgateway`."]
    for title, heads, rows in tables(result):
        lines = [" | ".join(row) for row in (heads, ["---"] * len(heads), *rows)]
        parts += [f"## {title}", "\n".join(f"| {line} |" for line in lines)]
    parts += ["## Notes", "\n".join(f"- {note}" for note in notes(result))]
    return "\n\n".join(parts) + "\n"
