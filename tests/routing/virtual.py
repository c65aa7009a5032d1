"""Drives `walk` in virtual time, where an attempt's fate is told beforehand, and keeps everything that it did."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zdr_router.metadata import Outcome, Sent
from zdr_router.routing.plan import Plan
from zdr_router.routing.queue import Opening
from zdr_router.routing.walk import Bounds, Done, Effects, Event, Start, begin, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zdr_router.policy.clearance import Clearance

INFINITY = float("inf")


@dataclass(frozen=True, slots=True)
class Fate:
    """What an attempt comes to: perhaps content after `commits` seconds, then its end after `ends` more."""

    outcome: Outcome = Outcome.OK
    ends: float = 1.0
    commits: float | None = None
    sent: Sent = "maybe"


OPEN = Opening(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Ajar:
    """A gate that is told beforehand: openings by target, how long each further try waits, who may be hedged with."""

    openings: Mapping[str, Opening] = field(default_factory=dict)
    pause: float | None = 1.0
    hedging: bool = True

    def opening(self, clearance: Clearance, at: float) -> Opening:  # noqa: ARG002 - the port's shape
        return self.openings.get(clearance.target.id, OPEN)

    def hedges(self, clearance: Clearance, at: float) -> bool:  # noqa: ARG002 - the port's shape
        return self.hedging

    def retry_at(self, clearance: Clearance, tries: int, at: float) -> float | None:  # noqa: ARG002 - the port's shape
        return None if self.pause is None else at + self.pause


@dataclass(slots=True)
class Course:
    """What happened, in order. `happened` holds (what, attempt, instant)."""

    happened: list[tuple[str, int, float]] = field(default_factory=list)
    started: list[Clearance] = field(default_factory=list)
    recleared: list[tuple[Clearance, float]] = field(default_factory=list)
    delivered: list[tuple[int, Outcome]] = field(default_factory=list)
    live: set[int] = field(default_factory=set)
    most_live: int = 0
    done: Done | None = None
    finished_at: float = 0.0

    def instants(self, what: str) -> list[float]:
        return [at for kind, _, at in self.happened if kind == what]


def drive(  # noqa: PLR0913 - what a request may meet
    plan: Sequence[Clearance],
    fates: Sequence[Fate],
    *,
    deadline: float = INFINITY,
    hedge: float | None = None,
    attempts: int = 6,
    retries: int = 0,
    gate: Ajar = Ajar(),
    resting: Sequence[Clearance] = (),
    larger: Sequence[Clearance] = (),
    lapsed: Callable[[Clearance, float], bool] = lambda _clearance, _at: False,
    ahead: bool = False,
) -> Course:
    """Walk `plan`; the attempt with number `n` meets `fates[n]`. `ahead`: `begin` is asked before there is a walk."""
    course = Course()

    def reclear(clearance: Clearance, at: float) -> Clearance | None:
        course.recleared.append((clearance, at))
        return None if lapsed(clearance, at) else clearance

    queue: list[tuple[float, int, Event]] = []
    order = 0
    whole, bounds = Plan(tuple(plan), (), tuple(resting), tuple(larger)), Bounds(attempts, retries, hedge)
    begun = begin(whole, 0.0, deadline=deadline, bounds=bounds, reclear=reclear, gate=gate) if ahead else None
    walking = walk(whole, deadline=deadline, bounds=bounds, reclear=reclear, gate=gate, begun=begun)
    next(walking)
    event = Event(0.0, "begin")
    first = Effects(begun, wake=deadline) if isinstance(begun, Start) else None
    while True:
        try:
            effects, first = first or walking.send(event), None
        except StopIteration as stop:
            course.done = stop.value
            _cancel(course, stop.value.cancel, event.at)
            course.finished_at = event.at
            return course
        _cancel(course, effects.cancel, event.at)
        if effects.start is not None:
            number, at = effects.start.attempt, event.at
            course.happened.append(("start", number, at))
            course.started.append(effects.start.clearance)
            course.live.add(number)
            course.most_live = max(course.most_live, len(course.live))
            fate = fates[number]
            if fate.commits is not None:
                at += fate.commits
                order += 1
                heapq.heappush(queue, (at, order, Event(at, "committed", number)))
            at += fate.ends
            order += 1
            heapq.heappush(queue, (at, order, Event(at, "ended", number, fate.outcome, fate.sent)))
        while queue and queue[0][2].attempt not in course.live:
            heapq.heappop(queue)
        if queue and queue[0][0] <= effects.wake:
            event = heapq.heappop(queue)[2]
            course.happened.append((event.kind, event.attempt, event.at))
            if event.kind == "ended":
                course.live.discard(event.attempt)
                course.delivered.append((event.attempt, event.outcome))
        elif effects.wake == INFINITY:
            message = "nothing will ever happen again, and the walk is not done"
            raise AssertionError(message)
        else:
            event = Event(effects.wake, "woke")


def _cancel(course: Course, attempts: tuple[int, ...], at: float) -> None:
    for attempt in attempts:
        course.happened.append(("cancel", attempt, at))
        course.live.remove(attempt)
