"""The picture of a run: CPU of a call, every client, on a logarithmic scale."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from benchmarks.clients import BASE, ENTRIES, OURS
from benchmarks.report import number, shown_loads

if TYPE_CHECKING:
    from pathlib import Path

_TITLES: Final = {
    "chat_c32": "2 kB chat, 32 in flight",
    "chat_c1": "2 kB chat, one at a time",
    "chat200k_c32": "200 kB chat, 32 in flight",
    "stream_c32": "100 chunks, 32 in flight",
}
_COLOURS: Final = {OURS: "#1b7f5c", BASE: "#33415c"}
_OTHERS: Final = "#b8bfc9"


def draw(result: dict[str, Any], folder: Path) -> list[Path]:
    """Write `cpu.png` and `cpu.svg`."""
    matplotlib: Any = importlib.import_module("matplotlib")
    matplotlib.use("agg")
    matplotlib.rcParams["svg.hashsalt"] = "benchmarks"  # the same figures give the same file
    pyplot: Any = importlib.import_module("matplotlib.pyplot")
    loads = [load for load in shown_loads(result) if load in _TITLES]
    figure, axes = pyplot.subplots(1, len(loads), figsize=(4.2 * len(loads), 3.4), sharey=True, squeeze=False)
    names = [name for name in ENTRIES if any(name in result["loads"][load] for load in loads)]
    for axis, load in zip(axes[0], loads, strict=True):
        _bars(axis, names, result["loads"][load])
        axis.set_title(_TITLES[load], fontsize=10)
    figure.supxlabel("µs of CPU a call, all threads (logarithmic); beside each bar, over bare aiohttp", fontsize=9)
    figure.tight_layout()
    paths = [folder / "cpu.png", folder / "cpu.svg"]
    for path in paths:
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
    pyplot.close(figure)
    return paths


def _bars(axis: Any, names: list[str], taken: dict[str, dict[str, float | None]]) -> None:  # noqa: ANN401
    """One panel; `axis` is matplotlib's."""
    shown = [name for name in names if name in taken and taken[name]["cpu_us"] is not None]
    places = [len(names) - names.index(name) for name in shown]
    values = [taken[name]["cpu_us"] or 0.0 for name in shown]
    bars = axis.barh(places, values, color=[_COLOURS.get(name, _OTHERS) for name in shown])
    axis.bar_label(bars, [f"{number(taken[name]['vs_aiohttp'])}x" for name in shown], padding=3, fontsize=8)
    axis.set_yticks(range(len(names), 0, -1), names)
    axis.set_xscale("log")
    axis.set_xlim(min(values) / 3, max(values) * 4)
    axis.xaxis.set_minor_formatter(lambda *_: "")
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
