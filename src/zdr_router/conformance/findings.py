"""What `zdr check` finds: one fault of a declaration, with its rule, its place and its fix."""

from __future__ import annotations

from dataclasses import dataclass
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
