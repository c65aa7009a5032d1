"""Takes a course to its first content or its end: attempts one after another, or two at a time where a route hedges."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, TypeVar

from zdr_router.driver.ended import Ended
from zdr_router.metadata import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from zdr_router.driver.course import Course
    from zdr_router.routing.walk import Start


class Open(Protocol):
    """An answer that has begun, and that somebody has to take to its end or close."""

    def close(self) -> None:
        """Let go of its connection."""
        ...


T = TypeVar("T", bound=Open)


async def follow(
    course: Course, attempt: Callable[[Start], Coroutine[Any, Any, Ended | T]], now: Callable[[], float]
) -> tuple[int, T] | None:
    """Walk until an attempt has committed, and give it; None when the walk is done.

    `attempt` takes one attempt to its end, or to its first content.
    """
    if course.hedges:
        return await _race(course, attempt, now)
    while course.done is None:
        start = course.due
        if start is None:
            await asyncio.sleep(course.wake - now())
            course.wait(now())
            continue
        course.begin(start, now())
        result = await attempt(start)
        if not isinstance(result, Ended):
            course.commit(start.attempt, now())
            return start.attempt, result
        course.end(start.attempt, result, now())
    return None


async def _race(
    course: Course, attempt: Callable[[Start], Coroutine[Any, Any, Ended | T]], now: Callable[[], float]
) -> tuple[int, T] | None:
    """As `follow`, each attempt in a task, so that a second one can begin beside a silent first."""
    tasks: dict[asyncio.Task[Ended | T], Start] = {}
    try:
        while course.done is None:
            if course.due is not None:
                start = course.due
                course.begin(start, now())
                tasks[asyncio.create_task(_quietly(attempt(start)))] = start
            ended = await _first(tasks, course.wake - now())
            if not ended:
                course.wait(now())
            for task in ended:
                start, result = tasks.pop(task), task.result()
                if start.attempt in course.cancelled:
                    _discard(result)
                elif isinstance(result, Ended):
                    course.end(start.attempt, result, now())
                else:
                    course.commit(start.attempt, now())
                    return start.attempt, result
        return None
    finally:
        await _cancel(tasks)


async def _first(tasks: dict[asyncio.Task[Ended | T], Start], patience: float) -> list[asyncio.Task[Ended | T]]:
    """Those that have ended, in the order in which they began; none when it takes longer than that."""
    if not tasks:
        await asyncio.sleep(patience)
        return []
    ended, _ = await asyncio.wait(tasks, timeout=max(0.0, patience), return_when=asyncio.FIRST_COMPLETED)
    return [task for task in tasks if task in ended]


async def _quietly(attempt: Coroutine[Any, Any, Ended | T]) -> Ended | T:
    """The attempt; one that is cancelled ends as that, and keeps no frame of it alive."""
    try:
        return await attempt
    except asyncio.CancelledError as left:
        left.__traceback__ = None  # the frames below may hold a part of the answer
        return Ended(Outcome.CANCELLED, "maybe")


async def _cancel(tasks: dict[asyncio.Task[Ended | T], Start]) -> None:
    """End what nobody waits for: its sockets are closed when this is left, also by a caller who goes away."""
    for task in tasks:
        task.cancel()
    while pending := {task for task in tasks if not task.done()}:
        await asyncio.wait(pending)
    for task in tasks:
        if not task.cancelled():
            _discard(task.result())
    tasks.clear()


def _discard(result: Ended | Open) -> None:
    if not isinstance(result, Ended):
        result.close()
