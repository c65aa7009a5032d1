"""What follows from each way an attempt can end: move on or stop, hurt the target or not, try again or not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from zdr_router.metadata import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.metadata import Sent

Again = Literal["never", "at_once", "later"]


@dataclass(frozen=True, slots=True)
class Consequence:
    """`moves_on`: another cleared target may be tried. `hurts`: it counts against the health of this one.

    `again` tells whether the same target may be tried once more for the same request, and when.
    """

    moves_on: bool
    hurts: bool
    again: Again = "never"


_STOP = Consequence(moves_on=False, hurts=False)
_NEXT = Consequence(moves_on=True, hurts=False)
_NEXT_HURT = Consequence(moves_on=True, hurts=True)
_LATER = Consequence(moves_on=True, hurts=False, again="later")
_LATER_HURT = Consequence(moves_on=True, hurts=True, again="later")

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
    Outcome.RATE_LIMITED: _LATER,
    # The target cannot serve anybody for now, and a second try says the same.
    Outcome.CREDENTIAL: _NEXT_HURT,
    Outcome.QUOTA: _NEXT_HURT,
    Outcome.MODEL_GONE: _NEXT_HURT,
    Outcome.REGION_BLOCKED: _NEXT_HURT,
    Outcome.REDIRECTED: _NEXT_HURT,
    Outcome.CONTRADICTED: _NEXT_HURT,
    # Bad luck, which may have passed.
    Outcome.UNREACHABLE: _LATER_HURT,
    Outcome.TRANSIENT: _LATER_HURT,
    Outcome.TIMEOUT: _LATER_HURT,
    Outcome.TRUNCATED: _LATER_HURT,
    Outcome.MALFORMED: _LATER_HURT,
}
"""By outcome, as it is for most attempts."""

_AT_ONCE: Final = replace(_NEXT, again="at_once")
_FOR_NOTHING: Final = frozenset({Outcome.UNREACHABLE, Outcome.UNCLEARED})


def consequence(outcome: Outcome, sent: Sent, *, again: bool) -> Consequence:
    """What follows for an attempt that ended so; `again`: it was not the first at its target in its request.

    A connection that failed before anything left (a pooled one, most often, that the other side had closed) says
    nothing of the target, and neither does trust that changed meanwhile: that is tried at once, once.
    """
    if not again and sent == "no" and outcome in _FOR_NOTHING:
        return _AT_ONCE
    return CONSEQUENCES[outcome]
