"""Takes a request for a stream to its first content, and then to its end, once."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from zdr_router.dialects.base import Codec, StreamDecoder, StreamSetting
from zdr_router.driver.ended import Ended
from zdr_router.errors import StreamBroken
from zdr_router.metadata import ErrorCode, Metadata, Outcome
from zdr_router.transport.base import Response, SendFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from zdr_router.dialects.shapes import ChatChunk
    from zdr_router.driver.attempt import Sender
    from zdr_router.driver.course import Course
    from zdr_router.driver.engine import Ask, Engine, Prepared
    from zdr_router.policy.clearance import Clearance

_BROKEN: Final = 502


@dataclass(slots=True)
class _Upstream:
    """The attempt that is being read."""

    clearance: Clearance
    response: Response
    decoder: StreamDecoder

    async def read(self, ready: deque[ChatChunk]) -> Ended | None:
        """Read once, adding what came to `ready`; how the attempt ended, if it did."""
        data = await self.response.next_chunk()
        if isinstance(data, SendFailure):
            return Ended(data.outcome, data.sent, self.response.status)
        if data is not None:
            ready.extend(self.decoder.feed(data))
            if self.decoder.failed is None and not self.decoder.done:
                return None
        return Ended(self.decoder.end(), "maybe", self.response.status)


class StreamRun:
    """One streamed request: `open()` once, `next()` until None, `close()` in any case.

    Until the first content another target may take over; after it, whatever goes wrong is `StreamBroken`.
    `metadata` is complete once the stream has ended, however it did.
    """

    def __init__(self, engine: Engine, ready: Callable[[], Sender], ask: Ask) -> None:
        """Nothing runs yet; `ready` is asked for the sender when it does."""
        self._engine = engine
        self._sender = ready
        self._ask = ask
        self._now: Callable[[], float] = time.monotonic
        self._ready: deque[ChatChunk] = deque()
        self._course: Course | None = None
        self._upstream: _Upstream | None = None
        self._broken = False
        self.metadata: Metadata | None = None

    async def open(self) -> None:
        """Walk until a target has sent its first content. Raises what a whole answer would raise."""
        self._now = asyncio.get_running_loop().time
        sender = self._sender()
        prepared = self._engine.prepare(self._ask, self._now())
        course = self._course = self._engine.begin(prepared, self._now())
        while (clearance := course.current) is not None:
            course.start(clearance, self._now())
            try:
                ended = await self._attempt(sender, clearance, prepared)
            except asyncio.CancelledError as left:
                self.close()
                left.__traceback__ = None  # the frames below may hold a part of the answer
                raise
            spoke = self._upstream is not None and self._upstream.decoder.committed
            if ended is None or (spoke and ended.outcome is Outcome.OK):
                course.commit(self._now())
            if ended is None:
                return
            if ended.outcome is not Outcome.OK:
                self._ready.clear()
            self._settle(course, clearance, ended)
        if course.ledger.answered is None:
            error = self._engine.failed(course, self._now())
            self.metadata = getattr(error, "metadata", None)
            raise error
        self.metadata = self._engine.succeeded(course, self._now())

    async def next(self) -> ChatChunk | None:
        """The next chunk, None at the end. Raises `StreamBroken` once all that came has been handed out."""
        while not self._ready:
            upstream, course = self._upstream, self._course
            if upstream is None or course is None:
                self._raise_if_broken()
                return None
            try:
                ended = await upstream.read(self._ready)
            except asyncio.CancelledError as left:
                self.close()
                left.__traceback__ = None  # the frames below may hold a part of the answer
                raise
            if ended is not None:
                self._settle(course, upstream.clearance, ended)
                self._close_books(course, ended.outcome)
        return self._ready.popleft()

    def close(self) -> None:
        """Leave the stream; the upstream's connection is closed if it was still sending."""
        self._ready.clear()
        self._drop()
        if self._course is not None and self.metadata is None:
            self.metadata = self._engine.abandon(self._course, self._now())

    async def _attempt(self, sender: Sender, clearance: Clearance, prepared: Prepared) -> Ended | None:
        """None once there is content; else how the attempt ended."""
        response = await sender.send(clearance, prepared.deadline, stream=True)
        if isinstance(response, Ended):
            return response
        if response.headers.get("content-type", "").startswith("application/json"):
            return await _unstreamed(response, sender.codec(clearance), prepared)
        setting = _setting(clearance, response, prepared)
        upstream = self._upstream = _Upstream(clearance, response, sender.codec(clearance).stream(setting))
        while not upstream.decoder.committed:
            ended = await upstream.read(self._ready)
            if ended is not None:
                return ended
        return None

    def _settle(self, course: Course, clearance: Clearance, ended: Ended) -> None:
        """The attempt is over: let go of its connection, and let the walk know."""
        # Also when there is none: what an earlier target counted is not this one's.
        course.ledger.usage = None if self._upstream is None else self._upstream.decoder.usage
        self._drop()
        course.end(clearance, ended, self._now())

    def _close_books(self, course: Course, outcome: Outcome) -> None:
        if outcome is Outcome.OK:
            self.metadata = self._engine.succeeded(course, self._now())
            return
        self._broken = True
        self.metadata = course.ledger.close(_BROKEN, ErrorCode.STREAM_BROKEN, self._now())
        self._engine.record(self.metadata)

    def _raise_if_broken(self) -> None:
        if self._broken and self.metadata is not None:
            raise StreamBroken(self.metadata)

    def _drop(self) -> None:
        if self._upstream is not None:
            self._upstream.response.close()
            self._upstream = None


async def _unstreamed(response: Response, codec: Codec, prepared: Prepared) -> Ended:
    """What came is no stream, but most often an error in a 200, which may be a no."""
    payload = await response.read()
    if isinstance(payload, SendFailure):
        return Ended(payload.outcome, payload.sent, response.status)
    decoded = codec.decode(payload, prepared.head)
    return Ended(decoded if isinstance(decoded, Outcome) else Outcome.MALFORMED, "maybe", response.status)


def _setting(clearance: Clearance, response: Response, prepared: Prepared) -> StreamSetting:
    request = prepared.request
    content = request.content.open()
    choices = content.values()["n"] if "n" in request.requirements.parameters else 1
    expected, headers = clearance.target.rules.response, response.headers
    return StreamSetting(
        prepared.head,
        show_usage=content.stream_options.get("include_usage") is True,
        choices=choices if isinstance(choices, int) else 1,
        accept=(lambda event: all(each.holds(headers, event) for each in expected)) if expected else None,
    )
