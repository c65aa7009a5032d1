"""A measured share with what chance leaves open about it."""

from __future__ import annotations

import math
from typing import NamedTuple

_Z = 1.96


class Share(NamedTuple):
    """A share, and the bounds between which the true one lies with 95 % confidence (Wilson)."""

    measured: float
    low: float
    high: float
    of: int

    def __str__(self) -> str:
        low, high = self.low * 100, self.high * 100
        return f"{self.measured * 100:.4f} % of {self.of} (95 %: {low:.4f} to {high:.4f} %)"


def share(part: int, whole: int) -> Share:
    """`part` of `whole`, which is not none."""
    measured, weight = part / whole, _Z * _Z / whole
    middle = (measured + weight / 2) / (1 + weight)
    reach = _Z / (1 + weight) * math.sqrt(measured * (1 - measured) / whole + weight / (4 * whole))
    return Share(measured, max(0.0, middle - reach), min(1.0, middle + reach), whole)
