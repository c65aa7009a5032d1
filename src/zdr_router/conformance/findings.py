"""What `zdr check` finds: one fault of a declaration, with its rule, its place and its fix."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`subject` is what is at fault (a configuration, an account, a route); `where` is `file:line`."""

    id: str
    level: Level
    subject: str
    sentence: str
    fix: str
    where: str = ""

    @property
    def file(self) -> str:
        """The file of `where`, "" where there is none."""
        return self._place[0]

    @property
    def line(self) -> int:
        """The line of `where`, from 1; 0 means the file as a whole."""
        return self._place[1]

    @property
    def _place(self) -> tuple[str, int]:
        file, _, line = self.where.rpartition(":")
        return (file, int(line)) if line.isdigit() else (self.where, 0)

    def seen_from(self, folder: Path) -> Finding:
        """The same with its file (and its subject, if that is the file) relative to `folder`, where it lies below."""
        file, line = self._place
        try:
            near = Path(file).resolve().relative_to(folder.resolve()).as_posix() if file else ""
        except ValueError:
            return self
        subject = near if self.subject == file else self.subject
        return dataclasses.replace(self, subject=subject, where=f"{near}:{line}" if line else near)
