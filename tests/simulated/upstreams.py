"""The providers of the simulated world, behind the port through which bytes leave: a `Transport` without a socket."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from simulated.declared import PROVING
from simulated.fates import DENIES, NEVER, Fate, Voice
from simulated.journeys import CURRENT, Hop
from zdr_router.metadata import Outcome
from zdr_router.transport.base import SendFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulated.weather import Weather
    from simulated.witness import Witness
    from zdr_router.policy.dispatch import Dispatch


class Upstreams:
    """Sends for one worker. Whatever leaves is shown to the witness first."""

    def __init__(self, worker: Any, weather: Weather, witness: Witness) -> None:
        self._worker = worker
        self._weather = weather
        self._witness = witness

    async def send(self, dispatch: Dispatch, *, deadline: float) -> Body | SendFailure:
        loop = asyncio.get_running_loop()
        if loop.time() >= deadline:
            return SendFailure(Outcome.TIMEOUT, "no")
        journey = CURRENT.get()
        if journey is None:
            self._witness.stray(dispatch)
            return SendFailure(Outcome.UNREACHABLE, "no")
        target = dispatch.clearance.target.id
        hop = Hop(len(journey.hops), target, loop.time(), preflight=dispatch.method == "GET")
        self._witness.leaves(self._worker, journey, hop, dispatch, deadline)
        journey.hops.append(hop)
        voice = Voice(journey.number, hop.number)
        fate = self._weather.fate(target, loop.time(), journey.kind, voice, journey.random)
        denies = fate.name in DENIES and target in PROVING
        hop.says = None if denies else fate.says
        hop.fault = fate.name if hop.says is None else ""
        arrives = min(loop.time() + fate.head_after, deadline)
        try:
            await asyncio.sleep(arrives - loop.time())
        except asyncio.CancelledError:
            hop.closed_at = loop.time()
            raise
        if arrives == deadline or fate.failure is not None:
            hop.closed_at = loop.time()
            late = SendFailure(Outcome.TIMEOUT, "maybe")
            return late if arrives == deadline or fate.failure is None else fate.failure
        self._witness.told(self._worker, target, fate, loop.time())
        return Body(hop, fate, deadline, loop.time, partial(self._witness.goes_on, self._worker, journey, hop))


class Body:
    """An answer whose head has come. Its pieces come at their own times, whether anybody reads them or not."""

    def __init__(
        self, hop: Hop, fate: Fate, deadline: float, now: Callable[[], float], goes_on: Callable[[], None]
    ) -> None:
        self.status = fate.status
        self.headers = fate.headers or {}
        self._hop = hop
        self._fate = fate
        self._until = deadline
        self._gap = NEVER
        self._now = now
        self._goes_on = goes_on
        self._due = now()
        self._read = 0
        self._failure: SendFailure | None = None

    def allow(self, *, until: float, gap: float | None = None) -> None:
        self._until = until
        self._gap = NEVER if gap is None else gap

    async def read(self) -> bytes | SendFailure:
        pieces: list[bytes] = []
        while True:
            piece = await self.next_chunk()
            if piece is None:
                return b"".join(pieces)
            if isinstance(piece, SendFailure):
                return piece
            pieces.append(piece)

    async def next_chunk(self) -> bytes | SendFailure | None:
        fate, ended = self._fate, self._read >= len(self._fate.pieces)
        if self._hop.closed_at is not None:
            # Closed under its reader, unless it was read to its end.
            return self._failure if ended or self._failure is not None else SendFailure(Outcome.TRUNCATED, "maybe")
        due = self._due if ended else self._due + fate.pieces[self._read][0]
        if ended and fate.end == "hangs":
            due = NEVER
        if (failure := await self._wait(due)) is not None:
            return failure
        if not ended:
            self._due = due
            self._read += 1
            self._goes_on()
            return fate.pieces[self._read - 1][1]
        if fate.end == "cut":
            return self._give_up(Outcome.TRUNCATED)
        self.close()
        return None

    def close(self) -> None:
        if self._hop.closed_at is None:
            self._hop.closed_at = self._now()

    async def _wait(self, due: float) -> SendFailure | None:
        """Wait for what comes at `due`, within what is allowed."""
        now = self._now()
        if now >= self._until:
            return self._give_up(Outcome.TIMEOUT)
        if due <= now:
            return None
        limit = min(self._until, now + self._gap)
        try:
            await asyncio.sleep(min(due, limit) - now)
        except asyncio.CancelledError:
            self.close()
            raise
        return self._give_up(Outcome.TIMEOUT) if due > limit else None

    def _give_up(self, outcome: Outcome) -> SendFailure:
        self.close()
        self._failure = SendFailure(outcome, "maybe")
        return self._failure
