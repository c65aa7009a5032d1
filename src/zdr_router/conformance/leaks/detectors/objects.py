"""Live objects of this process, with the collector of cycles switched off."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.leaks.findings import Trace
from zdr_router.conformance.leaks.live import live_objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.leaks.detectors.base import Search
    from zdr_router.conformance.leaks.forms import Needles


class Objects:
    """Whoever drives switches the collector off before the call, and looks before it is on again."""

    name: Final = "objects"

    @contextlib.contextmanager
    def watch(self) -> Iterator[Search]:
        """Nothing has to be prepared."""

        def search(needles: Needles) -> Iterator[Trace]:
            for held in live_objects(needles):
                yield Trace(" in ".join((held.kind, *held.holders)), held.canary, held.encoding)

        yield search
