"""Where next: the course of one request over its plan, without I/O, clock or randomness.

`walk` is a generator. It yields `Effects` (start this, cancel those, wake me then) and is sent an `Event` (it woke,
an attempt committed, an attempt ended), until it returns `Done`. Time rides in the events. So "no replay after the
first content", "no way around a no" and "every request ends exactly once" live here and nowhere else.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from zdr_router.metadata import Outcome, Sent
from zdr_router.routing.failures import consequence
from zdr_router.routing.queue import Candidate, Gate, Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from zdr_router.policy.clearance import Clearance
    from zdr_router.routing.plan import Plan

    Reclear = Callable[[Clearance, float], Clearance | None]
    """Clears the same target again for the same request at an instant; None when it no longer may serve."""


Verdict = Literal["answered", "stopped", "broken", "exhausted", "deadline"]


class Bounds(NamedTuple):
    """At most so many attempts in all, and so many further tries at each target.

    With `hedge`, a second target is started when the first has not committed after that many seconds.
    """

    attempts: int = 6
    retries: int = 2
    hedge: float | None = None


class Start(NamedTuple):
    """Begin attempt number `attempt` under `clearance`.

    `again`: this request was at that target before. `others`: another target is left that was not asked yet.
    `beside`: it runs beside another attempt.
    """

    attempt: int
    clearance: Clearance
    again: bool = False
    others: bool = False
    beside: bool = False


class Effects(NamedTuple):
    """What the driver does now; then it waits for an event, or until `wake`."""

    start: Start | None = None
    cancel: tuple[int, ...] = ()
    wake: float = inf


_NOTHING: Final = Effects()


class Event(NamedTuple):
    """What happened, at an instant of the driver's clock."""

    at: float
    kind: Literal["begin", "woke", "committed", "ended"]
    attempt: int = -1
    outcome: Outcome = Outcome.OK
    sent: Sent = "maybe"


class Cause(NamedTuple):
    """Why one target did not answer; `attempt` is None when it was not even started."""

    attempt: int | None
    clearance: Clearance
    outcome: Outcome


class Done(NamedTuple):
    """How the request ended. `winner` is the attempt whose outcome decides; `cancel` are those still running.

    `held`: a cleared target was left that could not be asked in time, for its own limits or its provider's.
    """

    verdict: Verdict
    winner: int | None
    causes: tuple[Cause, ...]
    cancel: tuple[int, ...] = ()
    held: bool = False


def begin(  # noqa: PLR0913 - what a walk goes by, each by name
    plan: Plan, at: float, *, deadline: float, bounds: Bounds, reclear: Reclear, gate: Gate
) -> Start | Cause | None:
    """What `walk` would do first at `at`, where that is plain: the first target of the plan may be asked now.

    Gives its start, or why it was not started; None where it takes a walk to say what comes first. Most requests are
    answered by the first target, and have no need of a walk. One that has is told by `begun` what was done already.
    """
    if at >= deadline or bounds.attempts < 1 or bounds.hedge is not None or not plan.clearances:
        return None
    planned = plan.clearances[0]
    if max(gate.opening(planned, at)) > at:
        return None
    clearance = reclear(planned, at)
    if clearance is None:
        return Cause(None, planned, Outcome.UNCLEARED)
    return Start(0, clearance, others=len(plan.clearances) + len(plan.resting) > 1)


def walk(  # noqa: PLR0913 - what a walk goes by, each by name
    plan: Plan,
    *,
    deadline: float,
    bounds: Bounds,
    reclear: Reclear,
    gate: Gate,
    begun: Start | Cause | None = None,
) -> Generator[Effects, Event, Done]:
    """Walk `plan` until one target answers, one says no, none is left, or `deadline` has come.

    Every target is asked once before one is asked again, and cleared again at the instant at which it is started.
    `begun` is what `begin` gave for this plan.
    """
    if begun is not None:
        plan = plan._replace(clearances=plan.clearances[1:])
    steps = _Steps(plan, deadline, bounds, reclear, gate)
    if begun is not None:
        steps.take_over(begun)
    event = yield _NOTHING
    while True:
        result = steps.heard(event) or steps.next(event)
        if isinstance(result, Done):
            return result
        event = yield result


