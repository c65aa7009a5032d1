"""What follows from each way an attempt can end: move on or stop, and whether it counts against the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from zdr_router.metadata import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Consequence:
    """`moves_on`: another cleared target may be tried. `hurts`: it counts against the health of this one."""

    moves_on: bool
    hurts: bool


_STOP = Consequence(moves_on=False, hurts=False)
_NEXT = Consequence(moves_on=True, hurts=False)
_NEXT_HURT = Consequence(moves_on=True, hurts=True)

CONSEQUENCES: Final[Mapping[Outcome, Consequence]] = {
    Outcome.OK: _STOP,
    # A no is a no: fallback never routes around a refusal or a fault of the caller.
    Outcome.CALLER_FAULT: _STOP,
    Outcome.PROVIDER_REFUSAL: _STOP,
    Outcome.CANCELLED: _STOP,
    # Another target may have a longer context, a fresher clearance or room left.
    Outcome.CONTEXT_TOO_LONG: _NEXT,
    Outcome.UNCLEARED: _NEXT,
    Outcome.GUARDED: _NEXT,
    Outcome.RATE_LIMITED: _NEXT,
    # The target cannot serve anybody for now.
    Outcome.CREDENTIAL: _NEXT_HURT,
    Outcome.QUOTA: _NEXT_HURT,
    Outcome.MODEL_GONE: _NEXT_HURT,
    Outcome.REGION_BLOCKED: _NEXT_HURT,
    Outcome.REDIRECTED: _NEXT_HURT,
    Outcome.UNREACHABLE: _NEXT_HURT,
    Outcome.TRANSIENT: _NEXT_HURT,
    Outcome.TIMEOUT: _NEXT_HURT,
    Outcome.TRUNCATED: _NEXT_HURT,
    Outcome.MALFORMED: _NEXT_HURT,
    Outcome.CONTRADICTED: _NEXT_HURT,
}
