"""How many copies of what was planted lie in the memory of processes, freed memory included: a number, no finding."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from zdr_router.conformance.leaks.memory import process

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zdr_router.conformance.leaks.canaries import Canaries


def count(pids: Iterable[int], canaries: Canaries) -> tuple[Mapping[str, int] | None, str]:
    """Copies by place, and ""; or None and why nobody can count them here."""
    stems = canaries.stems()
    found: Counter[str] = Counter()
    try:
        for pid in pids:
            found.update(copy.canary for copy in process(pid, stems))
    except NotImplementedError as error:
        return None, str(error)
    except OSError as error:
        return None, f"the memory of the process cannot be read: {error.strerror or type(error).__name__}"
    return dict(sorted(found.items())), ""


def with_children(pid: int) -> Iterator[int]:
    """A process, and all that it started and that still run. Elsewhere than on Linux nobody knows of those."""
    yield pid
    try:
        lists = [each.read_text("ascii") for each in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return
    for child in " ".join(lists).split():
        yield from with_children(int(child))
