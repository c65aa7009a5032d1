"""What share of the attempts of the last seconds failed, counted in a few slices of time.

A slice is left out as a whole once its beginning is older than the window, so that what is counted lies between nine
tenths of the window and all of it. There are never more slices than `SLICES`, however many attempts there are.
"""

from __future__ import annotations

from typing import Final

SLICES: Final = 10

Slice = tuple[float, int, int]
"""When it began, attempts, failures."""
Window = tuple[float, int, int, tuple[Slice, ...]]
"""The current slice, and those before it, oldest first: these stay as they are while the current one counts."""

EMPTY: Final[Window] = (0.0, 0, 0, ())


def counted(window: Window, failures: int, now: float, length: float) -> Window:
    """The window of `length` seconds after one more attempt; `failures` is 1 where it failed, else 0."""
    began, attempts, failed, older = window
    # Also when `now` lies before it: a clock that went back opens no slice in the past.
    if attempts and now < began + length / SLICES:
        return began, attempts + 1, failed + failures, older
    oldest = now - length
    if attempts:
        older = (*older, (began, attempts, failed))
    return now, 1, failures, tuple([each for each in older if each[0] > oldest])


def fails(window: Window, now: float, length: float, *, throughput: int, ratio: float) -> bool:
    """Whether at least `throughput` attempts are in the window, of which a share of `ratio` failed."""
    began, attempts, failed, older = window
    oldest = now - length
    for began, tried, lost in older:
        if began > oldest:
            attempts += tried
            failed += lost
    return attempts >= throughput and failed >= ratio * attempts
