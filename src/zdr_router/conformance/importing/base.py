"""What every import gives: a document to write, what was left out of it, and what its reader has to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zdr_router.errors import Problem

Comments = Mapping[tuple[str | int, ...], tuple[str, ...]]
"""Lines of comment to stand before the part of a document at a path; at () they open the file."""


@dataclass(frozen=True, slots=True)
class Imported:
    """`left_out` are parts of the source that the document lacks and that somebody has to decide about."""

    document: dict[str, Any]
    left_out: tuple[Problem, ...]
    notes: tuple[Problem, ...] = ()
    comments: Comments = field(default_factory=dict)
