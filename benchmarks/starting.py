"""Starts fresh processes one after the other, and puts together what they tell."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.generated import write_registry
from zdr_router.registry import shipped_directory, snapshot

if TYPE_CHECKING:
    from benchmarks.efforts import Effort

_IMPORTS: Final = {
    "nothing": "pass",
    "zdr_router": "import zdr_router",
    "pydantic": "import pydantic",
    "pydantic_model": "from pydantic import BaseModel",
}
_MEGABYTE: Final = 1e6


def starting_figures(effort: Effort, core: int | None) -> dict[str, Any]:
    """Every figure of fresh processes; CPU seconds and bytes."""
    with tempfile.TemporaryDirectory() as name:
        large, shipped = Path(name) / "large", Path(name) / "shipped"
        large.mkdir()
        write_registry(large, effort.providers)
        shutil.copytree(shipped_directory(), shipped)
        for folder in (large, shipped):
            (folder / snapshot.NAME).write_bytes(snapshot.build(folder))
        figures = {"imports": _imports(effort, core), "registry": _registry(effort, large, core)}
        figures["shipped"] = _loading(effort, shipped, core)
    return {**figures, "codecs": _codecs(effort, core)}


def _imports(effort: Effort, core: int | None) -> dict[str, float]:
    """CPU seconds of `python -c "import …"`, medians over rounds in which each import has its turn."""
    rounds = [{name: _cpu_of(code, core) for name, code in _IMPORTS.items()} for _ in range(effort.fresh)]
    medians = {name: statistics.median(each[name] for each in rounds) for name in _IMPORTS}
    bare = [_over(each, "zdr_router") / _over(each, "pydantic") for each in rounds]
    model = [_over(each, "zdr_router") / _over(each, "pydantic_model") for each in rounds]
    return {**medians, "vs_pydantic": statistics.median(bare), "vs_pydantic_model": statistics.median(model)}


def _over(seconds: dict[str, float], name: str) -> float:
    """What an import takes beyond the interpreter itself; never nothing, so that it can be divided by."""
    return max(seconds[name] - seconds["nothing"], 1e-4)


def _cpu_of(code: str, core: int | None) -> float:
    """User and system seconds of one interpreter that runs `code`."""
    with subprocess.Popen([sys.executable, "-c", code]) as process:  # noqa: S603 - this very interpreter
        _pin(process.pid, core)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        message = f"`{code}` failed"
        raise RuntimeError(message)
    return usage.ru_utime + usage.ru_stime


def _registry(effort: Effort, folder: Path, core: int | None) -> dict[str, Any]:
    """How it loads; memory and decisions of one deployment."""
    loading = _loading(effort, folder, core)
    bare = _ask("bare", folder, effort, core)["rss"]
    figures = _ask("deployment", folder, effort, core)
    return {
        **figures,
        **loading,
        "rss_mb": (figures["rss"] - bare) / _MEGABYTE,
        "imported_mb": (figures["imported"] - bare) / _MEGABYTE,
    }


def _loading(effort: Effort, folder: Path, core: int | None) -> dict[str, Any]:
    """Loading next to PyYAML and from a snapshot, round by round."""
    ratios: list[float] = []
    snapshots: list[float] = []
    wholes: list[float] = []
    alone: dict[str, Any] = {}
    for _ in range(effort.loaded):
        alone = _ask("yaml", folder, effort, core)
        loaded = _ask("registry", folder, effort, core)
        ratios.append(loaded["load"] / alone["load"])
        kept = _ask("snapshot", folder, effort, core)
        snapshots.append(kept["load"] / loaded["load"])
        wholes.append(kept["whole"] / loaded["load"])
    return {
        "files": alone["files"],
        "bytes": alone["bytes"],
        "yaml_load": alone["load"],
        "load_vs_pyyaml": statistics.median(ratios),
        "snapshot_vs_load": statistics.median(snapshots),
        "snapshot_whole_vs_load": statistics.median(wholes),
    }


def _codecs(effort: Effort, core: int | None) -> dict[str, Any] | None:
    """What wire formats cost, or None where that is not asked for or litellm is not installed."""
    if not effort.codecs or importlib.util.find_spec("litellm") is None:
        return None
    return told("codecs", [str(effort.codecs)], core)


def _ask(kind: str, folder: Path, effort: Effort, core: int | None) -> dict[str, Any]:
    return told("fresh", [kind, str(folder), str(effort.decisions)], core)


def told(module: str, arguments: list[str], core: int | None) -> dict[str, Any]:
    """What a module of the benchmarks prints in a process of its own."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - as above
        _pin(process.pid, core)
        out, _ = process.communicate()
    if process.returncode:
        message = f"measuring `{' '.join([module, *arguments])}` in a fresh process failed"
        raise RuntimeError(message)
    answer: dict[str, Any] = json.loads(out)
    return answer


def _pin(process: int, core: int | None) -> None:
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process, {core})
