"""Which target of a plan is asked next: the cases that a whole walk meets too seldom."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

from deployments import clear, clearances

from zdr_router.metadata import Outcome
from zdr_router.routing.plan import Plan
from zdr_router.routing.queue import Queue

sys.path.insert(0, str(Path(__file__).parent))

from virtual import Ajar

PLAN = clearances(4)


def queue(*planned: Any, larger: tuple[Any, ...] = ()) -> Queue:
    return Queue(Plan(planned, (), (), larger), Ajar(), 60.0)


def taking(clearance: Any, context: int) -> Any:
    """The same for a target whose model is declared to take so many tokens."""
    declared = clearance.target.declared.model_copy(update={"context": context})
    return clear(dataclasses.replace(clearance.target, declared=declared))


def rest(queue: Queue) -> list[Any]:
    """Everything that is left, in its order."""
    found = []
    while (candidate := queue.take(0.0)[0]) is not None:
        found.append(candidate.clearance)
    return found


def test_beside_a_silent_target_none_is_asked_that_was_asked_before():
    waiting = queue(PLAN[0])
    candidate, _ = waiting.take(0.0)
    candidate.tries = 1
    waiting.put_back(candidate, Outcome.UNREACHABLE, "at_once", 0.0, 0)
    assert not waiting.fresh
    assert waiting.take_fresh(0.0) is None
    assert waiting.take(0.0)[0] is candidate


def test_one_that_takes_as_much_is_not_asked_what_was_too_long():
    short, same, longer = (taking(each, size) for each, size in zip(PLAN, (8, 8, 9), strict=False))
    waiting = queue(short, same, longer)
    candidate, _ = waiting.take(0.0)
    waiting.put_back(candidate, Outcome.CONTEXT_TOO_LONG, "never", 0.0, 0)
    assert rest(waiting) == [longer]


def test_what_is_there_for_long_requests_is_let_in_once():
    waiting = queue(taking(PLAN[0], 8), taking(PLAN[1], 9), larger=(PLAN[2],))
    for _ in range(2):
        candidate, _ = waiting.take(0.0)
        waiting.put_back(candidate, Outcome.CONTEXT_TOO_LONG, "never", 0.0, 0)
    assert rest(waiting) == [PLAN[2]]
