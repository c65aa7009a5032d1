"""What a detector is, and how it keeps what it was told until somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, Protocol

from zdr_router.conformance.leaks.findings import Trace
from zdr_router.conformance.leaks.forms import Needles

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

Search = Callable[[Needles], Iterator[Trace]]
"""Looks for canaries in whatever a detector has access to; may be called any number of times."""

_VEIL: Final = bytes(byte ^ 0x5A for byte in range(256))


class Off(Exception):
    """A detector cannot work here; the text says why, and what to do about it."""


class Detector(Protocol):
    """One kind of place in which content may stay."""

    @property
    def name(self) -> str:
        """One word, for the report."""

    def watch(self) -> AbstractContextManager[Search]:
        """Watch until the block is left. Raises `Off` where it cannot."""


def veiled(data: bytes) -> bytes:
    """In a form that no detector finds; the same again is the data."""
    return data.translate(_VEIL)


class Kept:
    """What a detector was told, veiled: not in a form that the other detectors would find, in memory for instance."""

    def __init__(self) -> None:
        """Nothing was told yet."""
        self._all: list[tuple[str, bytes]] = []

    def add(self, where: str, text: str | bytes) -> None:
        """Keep a text, and where it was said."""
        data = text.encode("utf-8", "backslashreplace") if isinstance(text, str) else text
        self._all.append((where, veiled(data)))

    def search(self, needles: Needles) -> Iterator[Trace]:
        """Every canary in what was kept."""
        for where, hidden in tuple(self._all):
            for hit in needles.search(veiled(hidden)):
                yield Trace(where, hit.canary, hit.encoding)
