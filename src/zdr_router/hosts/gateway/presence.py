"""Ends what is done for a caller once that is gone, or once the server has to close."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Literal, Self

if TYPE_CHECKING:
    from types import TracebackType

    from zdr_router.hosts.gateway.asgi import Receive

Why = Literal["left", "stalled", "closing"]

_AFTER: Final = 0.02
"""Seconds after which it is watched whether the caller is there: what is answered before costs no task for it."""


class Presence:
    """`with Presence(receive) as presence: …`: the block is left early once the caller has gone; `why` says so then.

    Inside it the router is cancelled where it waits, which closes the connection to the provider.
    """

    __slots__ = ("_receive", "_start", "_task", "_timer", "_watch", "_within", "why")

    def __init__(self, receive: Receive, *, within: float | None = None) -> None:
        """The caller has to have taken everything `within` so many seconds."""
        self._receive = receive
        self._within = within
        self._task: asyncio.Task[object] | None = None
        self._start: asyncio.TimerHandle | None = None
        self._watch: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.why: Why | None = None

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        self._start = loop.call_later(_AFTER, self._begin)
        if self._within is not None:
            self._timer = loop.call_later(self._within, self.end, "stalled")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        task, self._task = self._task, None
        if self._start is not None:
            self._start.cancel()
        if self._watch is not None:
            self._watch.cancel()
        if self._timer is not None:
            self._timer.cancel()
        if self.why is None or task is None:
            return False
        # Ours alone: a server that cancels its task for reasons of its own has to be obeyed.
        return task.uncancel() == 0 and kind is not None and issubclass(kind, asyncio.CancelledError)

    def end(self, why: Why) -> None:
        """Leave the block, if it is still entered."""
        if self._task is not None and self.why is None:
            self.why = why
            self._task.cancel()

    def _begin(self) -> None:
        self._watch = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.end("left")
