"""How a run is shown to a person: tables on a terminal, and the same as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from benchmarks.clients import ENTRIES
from benchmarks.loads import LOADS
from benchmarks.ratios import GOALS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

    Rows = Iterable[tuple[str, ...]]

_NONE = "–"  # noqa: RUF001 - what tables say for nothing


def goal_rows(result: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Each figure with its goal."""
    for name, goal in GOALS.items():
        value = result["ratios"][name]
        met = _NONE if value is None or goal.most is None else "yes" if value <= goal.most else "no"
        yield name, number(value), number(goal.most), met, goal.means


def load_rows(result: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Each client's CPU under each load."""
    for name, entry in ENTRIES.items():
        cells = [_cell(result["loads"].get(load, {}).get(name)) for load in shown_loads(result)]
        if any(cell != _NONE for cell in cells):
            yield entry.title, *cells


def first_rows(result: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Each client's time to the first chunk under each load that streams."""
    for name, entry in ENTRIES.items():
        taken = [result["loads"].get(load, {}).get(name) for load in streaming_loads(result)]
        cells = [_NONE if each is None else number(each["first_chunk_ms"]) for each in taken]
        if any(cell != _NONE for cell in cells):
            yield entry.title, *cells


def shown_loads(result: dict[str, Any]) -> list[str]:
    """The loads of a run, in their order."""
    return [name for name in LOADS if name in result["loads"]]


def streaming_loads(result: dict[str, Any]) -> list[str]:
    """Those of them that stream."""
    return [name for name in shown_loads(result) if LOADS[name].streams]


def tables(result: dict[str, Any]) -> Iterator[tuple[str, tuple[str, ...], Rows]]:
    """Title, heads and rows of every table."""
    yield "Goals", ("figure", "measured", "at most", "met", "what it is"), goal_rows(result)
    yield "CPU of a call, µs (and over aiohttp)", ("client", *shown_loads(result)), load_rows(result)
    yield "To the first chunk, ms", ("client", *streaming_loads(result)), first_rows(result)


def notes(result: dict[str, Any]) -> Iterator[str]:
    """What belongs to the tables."""
    for load, capacity in result["mock"]["capacity"].items():
        yield (
            f"mock server, {load}: {capacity['server_cpu_us_per_call']} µs of CPU a call, "
            f"{capacity['calls_per_second']:.0f} calls/s from bare sockets"
        )
    busiest = max(result["mock"]["busiest"].values(), default=0.0)
    yield f"mock server, busiest under any client: {busiest:.0%} of its core"
    for name, why in result["absent"].items():
        yield f"absent: {name} ({why})"
    for load, names in result["left_out"].items():
        yield f"left out of {load}, for lack of time: {', '.join(names)}"
    machine = result["machine"]
    pinned = "server and clients pinned" if machine["pinned"] else "nothing pinned"
    yield (
        f"Python {machine['python']}, {machine['system']}, {machine['cores']} cores, {pinned}, "
        f"load average {machine['load_average']}, effort {result['effort']}, {result['seconds']} s"
    )
    yield ", ".join(f"{package} {known}" for package, known in result["versions"].items() if known)


def show(result: dict[str, Any], console: Console) -> None:
    """On a terminal."""
    for title, heads, rows in tables(result):
        table = Table(title=title, title_justify="left")
        for index, head in enumerate(heads):
            table.add_column(head, justify="left" if index == 0 or head == "what it is" else "right")
        for row in rows:
            table.add_row(*row)
        console.print(table)
    for note in notes(result):
        console.print(note, highlight=False)


def markdown(result: dict[str, Any]) -> str:
    """As a page."""
    parts = ["# Measured", "How to read this: `benchmarks/README.md`. Written by `make bench`.", "![](cpu.svg)"]
    for title, heads, rows in tables(result):
        lines = [" | ".join(row) for row in (heads, ["---"] * len(heads), *rows)]
        parts += [f"## {title}", "\n".join(f"| {line} |" for line in lines)]
    parts += ["## Notes", "\n".join(f"- {note}" for note in notes(result))]
    return "\n\n".join(parts) + "\n"


def number(value: float | None) -> str:
    """Three significant digits, or whole where it is large."""
    if value is None:
        return _NONE
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - more than three digits


def _cell(taken: dict[str, float | None] | None) -> str:
    if taken is None:
        return _NONE
    return f"{number(taken['cpu_us'])} ({number(taken['vs_aiohttp'])}x)"
