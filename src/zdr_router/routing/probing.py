"""When a target is looked at although no request needs it, and what that says of its health. Pure.

A look at the address or at the list of models sees less than a request does. So it takes back only what looks have
found themselves: it ends no ejection that requests have brought about, and adds nothing to the figures of latency.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final, NamedTuple

from zdr_router.metadata import Outcome
from zdr_router.routing.failures import CONSEQUENCES
from zdr_router.routing.health import Health, HealthEvent, admits

if TYPE_CHECKING:
    from zdr_router.routing.settings import ProbeMethod

_WELL: Final = HealthEvent("succeeded")
_FAILED: Final = HealthEvent("failed")
_NOTHING: Final = HealthEvent("abandoned")
_SHORT_REST: Final = 1.0
"""Seconds that a target rests that asks to be left alone and does not say for how long."""

_SOONER: Final = 5
"""How many times as often a target is looked at that was found unwell, and that health has not ejected yet."""

_JITTER: Final = 0.25
"""How far an interval may be from the one that is set, as a share of it: a fleet that started at once falls apart."""

_FORBIDDEN: Final = 403
_NOT_FOR_US: Final = frozenset(
    {Outcome.MODEL_GONE, Outcome.CALLER_FAULT, Outcome.CONTEXT_TOO_LONG, Outcome.PROVIDER_REFUSAL}
)
_NOT_A_LIST: Final = _NOT_FOR_US | {Outcome.REDIRECTED, Outcome.MALFORMED}


class Found(NamedTuple):
    """How a look ended. `wait` is how many seconds the provider asks to be left alone."""

    outcome: Outcome
    http_status: int | None = None
    wait: float | None = None


class Watched(NamedTuple):
    """What is remembered of the looks at one target. Instants are those of the driver's clock.

    It was `looked` at last then, and is again after `rests` seconds in which nobody used it. `shown`: looking `by`
    this means has worked there. `unwell`: the last look failed. `spelling`: how a billed look is written.
    """

    by: ProbeMethod
    looked: float
    rests: float
    shown: bool = False
    unwell: bool = False
    spelling: int = 0


def first(by: ProbeMethod, now: float, every: float, chance: float) -> Watched:
    """A target that is new: the first looks at many are spread over one interval. `chance` is in [0, 1)."""
    return Watched(by, now - chance * every, every)


def used(health: Health) -> float:
    """When a request of this process last succeeded there, -inf if none did: no look measures a latency."""
    return -inf if health.latency is None else health.measured_at


def is_due(watched: Watched, health: Health, used: float, now: float, ahead: float) -> bool:
    """Whether to look now. `used` is when a request last succeeded there.

    One that is ejected is looked at `ahead` seconds before requests would be let in again, so that it is not a
    request that finds out. What is isolated, asked to be left alone or has a probe under way is left alone.
    """
    if now < health.not_before or now - watched.looked < 2 * ahead or not admits(health, now + ahead):
        return False
    return not admits(health, now) or now - max(watched.looked, used) >= watched.rests


def next_look(watched: Watched, now: float, every: float, chance: float) -> Watched:
    """After a look that ended now. `chance` is in [0, 1)."""
    rests = every * (1 - _JITTER + 2 * _JITTER * chance)
    return watched._replace(looked=now, rests=rests / _SOONER if watched.unwell else rests)


def settled(watched: Watched, used: float) -> Watched:
    """Before a look: a request that succeeded since the last one has taken back what that found."""
    return watched._replace(unwell=False) if used > watched.looked else watched


def judge(watched: Watched, found: Found, now: float, spellings: int) -> tuple[Watched, HealthEvent]:
    """What is remembered of a look from now on, and what health is told of it.

    A means that has never worked at a target, and fails in a way that may be about the means, says nothing: billed
    looks are written otherwise once, and then the target is looked at by connecting.
    """
    outcome = found.outcome
    if outcome is Outcome.RATE_LIMITED or (found.wait is not None and CONSEQUENCES[outcome].moves_on):
        wait = _SHORT_REST if found.wait is None else found.wait
        return watched, HealthEvent("throttled", now + wait)
    if outcome is Outcome.OK:
        return _well(watched._replace(shown=True), answered=watched.by == "completion")
    if _may_be_the_means(watched, found):
        if watched.by == "completion" and watched.spelling + 1 < spellings and outcome is Outcome.CALLER_FAULT:
            return watched._replace(spelling=watched.spelling + 1), _NOTHING
        return _well(watched._replace(by="connect", shown=False), answered=False)
    if CONSEQUENCES[outcome].hurts and not _unseen(watched, found):
        return watched._replace(unwell=True), _FAILED
    return watched, _NOTHING


def _well(watched: Watched, *, answered: bool) -> tuple[Watched, HealthEvent]:
    return watched._replace(unwell=False), _WELL if answered or watched.unwell else _NOTHING


def _may_be_the_means(watched: Watched, found: Found) -> bool:
    if watched.shown or watched.by == "connect":
        return False
    if watched.by == "completion":
        return found.outcome in _NOT_FOR_US
    # A key may be good for answers and not for the list.
    forbidden = found.outcome is Outcome.CREDENTIAL and found.http_status == _FORBIDDEN
    return forbidden or found.outcome in _NOT_A_LIST


def _unseen(watched: Watched, found: Found) -> bool:
    """Whether a server that answers fails at a list that it may never have had."""
    answered = found.outcome is Outcome.TRANSIENT and found.http_status is not None
    return answered and watched.by == "models" and not watched.shown
