"""Errors that are answered to a caller: clients log them, and models read them, so they quote nothing."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.leaks.detectors.base import Kept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.leaks.detectors.base import Search


class Answers:
    """Whoever drives tells it of each error that it is answered."""

    name: Final = "answers"

    def __init__(self) -> None:
        """None was answered yet."""
        self._kept = Kept()

    def tell(self, where: str, answer: bytes) -> None:
        """Keep an error, to be searched."""
        self._kept.add(where, answer)

    @contextlib.contextmanager
    def watch(self) -> Iterator[Search]:
        """Nothing has to be prepared."""
        yield self._kept.search
