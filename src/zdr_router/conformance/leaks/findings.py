"""What was found, and the report of a run: where, of which place and path, in which encoding, how often; never more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCOPE: Final = (
    "This looks where the kit can look, on the paths that it drove. It shows that content is there, never that it is "
    "nowhere."
)


class Trace(NamedTuple):
    """One sighting by a detector: where, of which canary, in which encoding."""

    where: str
    canary: str
    encoding: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Content that stayed: which detector saw it where, on which path and in which place it was planted."""

    detector: str
    where: str
    path: str
    place: str
    encoding: str
    count: int


@dataclass(frozen=True, slots=True)
class Driven:
    """One path as it was driven. `told` is how it ended for the caller; `fault` is why it shows nothing, or ""."""

    path: str
    subject: str
    told: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to.

    `detectors` names each with "" or why it was off. `residue` counts copies in the memory of the process by place,
    freed ones included; None where nobody counted.
    """

    driven: Sequence[Driven]
    findings: Sequence[Finding]
    detectors: Mapping[str, str]
    residue: Mapping[str, int] | None = None
    notes: Sequence[str] = field(default=())

    @property
    def undriven(self) -> list[Driven]:
        """Paths that were not driven as they are meant, and so show nothing."""
        return [each for each in self.driven if each.fault]

    @property
    def clean(self) -> bool:
        """Whether every path was driven and nothing was found. Copies in memory are not counted here."""
        return bool(self.driven) and not self.findings and not self.undriven

    @property
    def copies(self) -> int:
        """How many copies there are in memory."""
        return sum((self.residue or {}).values())

    @property
    def summary(self) -> str:
        """The closing line."""
        ways = len(self.driven)
        said = f"{len(self.findings)} findings on {ways} paths"
        if self.undriven:
            said += f", {len(self.undriven)} of which could not be driven"
        if self.residue is not None:
            said += f"; {self.copies} copies in the memory of the process"
        return said