class _Steps:
    """Where a walk stands: the attempts that are `live`, why others ended, and who has sent content."""

    __slots__ = ("_bounds", "_causes", "_deadline", "_live", "_number", "_queue", "_reclear", "_winner")

    def __init__(self, plan: Plan, deadline: float, bounds: Bounds, reclear: Reclear, gate: Gate) -> None:
        self._queue = Queue(plan, gate, deadline)
        self._deadline = deadline
        self._bounds = bounds
        self._reclear = reclear
        self._live: dict[int, Candidate] = {}
        self._causes: list[Cause] = []
        self._number = 0
        self._winner: int | None = None

    def take_over(self, begun: Start | Cause) -> None:
        """The first target was started before the walk was, or was not cleared any more."""
        if isinstance(begun, Cause):
            self._causes.append(begun)
            return
        candidate = Candidate(begun.clearance)
        candidate.tries = 1
        self._live[begun.attempt] = candidate
        self._number = begun.attempt + 1

    def heard(self, event: Event) -> Done | Effects | None:
        """What follows at once from an event; None when it is for `next` to say."""
        if event.attempt not in self._live:
            return None
        if event.kind == "committed":
            return self._committed(event.attempt)
        return self._ended(event) if event.kind == "ended" else None

    def next(self, event: Event) -> Done | Effects:
        """What to start now, and until when to wait."""
        at, bounds, live = event.at, self._bounds, self._live
        if at >= self._deadline:
            return self._done("deadline", self._winner)
        start, wake = None, self._deadline
        if self._may_start():
            if not live:
                start, wake = self._start_next(at)
            elif bounds.hedge is not None and event.kind == "woke":
                start = self._start_second(at)
        if start is not None:
            wake = self._deadline
        elif not live and wake >= self._deadline:
            return self._done("exhausted", None)
        if bounds.hedge is not None and len(live) == 1 and self._may_start() and self._queue.fresh:
            wake = min(wake, at + bounds.hedge)
        return Effects(start, (), wake)

    def _may_start(self) -> bool:
        return self._winner is None and self._number < self._bounds.attempts

    def _committed(self, attempt: int) -> Effects | None:
        """Nobody else is waited for any more."""
        self._winner = attempt
        losers = tuple(other for other in self._live if other != attempt)
        self._causes += [Cause(other, self._live.pop(other).clearance, Outcome.CANCELLED) for other in losers]
        return Effects(cancel=losers, wake=self._deadline) if losers else None

    def _ended(self, event: Event) -> Done | None:
        ended = self._live.pop(event.attempt)
        if event.outcome is Outcome.OK:
            return self._done("answered", event.attempt)
        self._causes.append(Cause(event.attempt, ended.clearance, event.outcome))
        if event.attempt == self._winner:
            return self._done("broken", event.attempt)
        after = consequence(event.outcome, event.sent, again=ended.tries > 1)
        if not after.moves_on:
            return self._done("stopped", event.attempt)
        self._queue.put_back(ended, event.outcome, after.again, event.at, self._bounds.retries)
        return None

    def _start_next(self, at: float) -> tuple[Start | None, float]:
        """Start the next target that may be asked and is still cleared at this instant, or tell when to look again."""
        while True:
            candidate, opens = self._queue.take(at)
            if candidate is None:
                return None, opens
            start = self._start(candidate, at)
            if start is not None:
                return start, at

    def _start_second(self, at: float) -> Start | None:
        """Start a target beside the one that is silent: one that was not asked yet and may be asked now."""
        start = None
        while len(self._live) == 1 and start is None and (candidate := self._queue.take_fresh(at)) is not None:
            start = self._start(candidate, at)
        return start

    def _start(self, candidate: Candidate, at: float) -> Start | None:
        clearance = self._reclear(candidate.clearance, at)
        if clearance is None:
            self._causes.append(Cause(None, candidate.clearance, Outcome.UNCLEARED))
            return None
        candidate.clearance = clearance
        candidate.tries += 1
        number, self._number = self._number, self._number + 1
        self._live[number] = candidate
        return Start(number, clearance, candidate.tries > 1, self._queue.fresh, len(self._live) > 1)

    def _done(self, verdict: Verdict, winner: int | None) -> Done:
        return Done(verdict, winner, tuple(self._causes), tuple(self._live), self._queue.holds_any)
