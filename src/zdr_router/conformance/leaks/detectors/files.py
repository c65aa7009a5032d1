"""Files: what is new or has changed in some folders, their names, and what is open although it was deleted."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.leaks.findings import Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from zdr_router.conformance.leaks.detectors.base import Search
    from zdr_router.conformance.leaks.forms import Needles

_PIECE: Final = 32 * 1024 * 1024
_OVERLAP: Final = 64 * 1024


class Files:
    """Looks into `folders`, and into the open files of the processes that `pids` names then."""

    def __init__(self, folders: Iterable[Path], pids: Callable[[], Iterable[int]], *, name: str = "files") -> None:
        """Nothing is looked at yet."""
        self.name: Final = name
        self._folders = tuple(folders)
        self._pids = pids

    @contextlib.contextmanager
    def watch(self) -> Iterator[Search]:
        """What was there before and stays as it is does not count."""
        before = {path: _state(path) for _, path in self._all()}

        def search(needles: Needles) -> Iterator[Trace]:
            for folder, path in tuple(self._all()):
                named = False
                for hit in needles.search(os.fsencode(path)):
                    named = True
                    yield Trace("the name of a file", hit.canary, hit.encoding)
                if before.get(path) != _state(path):
                    yield from _read(
                        "a file with such a name" if named else str(path.relative_to(folder)), path, needles
                    )
            for pid in self._pids():
                yield from _deleted(pid, needles)

        yield search

    def _all(self) -> Iterator[tuple[Path, Path]]:
        for folder in self._folders:
            for root, folders, files in os.walk(folder):
                yield from ((folder, Path(root, name)) for name in (*files, *folders))


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.lstat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _deleted(pid: int, needles: Needles) -> Iterator[Trace]:
    """Files that have no name any more. Linux tells of them, other systems do not."""
    with contextlib.suppress(OSError):
        for entry in tuple(Path(f"/proc/{pid}/fd").iterdir()):
            with contextlib.suppress(OSError):
                if str(entry.readlink()).endswith("(deleted)"):
                    yield from _read("an open file that was deleted", entry, needles)


def _read(where: str, path: Path, needles: Needles) -> Iterator[Trace]:
    """Search a file piece by piece; one that is no file, or gone, holds nothing."""
    found: set[tuple[str, str, int]] = set()
    with contextlib.suppress(OSError):
        if not path.is_file():
            return
        with path.open("rb") as file:
            at = 0
            while True:
                file.seek(at)
                piece = file.read(_PIECE)
                found |= {(hit.canary, hit.encoding, at + hit.at) for hit in needles.search(piece)}
                if len(piece) < _PIECE:
                    break
                at += _PIECE - _OVERLAP
    yield from (Trace(where, canary, encoding) for canary, encoding, _ in sorted(found))
