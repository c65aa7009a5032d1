"""When an answer is whole: its body ends where its head said, in time, within the limit; anything else is a failure."""

from __future__ import annotations

import asyncio
import zlib
from math import inf
from typing import TYPE_CHECKING

from aiohttp import ClientPayloadError

from zdr_router.metadata import Outcome
from zdr_router.transport.base import SendFailure
from zdr_router.transport.decoding import ACCEPTED, Inflater
from zdr_router.transport.exchange import LOWEST_FINAL_STATUS
from zdr_router.transport.failures import FAILURES, forget, outcome_within_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import StreamReader
    from aiohttp.http import RawResponseMessage

    from zdr_router.transport.exchange import Exchange


class Answer:
    """A `Response` over aiohttp. The deadline of the call bounds every wait for its body, or what `allow` says instead.

    One timer serves all waits. It is set for the earliest instant at which any may have to end, and where none has to
    then, it sets itself anew: a timer for each chunk would cost more than reading the chunk.
    """

    __slots__ = (
        "_alarm",
        "_closed",
        "_content",
        "_encoding",
        "_end",
        "_exchange",
        "_failure",
        "_gap",
        "_inflater",
        "_limit",
        "_loop",
        "_received",
        "_since",
        "_until",
        "headers",
        "status",
    )

    def __init__(
        self, message: RawResponseMessage, content: StreamReader, exchange: Exchange, *, deadline: float, limit: int
    ) -> None:
        """Take over the exchange whose answer has begun with `message`."""
        self.status: int = message.code
        self.headers: Mapping[str, str] = message.headers  # finds a name in any case
        self._content = content
        self._exchange = exchange
        self._until = deadline
        self._gap = inf
        self._since: float | None = None  # when the wait that is under way began
        self._limit = limit
        self._received = 0
        self._closed = False
        self._failure: SendFailure | None = None
        self._loop = asyncio.get_running_loop()
        self._alarm: asyncio.TimerHandle | None = None
        self._end: asyncio.Future[None] | None = None
        self._encoding = message.headers.get("content-encoding", "").lower()
        self._inflater = Inflater() if self._encoding in ACCEPTED else None

    def acceptable(self) -> bool:
        """Whether the head is one to read a body after: a final status, and an encoding that is understood."""
        understood = self._inflater is not None or self._encoding in {"", "identity"}
        return understood and self.status >= LOWEST_FINAL_STATUS

    def allow(self, *, until: float, gap: float | None = None) -> None:
        """Wait for no byte beyond `until`, and for none longer than `gap` seconds, from now on."""
        self._until = until
        self._gap = inf if gap is None else gap
        if self._alarm is not None and not self._closed and self._due() < self._alarm.when():
            self._alarm.cancel()
            self._alarm = self._loop.call_at(self._due(), self._ring)

    async def read(self) -> bytes | SendFailure:
        """The whole body, up to the limit."""
        pieces: list[bytes] = []
        while True:
            piece = await self.next_chunk()
            if piece is None:
                return pieces[0] if len(pieces) == 1 else b"".join(pieces)
            if isinstance(piece, SendFailure):
                return piece
            pieces.append(piece)

    async def next_chunk(self) -> bytes | SendFailure | None:
        """The next bytes as they come, or None at the end of a complete body."""
        while True:
            if self._content.at_eof():
                return self._failure or self._at_end()
            chunk = await self._next_raw()
            if isinstance(chunk, SendFailure):
                return chunk
            if not chunk:
                return self._at_end()
            if self._inflater is not None:
                try:
                    chunk = self._inflater.inflate(chunk, self._limit - self._received + 1)
                except zlib.error:
                    return self.give_up(Outcome.MALFORMED)
            self._received += len(chunk)
            if self._received > self._limit:
                return self.give_up(Outcome.MALFORMED)
            if chunk:
                return chunk

    async def _next_raw(self) -> bytes | SendFailure:
        """The next bytes off the wire, or none at the end."""
        content = self._content
        now = self._loop.time()
        if now >= self._until:
            return self.give_up(Outcome.TIMEOUT)
        try:
            chunk = content.read_nowait()
            if not chunk and not content.is_eof():
                self._since = now
                self._watch()
                chunk = await content.readany()
                self._since = None
        except asyncio.CancelledError as error:
            self.close()
            forget(error)
            raise
        except FAILURES as error:
            outcome = outcome_within_body(error, self._exchange)
            forget(error)
            return self.give_up(outcome)
        return chunk

    def _at_end(self) -> SendFailure | None:
        """None if what came is the whole body. A body that only the end of its connection ends must end in order."""
        if isinstance(self._exchange.fault(), OSError):
            delimited = "content-length" in self.headers or "transfer-encoding" in self.headers
            if not delimited:
                return self.give_up(Outcome.TRUNCATED)
        if self._inflater is not None and self._content.total_bytes and not self._inflater.complete:
            return self.give_up(Outcome.TRUNCATED)
        self.close()
        return None

    def _watch(self) -> None:
        """Wake the reader when it may wait no longer, and when the connection ends."""
        if self._alarm is None:
            self._alarm = self._loop.call_at(self._due(), self._ring)
            self._end = self._exchange.end()
            if self._end is not None:
                self._end.add_done_callback(self._on_end)
        if self._end is None or self._end.done():  # its callback has yet to run, or never will
            self._on_end()

    def _due(self) -> float:
        """The earliest instant at which a wait may have to end: the one under way, or one that begins now."""
        return min(self._until, (self._loop.time() if self._since is None else self._since) + self._gap)

    def _ring(self) -> None:
        """End the wait that has lasted too long, if one has."""
        now = self._loop.time()
        if now >= self._until:
            self._interrupt(TimeoutError())
        elif self._due() > now:
            self._alarm = self._loop.call_at(self._due(), self._ring)
        else:  # bytes may have come just now, and the reader not yet know: it is asked after it had its turn
            self._loop.call_soon(self._judge, self._since)

    def _judge(self, since: float | None) -> None:
        """End a wait whose gap is over, unless it has ended by itself."""
        if self._closed:
            return
        if since is not None and self._since == since:
            self._interrupt(TimeoutError())
        else:
            self._alarm = self._loop.call_at(self._due(), self._ring)

    def _on_end(self, _end: asyncio.Future[None] | None = None) -> None:
        """Fail a body that did not end before its connection did: at a malformed chunk aiohttp tells no reader."""
        self._interrupt(ClientPayloadError())

    def _interrupt(self, error: Exception) -> None:
        """Close the socket under an unfinished body. Why it broke stays to be asked for."""
        if not self._content.is_eof() and self._content.exception() is None:
            self._content.set_exception(error)
            self._exchange.cut()

    def close(self) -> None:
        """Give the connection back if the body came to its end, else close its socket."""
        content = self._content
        # One that was answered before it had the whole request is of no use to the next.
        if content.is_eof() and content.exception() is None and self._exchange.finished:
            if not content.at_eof():
                content.read_nowait()  # the pool would keep what nobody read
            self._finish(reusable=True)
        else:
            self._finish(reusable=False)

    def give_up(self, outcome: Outcome) -> SendFailure:
        """Close the socket, and say why there is no more."""
        self._failure = SendFailure(outcome, "maybe")
        self._finish(reusable=False)
        return self._failure

    def _finish(self, *, reusable: bool) -> None:
        """Part from the connection, once."""
        if self._closed:
            return
        self._closed = True
        if self._alarm is not None:
            self._alarm.cancel()
        if self._end is not None:
            self._end.remove_done_callback(self._on_end)
            self._end = None
        if reusable:
            self._exchange.release()
        else:
            self._interrupt(ClientPayloadError())
            self._exchange.abort()
