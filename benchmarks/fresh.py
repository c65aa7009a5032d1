"""What only a process that has just started can tell: the cost of loading, and the memory that it takes.

`python -m benchmarks.fresh KIND FOLDER DECISIONS` measures one such thing in itself and prints it as JSON.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.memory import resident_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping


def bare(_folder: Path, _decisions: int) -> dict[str, Any]:
    """The interpreter, and this module."""
    return {"rss": resident_bytes()}


def yaml(folder: Path, _decisions: int) -> dict[str, Any]:
    """PyYAML's C loader alone, over every file."""
    import yaml  # noqa: PLC0415 - not before the clock could run

    texts = [path.read_bytes() for path in sorted(folder.glob("*.yaml"))]
    began = time.process_time()
    values = [yaml.load(text, Loader=yaml.CSafeLoader) for text in texts]
    return {"load": time.process_time() - began, "files": len(values), "bytes": sum(map(len, texts))}


def snapshot(folder: Path, _decisions: int) -> dict[str, Any]:
    """The registry from its snapshot; then everything in it, of which a deployment asks for a part."""
    from zdr_router.registry.loader import load_with_snapshot  # noqa: PLC0415 - its import is another figure

    began = time.process_time()
    loaded = load_with_snapshot(folder)
    load = time.process_time() - began
    if not loaded.known:
        message = "the snapshot was not used"
        raise RuntimeError(message)
    every = [*loaded.configurations.values(), *loaded.sources.values()]
    return {"load": load, "whole": time.process_time() - began, "made": len(every)}


def registry(folder: Path, _decisions: int) -> dict[str, Any]:
    """The registry from its files."""
    from zdr_router import Registry  # noqa: PLC0415 - its import is another figure

    began = time.process_time()
    Registry.load([folder])
    return {"load": time.process_time() - began}


def deployment(folder: Path, decisions: int) -> dict[str, Any]:
    """The registry, with all its targets on routes; then what decisions cost."""
    from benchmarks.generated import deploy, target_names  # noqa: PLC0415 - as above
    from zdr_router import Registry  # noqa: PLC0415 - as above

    imported = resident_bytes()
    began = time.process_time()
    loaded = Registry.load([folder])
    load = time.process_time() - began
    targets = target_names(loaded)
    began = time.process_time()
    large = deploy(loaded, targets)
    assembled = time.process_time() - began
    gc.collect()
    rss = resident_bytes()
    from benchmarks.deciding import compare  # noqa: PLC0415 - it would count as memory

    first = Registry.load([min(folder.glob("*.yaml"))])
    small = deploy(first, target_names(first)[:3])
    figures: Mapping[str, float] = compare(small, large, decisions)
    return {
        "load": load,
        "assemble": assembled,
        "targets": len(targets),
        "imported": imported,
        "rss": rss,
        **figures,
    }


_KINDS: Final = {each.__name__: each for each in (bare, yaml, snapshot, registry, deployment)}

if __name__ == "__main__":
    kind, where, many = sys.argv[1:]
    print(json.dumps(_KINDS[kind](Path(where), int(many))))
