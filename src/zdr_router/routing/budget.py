"""Whether a target may be tried again: retries are a share of its traffic, so that they cannot bury one that struggles.

Attempts and retries are counted with a weight that fades over about ten seconds. Both fade alike, so their ratio stays
as it is while nothing happens, and a share that was kept to remains kept to.
"""

from __future__ import annotations

from math import exp
from typing import Final, NamedTuple

FLOOR: Final = 3.0
"""So many retries (of the last ten seconds) are allowed however little traffic there is."""

SPAN: Final = 10.0
"""Seconds after which what happened counts for 1/e."""


class Budget(NamedTuple):
    """What was attempted at one target and how much of that were retries, as weighed at the instant `at`."""

    at: float = 0.0
    attempts: float = 0.0
    retries: float = 0.0


UNSPENT: Final = Budget()
"""The budget of a target at which nothing was attempted yet."""


def spend(budget: Budget, now: float, *, again: bool) -> Budget:
    """The budget after one more attempt, which was a retry if `again`."""
    at, attempts, retries = budget
    if now > at:
        kept = exp((at - now) / SPAN)
        attempts *= kept
        retries *= kept
        at = now
    return Budget(at, attempts + 1.0, retries + 1.0 if again else retries)


def may_retry(budget: Budget, now: float, share: float) -> bool:
    """Whether one more retry would keep to `FLOOR` or to `share` of all attempts, itself among them."""
    spent = spend(budget, now, again=True)
    return spent.retries <= max(FLOOR, share * spent.attempts)
