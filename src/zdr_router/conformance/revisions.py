"""Where a registry to look at comes from: what is shipped, files and folders, or a revision that git knows."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from zdr_router.errors import ConfigError, Problem
from zdr_router.registry import shipped_directory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHIPPED: Final = "shipped"
_PLAIN_FILES: Final = frozenset({"100644", "100755"})
_TIMEOUT: Final = 60.0
"""Seconds that git may take for one answer."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A place to load a registry from. `path` exists while the origin is open; people read `name` instead."""

    name: str
    path: Path

    def told(self, place: str) -> str:
        """`place`, a `file:line` below `path`, as people know it."""
        return place.replace(str(self.path), self.name)

    def told_of(self, error: ConfigError) -> ConfigError:
        """`error` with every file named as people know it."""
        return ConfigError(
            [Problem(each.what, file=self.told(each.file), line=each.line, fix=each.fix) for each in error.problems]
        )


@contextmanager
def opened(name: str) -> Iterator[Origin]:
    """The place that `name` means: `shipped`, a path, or `REV:path` in the git repository around this folder.

    Raises `ConfigError` where there is no such place.
    """
    if name == SHIPPED:
        folder = shipped_directory()
        yield Origin(str(folder), folder)
    elif Path(name).exists():
        yield Origin(name, Path(name))
    else:
        revision, colon, _ = name.partition(":")
        if not revision or not colon:
            fix = "name a file, a folder, REV:path in this git repository, or shipped"
            raise ConfigError(Problem("is no file, folder or revision", file=name, fix=fix))
        with tempfile.TemporaryDirectory(prefix="zdr-") as made:
            yield Origin(name, _checked_out(name, Path(made)))


def _checked_out(name: str, folder: Path) -> Path:
    """The YAML files of a tree or blob, written below `folder`: git's own checkout would run filters and hooks."""
    found = _git(name, "rev-parse", "--verify", "--quiet", "--end-of-options", name).decode().strip()
    if _git(name, "cat-file", "-t", found).decode().strip() == "blob":
        path = folder / PurePosixPath(name.partition(":")[2]).name
        path.write_bytes(_git(name, "cat-file", "blob", found))
        return path
    root = folder / "tree"
    root.mkdir()
    for entry in _git(name, "ls-tree", "-r", "-z", "--full-tree", found).decode().split("\0"):
        about, _, inside = entry.partition("\t")
        mode, _, rest = about.partition(" ")
        if mode not in _PLAIN_FILES or PurePosixPath(inside).suffix not in {".yaml", ".yml"}:
            continue
        path = root / inside
        if not path.resolve().is_relative_to(root.resolve()):
            raise ConfigError(Problem("holds a path that leads out of it", file=name, fix="name another revision"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_git(name, "cat-file", "blob", rest.partition(" ")[2]))
    return root


def _git(name: str, *arguments: str) -> bytes:
    """What git answers. Nothing of its own words is passed on: they may quote whatever the repository holds."""
    git = shutil.which("git")
    if git is None:
        raise ConfigError(Problem("needs git, which is not here", file=name, fix="install git, or name a folder"))
    command: Sequence[str] = (git, "--no-replace-objects", *arguments)
    try:
        answer = subprocess.run(command, capture_output=True, check=False, timeout=_TIMEOUT)  # noqa: S603 - our own words, and object ids
    except subprocess.TimeoutExpired:
        answer = None
    if answer is not None and answer.returncode == 0:
        return answer.stdout
    fix = "see `git show` with the same words; the path counts from the top of the repository"
    raise ConfigError(Problem("git knows no such revision or path here", file=name, fix=fix))
