"""Where next: the course of one request over its plan, without I/O, clock or randomness.

`walk` is a generator. It yields `Effects` (start this, cancel those, wake me then) and is sent an `Event` (it woke,
an attempt committed, an attempt ended), until it returns `Done`. Time rides in the events. So "no replay after the
first content", "no way around a no" and "every request ends exactly once" live here and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from zdr_router.metadata import Outcome
from zdr_router.routing.failures import CONSEQUENCES

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from zdr_router.policy.clearance import Clearance

    Reclear = Callable[[Clearance, float], Clearance | None]
    """Clears the same target again for the same request at an instant; None when it no longer may serve."""


class Start(NamedTuple):
    """Begin attempt number `attempt` under `clearance`."""

    attempt: int
    clearance: Clearance


class Effects(NamedTuple):
    """What the driver does now; then it waits for an event, or until `wake`."""

    start: Start | None = None
    cancel: tuple[int, ...] = ()
    wake: float = float("inf")


class Event(NamedTuple):
    """What happened, at an instant of the driver's clock."""

    at: float
    kind: Literal["begin", "woke", "committed", "ended"]
    attempt: int = -1
    outcome: Outcome = Outcome.OK


class Cause(NamedTuple):
    """Why one target did not answer; `attempt` is None when it was not even started."""

    attempt: int | None
    clearance: Clearance
    outcome: Outcome


class Done(NamedTuple):
    """How the request ended. `winner` is the attempt whose outcome decides; `cancel` are those still running."""

    verdict: Literal["answered", "stopped", "broken", "exhausted", "deadline"]
    winner: int | None
    causes: tuple[Cause, ...]
    cancel: tuple[int, ...] = ()


def walk(  # noqa: C901 - one loop, so that the rules of a request are read together
    plan: Sequence[Clearance], *, deadline: float, hedge: float | None, reclear: Reclear
) -> Generator[Effects, Event, Done]:
    """Walk `plan` in order until one target answers, one says no, none is left, or `deadline` has come.

    With `hedge`, a second target is started when the first has not committed after that many seconds.
    Each target is cleared again at the instant at which it is started.
    """
    queue = list(plan)
    live: dict[int, Clearance] = {}
    causes: list[Cause] = []
    number = 0
    winner: int | None = None
    event = yield Effects()
    while True:
        if event.at >= deadline:
            return Done("deadline", winner, tuple(causes), tuple(live))
        start = None
        hedging = hedge is not None and event.kind == "woke" and len(live) == 1
        if winner is None and (not live or hedging):
            start = _next(queue, causes, reclear, event.at, number)
        if start is not None:
            live[number] = start.clearance
            number += 1
        if not live:
            return Done("exhausted", None, tuple(causes))
        waits = hedge is not None and bool(queue) and winner is None and len(live) == 1
        wake = min(deadline, event.at + hedge) if waits and hedge is not None else deadline
        event = yield Effects(start=start, wake=wake)
        if event.kind == "committed" and event.attempt in live and winner is None:
            winner = event.attempt
            losers = tuple(attempt for attempt in live if attempt != winner)
            causes += [Cause(attempt, live.pop(attempt), Outcome.CANCELLED) for attempt in losers]
            if losers:
                event = yield Effects(cancel=losers, wake=deadline)
        if event.kind == "ended" and event.attempt in live:
            clearance = live.pop(event.attempt)
            if event.outcome is Outcome.OK:
                return Done("answered", event.attempt, tuple(causes), tuple(live))
            causes.append(Cause(event.attempt, clearance, event.outcome))
            if event.attempt == winner:
                return Done("broken", winner, tuple(causes), tuple(live))
            if not CONSEQUENCES[event.outcome].moves_on:
                return Done("stopped", event.attempt, tuple(causes), tuple(live))


def _next(queue: list[Clearance], causes: list[Cause], reclear: Reclear, at: float, number: int) -> Start | None:
    """The next target that is still cleared at this instant."""
    while queue:
        planned = queue.pop(0)
        clearance = reclear(planned, at)
        if clearance is not None:
            return Start(number, clearance)
        causes.append(Cause(None, planned, Outcome.UNCLEARED))
    return None
