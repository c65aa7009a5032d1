"""The course of one request: feeds the walk its events, and keeps ledger, health, load and trust up to date."""

from __future__ import annotations

import logging
from math import inf
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from zdr_router.driver.ended import Ended
from zdr_router.driver.ledger import milliseconds
from zdr_router.metadata import Outcome
from zdr_router.routing.failures import consequence
from zdr_router.routing.health import HealthEvent, StateStore
from zdr_router.routing.patience import fair, limit
from zdr_router.routing.walk import Bounds, Cause, Done, Effects, Event, Start, begin, walk

if TYPE_CHECKING:
    from collections.abc import Generator

    from zdr_router.dialects.base import Decoded
    from zdr_router.driver.gate import HealthGate
    from zdr_router.driver.ledger import Ledger
    from zdr_router.policy.clearance import Clearance
    from zdr_router.policy.target import Target
    from zdr_router.routing.plan import Plan, Route
    from zdr_router.routing.walk import Reclear
    from zdr_router.state.load import Loads
    from zdr_router.state.trust import TrustState

log = logging.getLogger("zdr_router")

_STARTED: Final = HealthEvent("started")
_FAILED: Final = HealthEvent("failed")
_ABANDONED: Final = HealthEvent("abandoned")
_NOT_SHOWN: Final = "an answer did not show what the attestation says it shows"
_EARLY: Final = 0.01
"""Seconds by which a timer may ring too early."""

_SHORT_REST: Final = 1.0
"""Seconds that a rate-limited target rests when it does not say for how long."""


class Stores(NamedTuple):
    """Who is told what attempts did to targets."""

    health: StateStore
    loads: Loads
    gate: HealthGate
    trust: TrustState


class _Running:
    """An attempt that is under way."""

    __slots__ = ("clearance", "committed", "start", "started")

    def __init__(self, start: Start, at: float) -> None:
        self.start = start
        self.clearance: Clearance = start.clearance
        self.started = at
        self.committed: float | None = None


