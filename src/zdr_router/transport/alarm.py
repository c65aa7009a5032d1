"""When a call stops waiting for its head: at its deadline, which counts as nobody's cancelling.

What `asyncio.timeout_at` does, without the exceptions and checks that cost several times as much as its timer.
"""

from __future__ import annotations

import asyncio


class Alarm:
    """Cancels the running task at an instant of the loop's clock, unless it is stopped before."""

    __slots__ = ("_handle", "_requests", "_rung", "_task")

    def __init__(self, loop: asyncio.AbstractEventLoop, deadline: float) -> None:
        """Set it, for the task that runs now."""
        task = asyncio.current_task(loop)
        if task is None:
            message = "a request is sent from within a task"
            raise RuntimeError(message)
        self._task = task
        self._requests = task.cancelling()
        self._rung = False
        self._handle = loop.call_at(deadline, self._ring)

    def _ring(self) -> None:
        self._rung = True
        self._task.cancel()

    def stop(self) -> bool:
        """Whether it rang, and nobody else cancelled the task meanwhile. Called once, however the waiting ended."""
        self._handle.cancel()
        return self._rung and self._task.uncancel() <= self._requests
