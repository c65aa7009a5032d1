"""Puts a catalogue into a folder: a new or empty one, or one that holds an earlier catalogue and nothing else."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SUMS: Final = "SHA256SUMS"
"""Lists every other file, so that `sha256sum -c` can check a copy, and so that a later run knows what is its own."""

_LINE: Final = re.compile(r"[0-9a-f]{64}  ((?:provider/)?[a-z0-9][a-z0-9._-]*\.(?:html|css|js))")


class Foreign(Exception):
    """The folder holds files that no catalogue wrote."""


def write(files: Mapping[str, bytes], folder: Path) -> int:
    """Write `files` into `folder`, and remove what only an earlier catalogue had; give how many files are there now.

    Raises `Foreign`, before anything was changed, or `OSError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    earlier = _earlier(folder)
    sums = {name: f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()}
    # Whoever is interrupted has to find, next time, that all of it is a catalogue's.
    _list(folder, {**earlier, **sums})
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    for name in earlier.keys() - files.keys():
        (folder / name).unlink(missing_ok=True)
    _list(folder, sums)
    return len(files) + 1


def _list(folder: Path, sums: Mapping[str, str]) -> None:
    (folder / SUMS).write_text("".join(sums[name] for name in sorted(sums)), encoding="utf-8", newline="\n")


def _earlier(folder: Path) -> dict[str, str]:
    """What an earlier catalogue wrote there: the lines of its list, by name."""
    entries = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    there = {path.relative_to(folder).as_posix() for path in entries}
    listed = _listed((folder / SUMS).read_text(encoding="utf-8", errors="replace")) if SUMS in there else {}
    if there - listed.keys() - {SUMS}:
        raise Foreign
    return listed


def _listed(sums: str) -> dict[str, str]:
    return {match[1]: line for line in sums.splitlines(keepends=True) if (match := _LINE.fullmatch(line.rstrip()))}
