"""When a task stops waiting for a peer: at its deadline, which counts as nobody's cancelling.

What `asyncio.timeout_at` does, without the exceptions and checks that cost several times as much as its timer; and one
timer for all that wait, since nearly every one of them is stopped long before it would ring.
"""

from __future__ import annotations

import asyncio


class Alarms:
    """The deadlines of all who wait, under one timer, which is set for the earliest of them or before it."""

    __slots__ = ("_set", "_timer")

    def __init__(self) -> None:
        """Nobody waits."""
        self._set: set[Alarm] = set()
        self._timer: asyncio.TimerHandle | None = None

    def set(self, loop: asyncio.AbstractEventLoop, deadline: float) -> Alarm:
        """One for the task that runs now, at an instant of the loop's clock."""
        task = asyncio.current_task(loop)
        if task is None:
            message = "whoever waits for a peer is a task"
            raise RuntimeError(message)
        alarm = Alarm(self._set, task, deadline)
        self._set.add(alarm)
        if self._timer is None or deadline < self._timer.when():
            self._wake(loop, deadline)
        return alarm

    def close(self) -> None:
        """Let the loop keep no timer of it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wake(self, loop: asyncio.AbstractEventLoop, at: float) -> None:
        self.close()
        self._timer = loop.call_at(at, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ring those that are due, and be there for the next."""
        self._timer = None
        now = loop.time()
        for alarm in [each for each in self._set if each.deadline <= now]:
            alarm.ring()
        if self._set:
            self._wake(loop, min(alarm.deadline for alarm in self._set))


class Alarm:
    """Cancels a task at its deadline, unless it is stopped before. `Alarms` makes one."""

    __slots__ = ("_requests", "_rung", "_set", "_task", "deadline")

    def __init__(self, others: set[Alarm], task: asyncio.Task[object], deadline: float) -> None:
        """It is taken out of `others` once it rings or is stopped."""
        self._set = others
        self._task = task
        self._requests = task.cancelling()
        self._rung = False
        self.deadline = deadline

    def ring(self) -> None:
        """The deadline has come."""
        self._set.discard(self)
        self._rung = True
        self._task.cancel()

    def stop(self) -> bool:
        """Whether it rang, and nobody else cancelled the task meanwhile. Called once, however the waiting ended."""
        self._set.discard(self)
        return self._rung and self._task.uncancel() <= self._requests
