"""The course of one request: feeds the walk its events, and keeps ledger, health and trust up to date."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final

from zdr_router.driver.ended import Ended
from zdr_router.metadata import Outcome
from zdr_router.routing.failures import CONSEQUENCES
from zdr_router.routing.health import HealthEvent, StateStore
from zdr_router.routing.walk import Done, Event, walk

if TYPE_CHECKING:
    from zdr_router.dialects.base import Decoded
    from zdr_router.driver.ledger import Ledger
    from zdr_router.policy.clearance import Clearance
    from zdr_router.policy.target import Target
    from zdr_router.routing.plan import Plan
    from zdr_router.routing.walk import Reclear
    from zdr_router.state.trust import MemoryTrust

log = logging.getLogger("zdr_router")

_STARTED: Final = HealthEvent("started")
_FAILED: Final = HealthEvent("failed")
_ABANDONED: Final = HealthEvent("abandoned")
_SHORT_REST: Final = 1.0
"""Seconds that a rate-limited target rests when it does not say for how long."""


class Course:
    """One walk over one plan, attempt by attempt. All instants are on the driver's clock.

    `current` is the clearance of the attempt that is due or running, None once the walk is `done`; `answer` is the
    whole answer of the attempt that succeeded.
    """

    def __init__(  # noqa: PLR0913 - the stores it keeps up to date
        self, plan: Plan, ledger: Ledger, *, deadline: float, reclear: Reclear, health: StateStore, trust: MemoryTrust
    ) -> None:
        """Take the first step."""
        self.ledger = ledger
        self.current: Clearance | None = None
        self.done: Done | None = None
        self.answer: Decoded[Any] | None = None
        self._health = health
        self._trust = trust
        self._attempt = -1
        self._started = ledger.began
        self._committed: float | None = None
        self._walk = walk(plan.clearances, deadline=deadline, hedge=None, reclear=reclear)
        next(self._walk)
        self._step(Event(ledger.began, "begin"))

    def start(self, clearance: Clearance, at: float) -> None:
        """The attempt that is due begins."""
        self._started, self._committed = at, None
        self._health.apply(clearance.target.id, _STARTED, at)

    def commit(self, at: float) -> None:
        """The first content came: from here on no other target is tried."""
        self._committed = at
        self.ledger.first_chunk_ms = round((at - self.ledger.began) * 1000, 3)
        self._step(Event(at, "committed", self._attempt))

    def end(self, clearance: Clearance, ended: Ended, at: float) -> None:
        """The attempt ended; account for it, and find out where next."""
        self.ledger.attempted(clearance, ended, self._started, at, self._committed)
        target, outcome = clearance.target, ended.outcome
        if outcome is Outcome.OK:
            self.ledger.answered, self.answer = target, ended.answer
            event = HealthEvent("succeeded", 0.0, (self._committed or at) - self._started)
        else:
            event = self._failure(target, ended, at)
        self._health.apply(target.id, event, at)
        self._step(Event(at, "ended", self._attempt, outcome))

    def abandon(self, at: float) -> None:
        """The caller went away; the attempt that was running is accounted for."""
        clearance, self.current = self.current, None
        self._walk.close()
        if clearance is not None:
            left = Ended(Outcome.CANCELLED, "maybe")
            self.ledger.attempted(clearance, left, self._started, at, self._committed)
            self._health.apply(clearance.target.id, _ABANDONED, at)

    def _step(self, event: Event) -> None:
        try:
            effects = self._walk.send(event)
        except StopIteration as stop:
            self.done, self.current = stop.value, None
            return
        if effects.start is not None:
            self._attempt, self.current = effects.start.attempt, effects.start.clearance

    def _failure(self, target: Target, ended: Ended, at: float) -> HealthEvent:
        """What health is told of an attempt that failed; where trust is concerned, it is told too."""
        consequence = CONSEQUENCES[ended.outcome]
        if ended.outcome is Outcome.CONTRADICTED:
            self._trust.contradict(f"target:{target.id}", "an answer did not show what the attestation says it shows")
            log.warning("contradicted target=%s configuration=%s", target.id, target.configuration.id)
        if ended.outcome is Outcome.RATE_LIMITED or (ended.wait is not None and consequence.moves_on):
            return HealthEvent("throttled", at + (_SHORT_REST if ended.wait is None else ended.wait))
        return _FAILED if consequence.hurts else _ABANDONED