class Course:
    """One walk over one plan, attempt by attempt. All instants are on the driver's clock.

    `due` is the attempt to begin now; where there is none, and the walk is not `done`, it waits until `wake`.
    `cancelled` are attempts that nobody waits for any more. `answer` is the whole answer of the attempt that succeeded.

    The walk itself is made when it is needed: not for a request that its first target answers.
    """

    __slots__ = (
        "_begun",
        "_bounds",
        "_committed",
        "_deadline",
        "_earlier",
        "_plan",
        "_reclear",
        "_route",
        "_running",
        "_stores",
        "_walk",
        "answer",
        "cancelled",
        "done",
        "due",
        "ledger",
        "wake",
    )

    def __init__(  # noqa: PLR0913 - what a request comes with
        self,
        plan: Plan,
        route: Route,
        ledger: Ledger,
        stores: Stores,
        *,
        deadline: float,
        reclear: Reclear,
    ) -> None:
        """Take the first step."""
        self.ledger = ledger
        self.due: Start | None = None
        self.wake = inf
        self.done: Done | None = None
        self.cancelled: set[int] = set()
        self.answer: Decoded[Any] | None = None
        self._plan = plan
        self._route = route
        self._stores = stores
        self._deadline = deadline
        self._reclear = reclear
        self._earlier: tuple[Cause, ...] = ()
        self._running: dict[int, _Running] = {}
        self._begin(ledger.began)

    def go_on(self, plan: Plan, route: Route, at: float) -> None:
        """After a walk that has exhausted its plan, walk another one for the same request."""
        if self.done is None:
            message = "the walk is not done"
            raise RuntimeError(message)
        self._earlier, self.done = self.done.causes, None
        self._plan, self._route = plan, route
        self.cancelled.clear()
        self._begin(at)

    def _begin(self, at: float) -> None:
        route = self._route
        self._bounds = bounds = Bounds(route.max_attempts, route.retries, route.patience.hedge_after)
        self._walk: Generator[Effects, Event, Done] | None = None
        self._committed: Event | None = None
        self._begun = begun = begin(
            self._plan, at, deadline=self._deadline, bounds=bounds, reclear=self._reclear, gate=self._stores.gate
        )
        if isinstance(begun, Start):
            self.due, self.wake = begun, self._deadline
        else:
            self._step(Event(at, "begin"))

    def _walking(self) -> Generator[Effects, Event, Done]:
        """The walk, which goes on from what has happened already."""
        walking = walk(
            self._plan,
            deadline=self._deadline,
            bounds=self._bounds,
            reclear=self._reclear,
            gate=self._stores.gate,
            begun=self._begun,
        )
        next(walking)
        if self._committed is not None:
            walking.send(self._committed)
        return walking

    @property
    def hedges(self) -> bool:
        """Whether two attempts may run at a time."""
        return self._route.patience.hedge_after is not None

    def limit(self, start: Start, at: float) -> float:
        """The instant at which an attempt that begins at `at` is given up."""
        stream = self.ledger.stream
        return limit(self._route.patience, at, self._deadline, others=start.others, stream=stream)

    def begin(self, start: Start, at: float) -> None:
        """The attempt that is due begins."""
        self.due = None
        self._running[start.attempt] = _Running(start, at)
        target = start.clearance.target
        self._stores.health.apply(target.id, _STARTED, at)
        self._stores.loads.started(target, at, again=start.again or start.beside)

    def wait(self, at: float) -> None:
        """The instant has come at which to look again."""
        self._step(Event(at, "woke"))

    def commit(self, attempt: int, at: float) -> None:
        """The first content came: from here on no other target is tried."""
        self._running[attempt].committed = at
        self.ledger.first_chunk_ms = milliseconds(at - self.ledger.began)
        self._step(Event(at, "committed", attempt))

    def end(self, attempt: int, ended: Ended, at: float) -> None:
        """An attempt ended; account for it, and find out where next."""
        running = self._running.pop(attempt)
        event = self._settle(running, ended, at)
        target, outcome = running.clearance.target, ended.outcome
        self._stores.health.apply(target.id, event, at)
        if ended.wait is not None and outcome is Outcome.OK:
            self._stores.health.apply(target.id, HealthEvent("throttled", at + ended.wait), at)
        self._step(Event(at, "ended", attempt, outcome, ended.sent))

    def abandon(self, at: float) -> None:
        """The caller went away; the attempts that were running are accounted for."""
        self.due = None
        if self._walk is not None:
            self._walk.close()
        for attempt in tuple(self._running):
            self._leave(attempt, at)

    def retry_after(self, at: float) -> float | None:
        """Seconds until a target of the plan may be asked again, as far as anybody knows; None when one may now."""
        planned = (*self._plan.clearances, *self._plan.resting)
        earliest = min((max(self._stores.gate.opening(each, at)) for each in planned), default=inf)
        return earliest - at if at < earliest < inf else None

    def _step(self, event: Event) -> None:
        if self._walk is None:
            if isinstance(self._begun, Start) and self._is_plain(event, self._begun):
                return
            self._walk = self._walking()
        try:
            effects: Effects = self._walk.send(event)
            if effects.cancel:
                self._leave_all(effects.cancel, event.at)
        except StopIteration as stop:
            done: Done = stop.value
            self.done, self.due = done._replace(causes=(*self._earlier, *done.causes)) if self._earlier else done, None
            if done.cancel:
                self._leave_all(done.cancel, event.at)
            return
        self.due, self.wake = effects.start, effects.wake

    def _is_plain(self, event: Event, begun: Start) -> bool:
        """Whether what follows of an event is plain while the first attempt is all there is: it speaks, or answers."""
        if event.kind == "ended" and event.outcome is Outcome.OK:
            self.done = Done("answered", event.attempt, self._earlier, held=begun.others)
            return True
        if event.kind == "committed" and event.at < self._deadline:
            self._committed = event
            return True
        return False

    def _leave_all(self, attempts: tuple[int, ...], at: float) -> None:
        for attempt in attempts:
            self.cancelled.add(attempt)
            self._leave(attempt, at)

    def _leave(self, attempt: int, at: float) -> None:
        running = self._running.pop(attempt)
        self._settle(running, Ended(Outcome.CANCELLED, "maybe"), at)
        self._stores.health.apply(running.clearance.target.id, _ABANDONED, at)

    def _settle(self, running: _Running, ended: Ended, at: float) -> HealthEvent:
        """Write down an attempt that ended; gives what health is told of it."""
        target = running.clearance.target
        self.ledger.attempted(running.clearance, ended, running.started, at, running.committed)
        usage = None if ended.answer is None else ended.answer.usage
        if usage is None and ended.outcome is Outcome.OK:
            usage = self.ledger.usage
        self._stores.loads.ended(target, at, 0 if usage is None else usage.input_tokens + usage.output_tokens)
        if ended.outcome is Outcome.OK:
            self.ledger.answered, self.answer = target, ended.answer
            return HealthEvent("succeeded", 0.0, (running.committed or at) - running.started)
        return self._failure(running, ended, at)

    def _failure(self, running: _Running, ended: Ended, at: float) -> HealthEvent:
        """What health is told of an attempt that failed; where trust is concerned, it is told too."""
        target, outcome = running.clearance.target, ended.outcome
        after = consequence(outcome, ended.sent, again=running.start.again)
        if outcome is Outcome.CONTRADICTED:
            self._contradict(target)
        if outcome is Outcome.RATE_LIMITED or (ended.wait is not None and after.moves_on):
            return HealthEvent("throttled", at + (_SHORT_REST if ended.wait is None else ended.wait))
        if outcome is Outcome.TIMEOUT and not self._was_fair(running, at):
            return _ABANDONED
        return _FAILED if after.hurts else _ABANDONED

    def _was_fair(self, running: _Running, at: float) -> bool:
        """Whether an attempt that ran out of time says something about its target."""
        if running.committed is not None:
            return at < self._deadline - _EARLY  # it fell silent; else it spoke for as long as it was let
        route = self._route
        return fair(route.patience, at - running.started + _EARLY, route.timeout, stream=self.ledger.stream)

    def _contradict(self, target: Target) -> None:
        self._stores.trust.contradict(f"target:{target.id}", _NOT_SHOWN)
        log.warning("contradicted target=%s configuration=%s", target.id, target.configuration.id)
