"""All detectors at once, around whatever runs: what they find is gathered, by path and place."""

from __future__ import annotations

import contextlib
import gc
from collections import Counter
from typing import TYPE_CHECKING, Self

from zdr_router.conformance.leaks.detectors.base import Off
from zdr_router.conformance.leaks.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet
    from types import TracebackType

    from zdr_router.conformance.leaks.canaries import Canaries
    from zdr_router.conformance.leaks.detectors.base import Detector, Search

NOT_THE_COLLECTOR = frozenset({"objects"})
"""Detectors that are of use only while the collector is switched off."""


class Watch:
    """`with Watch(canaries, detectors) as watch`: they watch until the block is left, and look when told to."""

    def __init__(self, canaries: Canaries, detectors: Sequence[Detector]) -> None:
        """Nothing is watched yet."""
        self._canaries = canaries
        self._given = detectors
        self._searches: dict[str, Search] = {}
        self._found: dict[tuple[str, str, str, str], int] = {}
        self._stack = contextlib.ExitStack()
        self.detectors: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Start every detector; those that cannot work here are noted with the reason."""
        with contextlib.ExitStack() as stack:
            for detector in self._given:
                try:
                    self._searches[detector.name] = stack.enter_context(detector.watch())
                    self.detectors[detector.name] = ""
                except Off as off:
                    self.detectors[detector.name] = str(off)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them. What was found stays."""
        self._stack.close()
        self._searches.clear()

    @contextlib.contextmanager
    def uncollected(self) -> Iterator[None]:
        """Switch the collector of cycles off, so that what it would free stays to be found; then collect.

        What lies about from before is of no path that is looked for, so it need not be collected first.
        """
        enabled = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if enabled:
                gc.enable()
            gc.collect()

    def look(self, paths: Iterable[str], *, without: AbstractSet[str] = frozenset()) -> None:
        """Search everywhere for the canaries of these paths, but not with the detectors named in `without`."""
        needles = self._canaries.needles(paths)
        for name, search in self._searches.items():
            if name in without:
                continue
            counts = Counter((name, *trace) for trace in search(needles))
            for seen, count in counts.items():
                self._found[seen] = max(count, self._found.get(seen, 0))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that was found so far, in the order of the detectors."""
        return tuple(
            Finding(name, where, canary.partition("/")[0], canary.partition("/")[2], encoding, count)
            for (name, where, canary, encoding), count in self._found.items()
        )
