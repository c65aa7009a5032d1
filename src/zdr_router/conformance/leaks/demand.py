"""What of a run is asked for, and whether a path was driven as it is meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zdr_router.conformance.leaks.asking import OPTIONAL
from zdr_router.conformance.leaks.findings import Driven
from zdr_router.conformance.leaks.paths import PATHS, Path

if TYPE_CHECKING:
    from zdr_router.conformance.leaks.provider.handle import Provider

Told = Callable[[Driven], None]


@dataclass(frozen=True, slots=True)
class Demand:
    """What of a run is asked for. `redis` are addresses to look at; `told` hears of each path as it ends."""

    paths: Sequence[Path] = PATHS
    redis: Sequence[str] = ()
    memory: bool = True
    told: Told | None = None

    def hear(self, driven: Driven) -> Driven:
        """Tell of a path."""
        if self.told is not None:
            self.told(driven)
        return driven


@dataclass(frozen=True, slots=True)
class Expected:
    """What a subject is expected to do. `well` is how it ends when all is well.

    `refuses`: it has the kit's policy, so what is refused must not come to the provider. `without` are places that are
    left out of requests.
    """

    well: str
    refuses: bool = True
    without: frozenset[str] = frozenset()

    def judge(self, path: Path, subject: str, told: str, provider: Provider) -> Driven:
        """A path as it was driven; one that was not, as it is meant, shows nothing and must not pass."""
        count, places = provider.arrived()
        fault = ""
        if path.works and told != self.well:
            fault = f"should have been answered, and ended as {told}"
        elif path.reaches and not count:
            fault = "never came to the provider"
        elif self.refuses and not path.reaches and count:
            fault = "came to the provider, which it must not"
        elif path.reaches and (lost := self._carried(path) - places):
            fault = f"came to the provider without {', '.join(sorted(lost))}"
        return Driven(path.name, subject, told, fault)

    def _carried(self, path: Path) -> frozenset[str]:
        """The places of a request that have to come to the provider: otherwise something else was tested."""
        if path.asked == "embed":
            return frozenset({"prompt"})
        return frozenset({"prompt", *OPTIONAL}) - self.without
