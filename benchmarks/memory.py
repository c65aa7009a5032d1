"""How much memory a process holds, and whether that grows."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_STATM: Final = Path("/proc/self/statm")


def resident_bytes() -> int:
    """Resident bytes of this process; where the system does not tell, the most that it ever held."""
    if _STATM.exists():
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def slope(values: Sequence[float]) -> float:
    """By how much a value exceeds the one before it: the line of least squares, so that one outlier decides nothing."""
    count = len(values)
    middle, mean = (count - 1) / 2, sum(values) / count
    spread = sum((index - middle) ** 2 for index in range(count))
    return sum((index - middle) * (value - mean) for index, value in enumerate(values)) / spread if spread else 0.0
