"""Folders of a run, all empty before it: where a subject works, lives and puts what is temporary."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Scratch:
    """`watched` is what is searched, with `work`, `home` and `temporary` in it; `kit` is the kit's own."""

    def __init__(self, root: Path) -> None:
        """Make them under `root`."""
        self.watched = root / "subject"
        self.kit = root / "kit"
        self.work, self.home, self.temporary = (self.watched / name for name in ("work", "home", "tmp"))
        for folder in (self.work, self.home, self.temporary, self.kit):
            folder.mkdir(parents=True)

    @property
    def environ(self) -> dict[str, str]:
        """Variables that lead a process here."""
        return {
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_DATA_HOME": str(self.home / ".local/share"),
            "XDG_STATE_HOME": str(self.home / ".local/state"),
        }

    @contextlib.contextmanager
    def inside(self, environ: Mapping[str, str]) -> Iterator[None]:
        """Lead this very process here, with more variables, and back again."""
        changed = {**self.environ, **environ}
        before = {name: os.environ.get(name) for name in changed}
        where, temporary = Path.cwd(), tempfile.tempdir
        os.environ.update(changed)
        os.chdir(self.work)
        tempfile.tempdir = str(self.temporary)
        try:
            yield
        finally:
            tempfile.tempdir = temporary
            os.chdir(where)
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


@contextlib.contextmanager
def scratch() -> Iterator[Scratch]:
    """Folders that are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="zdr-leaks-", ignore_cleanup_errors=True) as root:
        yield Scratch(Path(root))
