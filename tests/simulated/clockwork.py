"""Time that passes only when nothing is left to do: an event loop whose clock jumps to its next timer."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

BEGINNING = 10_000.0
"""Where the loop's clock begins; a real one does not begin at zero either."""


class StuckError(Exception):
    """Everybody waits for something that no timer will bring."""


class _Leap(selectors.BaseSelector):
    """Watches no file. A wait for so many seconds lets them pass at once."""

    def __init__(self) -> None:
        self.instant = BEGINNING
        self._known: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        number = fileobj if isinstance(fileobj, int) else fileobj.fileno()
        key = self._known[fileobj] = selectors.SelectorKey(fileobj, number, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._known.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise StuckError
        if timeout > 0:
            self.instant += timeout
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._known


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop without I/O, in which an hour of waiting takes no time."""

    def __init__(self) -> None:
        self._leap = _Leap()
        super().__init__(self._leap)

    def time(self) -> float:
        return self._leap.instant


class Wall:
    """The clock on the wall: seconds since the epoch, which may jump."""

    def __init__(self, loop: VirtualLoop, base: float) -> None:
        self._loop = loop
        self._base = base - loop.time()

    def now(self) -> float:
        return self._base + self._loop.time()

    def jump(self, seconds: float) -> None:
        self._base += seconds
