"""How long to wait before the same target is tried again: exponential, with full jitter.

Full jitter draws from the whole interval, so that callers who failed together do not come back together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_DOUBLINGS = 30


def pause(tries: int, random: Callable[[], float], *, base: float = 0.25, longest: float = 8.0) -> float:
    """Seconds to wait after `tries` failed tries in a row: at random below `base` · 2^(tries - 1) and `longest`."""
    # A power that no float can hold is an error; long before that, `longest` decides.
    doublings = min(max(tries - 1, 0), _MOST_DOUBLINGS)
    return random() * min(longest, base * (1 << doublings))
