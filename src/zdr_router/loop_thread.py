"""An event loop in a thread of its own, and how another thread has work done there and waits for it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import CancelledError as FutureCancelled
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from concurrent.futures import Future

T = TypeVar("T")

CLOSED: Final = "the router is not open: use `with` around it"
_PATIENCE: Final = 1.0
"""Seconds that what is under way is given to end by itself when the loop is stopped: its connections are closed."""


class LoopThread:
    """An event loop that runs in a daemon thread until it is stopped."""

    def __init__(self) -> None:
        """It runs from here on."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="zdr-router", daemon=True)
        self._lock = threading.Lock()
        self._waited_for: set[Future[Any]] = set()
        self.stopped = False
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` on the loop and wait; an interrupt of the waiting thread cancels it.

        Raises `RuntimeError` when the loop was stopped, before or meanwhile.
        """
        with self._lock:
            if self.stopped:
                work.close()
                raise RuntimeError(CLOSED)
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
            self._waited_for.add(future)
        try:
            return future.result()
        except FutureCancelled:
            raise RuntimeError(CLOSED) from None
        except BaseException:
            future.cancel()
            raise
        finally:
            self._waited_for.discard(future)
            del future  # it has the error that has this frame: a cycle, which would wait for the collector

    def stop(self) -> None:
        """End what still runs, the thread and the loop. Nobody waits for it any more once this returns."""
        with self._lock:
            self.stopped = True
        try:
            asyncio.run_coroutine_threadsafe(_wind_up(), self._loop).result()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            for future in tuple(self._waited_for):
                future.cancel()


async def _wind_up() -> None:
    """Let what runs on this loop come to its end, by itself or not."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    if tasks:
        _, left = await asyncio.wait(tasks, timeout=_PATIENCE)
        for task in left:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
