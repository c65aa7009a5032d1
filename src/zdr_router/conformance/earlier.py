"""What provider files said earlier: in another folder, or in a revision of the git repository that they lie in."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from zdr_router.errors import ConfigError, Problem
from zdr_router.registry import Registry, shipped_directory

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_REDIRECTS: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")
"""What git sets for its hooks, and what would point it at another repository."""

_QUIET: Final = {"GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
"""Nothing is fetched, not even what a partial clone lacks, and nobody is asked."""

_PATIENCE: Final = 60.0
"""Seconds for one call of git."""


class Unknown(Exception):
    """There is no such earlier state; `fix` says what to do next."""

    def __init__(self, what: str, fix: str) -> None:
        """Both are for people."""
        self.what = what
        self.fix = fix
        super().__init__(what)


def earlier(against: str, paths: Sequence[Path]) -> Registry:
    """What the provider files at `paths` (none: the shipped ones) said at `against`, a path or else a revision.

    Raises `Unknown`, or `ConfigError` where that state cannot be loaded.
    """
    if Path(against).exists():
        return Registry.load([against])
    return _at_revision(against, paths or [shipped_directory()])


def _at_revision(revision: str, paths: Sequence[Path]) -> Registry:
    """The registry as of a revision: its files are laid out in a folder of their own and loaded from there."""
    with tempfile.TemporaryDirectory(prefix="zdr-check-") as folder:
        top = Path(folder)
        places: list[Path] = []
        for number, path in enumerate(paths):
            repository = _Repository.around(path, revision)
            files = list(repository.files(path))
            for name in files:
                place = top / str(number) / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(repository.read(name))
            places += [top / str(number)] if files else []
        if not places:
            raise Unknown(
                f"--against: {revision} holds no provider file at {', '.join(map(str, paths))}",
                "name a revision in which they are there",
            )
        try:
            return Registry.load(places)
        except ConfigError as error:
            problems = [_renamed(problem, top, revision) for problem in error.problems]
    raise ConfigError(problems)


def _renamed(problem: Problem, top: Path, revision: str) -> Problem:
    """A problem of a file that was laid out below `top`, under the name that git has for it."""
    inside = Path(problem.file).relative_to(top).parts[1:] if problem.file else ()
    file = f"{revision}:{'/'.join(inside)}"
    return Problem(problem.what, file=file, line=problem.line, fix="name a revision that this release can read")


@dataclass(frozen=True, slots=True)
class _Repository:
    """A git repository at a commit."""

    git: str
    top: Path
    commit: str

    @classmethod
    def around(cls, path: Path, revision: str) -> _Repository:
        git = shutil.which("git")
        if git is None:
            raise Unknown("--against: there is no git here", "install git, or compare with a folder: --against DIR")
        folder = path if path.is_dir() else path.parent
        top = _run(git, folder, "rev-parse", "--show-toplevel")
        if top.returncode:
            said = os.fsdecode(top.stderr).strip().partition("\n")[0]
            fix = "mend what git says, or compare with a folder: --against DIR"
            raise Unknown(f"--against: {revision} is no folder, and git knows no repository at {folder} ({said})", fix)
        # What begins with a dash would be an option of git.
        name = None if revision.startswith("-") else f"{revision}^{{commit}}"
        commit = None if name is None else _run(git, folder, "rev-parse", "--verify", "--quiet", name)
        if commit is None or commit.returncode:
            fix = "name a folder, or a branch, tag or commit that is here (a shallow clone lacks most: git fetch)"
            raise Unknown(f"--against: {revision} is neither a folder nor a revision", fix)
        return cls(git, Path(os.fsdecode(top.stdout).rstrip("\n")), os.fsdecode(commit.stdout).strip())

    def files(self, path: Path) -> Iterator[str]:
        """The YAML files at `path` in the commit, by their names from the top; what is hidden is not declared."""
        inside = path.resolve().relative_to(self.top.resolve()).as_posix()
        listed = _run(self.git, self.top, "ls-tree", "-r", "-z", "--name-only", self.commit, "--", inside)
        for name in filter(None, os.fsdecode(listed.stdout).split("\0")):
            below = name.removeprefix(inside).split("/")
            if name.endswith((".yaml", ".yml")) and not any(part.startswith(".") for part in below):
                yield name

    def read(self, name: str) -> bytes:
        found = _run(self.git, self.top, "show", f"{self.commit}:{name}")
        if found.returncode:
            raise Unknown(
                f"--against: git does not give {name} as of {self.commit}",
                "fetch it first, if this is a partial clone, or see git fsck",
            )
        return found.stdout


def _run(git: str, folder: Path, *args: str) -> subprocess.CompletedProcess[bytes]:
    environ = {name: value for name, value in os.environ.items() if name not in _REDIRECTS} | _QUIET
    command = [git, "-C", str(folder), *args]
    try:
        return subprocess.run(command, capture_output=True, check=False, env=environ, timeout=_PATIENCE)  # noqa: S603
    except subprocess.TimeoutExpired:
        unknown = Unknown(f"--against: git {args[0]} did not end within {_PATIENCE:g} seconds", "try it by hand")
    raise unknown
