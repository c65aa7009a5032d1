"""Where a fact is declared, so that whoever doubts it can look it up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Source:
    """Where a configuration is declared, fact by fact.

    `lines` maps dotted names to lines, "" to its first; `under` is what an overlay was laid over, and `leaves` the
    names of what such an overlay replaces as a whole.
    """

    file: str
    lines: Mapping[str, int]
    under: Source | None = None
    leaves: frozenset[str] = frozenset()

    def at(self, name: str) -> str:
        """`file:line` of the nearest declared part of `name`, for instance `flags.stores_prompts`."""
        near = name
        while near and near not in self.lines:
            near = near.rpartition(".")[0]
        if self.under is not None and (not near or (near != name and near not in self.leaves)):
            return self.under.at(name)
        return f"{self.file}:{self.lines.get(near, 0)}"
