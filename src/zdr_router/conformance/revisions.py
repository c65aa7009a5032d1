"""Where a registry to look at comes from: what is shipped, files and folders, or a revision that git knows."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from zdr_router.errors import ConfigError, Problem
from zdr_router.registry import Registry, shipped_directory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHIPPED: Final = "shipped"

_PLAIN_FILES: Final = frozenset({"100644", "100755"})
_REDIRECTS: Final = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
)
"""What git sets for its hooks, and what would point it at another repository."""

_QUIET: Final = {"GIT_NO_LAZY_FETCH": "1", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_TERMINAL_PROMPT": "0"}
"""Nothing is fetched, not even what a partial clone lacks; nothing replaces what was committed; nobody is asked."""

_PATIENCE: Final = 60.0
"""Seconds for one call of git."""


class Unknown(Exception):
    """There is no such place or revision; `fix` says what to do next."""

    def __init__(self, what: str, fix: str) -> None:
        """Both are for people."""
        self.what = what
        self.fix = fix
        super().__init__(what)


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

    Raises `Unknown` where there is no such place.
    """
    if name == SHIPPED:
        folder = shipped_directory()
        yield Origin(str(folder), folder)
    elif Path(name).exists():
        yield Origin(name, Path(name))
    else:
        revision, colon, path = name.partition(":")
        if not revision or not colon:
            fix = "name a file, a folder, REV:path in this git repository, or shipped"
            raise Unknown(f"{name} is no file, folder or revision", fix)
        with tempfile.TemporaryDirectory(prefix="zdr-") as made:
            repository = _Repository.around(Path.cwd(), revision)
            inside = repository.inside(path)
            if not repository.lay_out(inside, Path(made)):
                fix = "name one that holds some; the path counts from the top of the repository"
                raise Unknown(f"{revision} holds no provider file at {path}", fix)
            yield Origin(name, Path(made) / inside)


def earlier(against: str, paths: Sequence[Path]) -> Registry:
    """What the provider files at `paths` (none: the shipped ones) said at `against`, a path or else a revision.

    Raises `Unknown`, or `ConfigError` where that state cannot be loaded.
    """
    if Path(against).exists():
        return Registry.load([against])
    named = paths or [shipped_directory()]
    with tempfile.TemporaryDirectory(prefix="zdr-") as made:
        places = []
        for number, path in enumerate(named):
            repository = _Repository.around(path if path.is_dir() else path.parent, against)
            inside, folder = repository.inside(path.resolve()), Path(made) / str(number)
            if repository.lay_out(inside, folder):
                places.append(folder / inside)
        if not places:
            where = ", ".join(map(str, named))
            raise Unknown(f"{against} holds no provider file at {where}", "name a revision in which they are there")
        try:
            return Registry.load(places)
        except ConfigError as error:
            problems = [_renamed(problem, Path(made), against) for problem in error.problems]
    raise ConfigError(problems)


def _renamed(problem: Problem, made: Path, revision: str) -> Problem:
    """A problem of a file that was laid out below a number in `made`, under the name that git has for it."""
    inside = Path(problem.file).relative_to(made).parts[1:] if problem.file else ()
    file = f"{revision}:{'/'.join(inside)}"
    return Problem(problem.what, file=file, line=problem.line, fix="name a revision that this release can read")


@dataclass(frozen=True, slots=True)
class _Repository:
    """A git repository at a commit; `revision` is what people call it."""

    git: str
    top: Path
    revision: str
    commit: str

    @classmethod
    def around(cls, folder: Path, revision: str) -> _Repository:
        git = shutil.which("git")
        if git is None:
            raise Unknown("there is no git here", "install git, or name a folder")
        top = _run(git, folder, "rev-parse", "--show-toplevel")
        if top.returncode:
            said = os.fsdecode(top.stderr).strip().partition("\n")[0]
            fix = "mend what git says, or name a folder"
            raise Unknown(f"{revision} is no folder, and git knows no repository at {folder} ({said})", fix)
        # What begins with a dash would be an option of git.
        name = None if revision.startswith("-") else f"{revision}^{{commit}}"
        commit = None if name is None else _run(git, folder, "rev-parse", "--verify", "--quiet", name)
        if commit is None or commit.returncode:
            fix = "name a folder, or a branch, tag or commit that is here (a shallow clone lacks most: git fetch)"
            raise Unknown(f"{revision} is neither a folder nor a revision", fix)
        return cls(git, Path(os.fsdecode(top.stdout).rstrip("\n")), revision, os.fsdecode(commit.stdout).strip())

    def inside(self, path: Path | str) -> PurePosixPath:
        """`path`, absolute or from the top of the repository, as git names it there."""
        top = self.top.resolve()
        full = Path(os.path.normpath(top / path))
        if not full.is_relative_to(top):
            raise Unknown(f"{path} is not in the repository at {self.top}", "name a path in it, or a folder")
        return PurePosixPath(full.relative_to(top).as_posix())

    def lay_out(self, inside: PurePosixPath, folder: Path) -> int:
        """Write the YAML files at `inside` below `folder`, and give how many there were.

        What is hidden is not declared. git's own checkout would run filters and hooks.
        """
        listed = _run(self.git, self.top, "ls-tree", "-r", "-z", self.commit, "--", str(inside))
        if listed.returncode:
            raise self._lacking(str(inside))
        count = 0
        for entry in filter(None, os.fsdecode(listed.stdout).split("\0")):
            about, _, name = entry.partition("\t")
            mode, _, held = about.split(" ")
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts:
                raise Unknown(
                    f"{self.revision} holds a path that leads out of it", "name another revision, or a folder"
                )
            hidden = any(part.startswith(".") for part in path.relative_to(inside).parts)
            if hidden or path.suffix not in {".yaml", ".yml"}:
                continue
            if mode not in _PLAIN_FILES:
                fix = "name a revision or a path without links: what they lead to may not be in it"
                raise Unknown(f"{name} is a link in {self.revision}", fix)
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(self._content(held, name))
            count += 1
        return count

    def _content(self, held: str, name: str) -> bytes:
        found = _run(self.git, self.top, "cat-file", "blob", held)
        if found.returncode:
            raise self._lacking(name)
        return found.stdout

    def _lacking(self, name: str) -> Unknown:
        fix = "fetch it first, if this is a partial clone, or see git fsck"
        return Unknown(f"git does not give {name} as of {self.commit}", fix)


def _run(git: str, folder: Path, *args: str) -> subprocess.CompletedProcess[bytes]:
    environ = {name: value for name, value in os.environ.items() if name not in _REDIRECTS} | _QUIET
    command = [git, "-C", str(folder), *args]
    try:
        return subprocess.run(command, capture_output=True, check=False, env=environ, timeout=_PATIENCE)  # noqa: S603
    except subprocess.TimeoutExpired:
        unknown = Unknown(f"git {args[0]} did not end within {_PATIENCE:g} seconds", "try it by hand")
    raise unknown
