"""How long `zdr serve` takes from being started to its first 200 at `/readyz`, installed as a wheel installs it."""

from __future__ import annotations

import shutil
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zdr_router
from benchmarks.gateway.deployment import Switches, deployed
from zdr_router.registry import shipped_directory, snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping


def start_figures(folder: Path, upstream: str, core: int | None, times: int, *, from_files: bool) -> dict[str, Any]:
    """Seconds of so many starts with the shipped registry in its snapshot; if wanted, of one from its files too."""
    made = deployed(folder / "started", upstream, Switches())
    installed = {"PYTHONPATH": str(_installed(folder / "site"))}
    made.started(core, installed)  # the first one compiles what was never imported, and makes the store of records
    seconds, cpu = zip(*[made.started(core, installed) for _ in range(times)], strict=True)
    return {
        "seconds": round(statistics.median(seconds), 3),
        "cpu": round(statistics.median(cpu), 3),
        "slowest": round(max(seconds), 3),
        "starts": times,
        "from_files": round(made.started(core, _here())[0], 3) if from_files else None,
    }


def _here() -> Mapping[str, str]:
    """The package that runs this."""
    return {"PYTHONPATH": str(Path(zdr_router.__file__).parents[1])}


def _installed(site: Path) -> Path:
    """A copy of the package as a wheel has it: the registry inside, with its snapshot."""
    inside = site / "zdr_router" / "_providers"
    shutil.copytree(Path(zdr_router.__file__).parent, site / "zdr_router", ignore=shutil.ignore_patterns("_providers"))
    shutil.copytree(shipped_directory(), inside)
    (inside / snapshot.NAME).write_bytes(snapshot.build(inside))
    return site
