"""Takes a request for a stream to its first content, and then to its end, once."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from zdr_router.dialects.base import Codec, StreamDecoder, StreamSetting
from zdr_router.driver.ended import Ended
from zdr_router.errors import StreamBroken
from zdr_router.metadata import ErrorCode, Metadata, Outcome
from zdr_router.transport.base import Response, SendFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from zdr_router.dialects.shapes import ChatChunk
    from zdr_router.driver.asking import Ask
    from zdr_router.driver.course import Course
    from zdr_router.driver.engine import Engine
    from zdr_router.driver.running import Running
    from zdr_router.driver.terms import Prepared
    from zdr_router.policy.clearance import Clearance
    from zdr_router.policy.target import Target
    from zdr_router.routing.walk import Start

_BROKEN: Final = 502


class _Upstream:
    """A stream that is being read. `ready` are chunks that nobody took yet; `ended` is how it ended, once it has."""

    __slots__ = ("_running", "_wait", "clearance", "cut", "decoder", "ended", "ready", "response")

    def __init__(
        self, running: Running, clearance: Clearance, response: Response, decoder: StreamDecoder, wait: float | None
    ) -> None:
        """Nothing was read yet; `wait` is for how many seconds its head says that nothing is left.

        `running` is what it came through, and which it uses until it is closed.
        """
        running.enter()
        self._running: Running | None = running
        self._wait = wait
        self.clearance = clearance
        self.response = response
        self.decoder = decoder
        self.ready: deque[ChatChunk] = deque()
        self.ended: Ended | None = None
        self.cut = False

    async def read(self) -> Ended | None:
        """Read once; how the stream ended, if it did."""
        data = await self.response.next_chunk()
        status = self.response.status
        if self.cut:
            self.ended = Ended(Outcome.UNCLEARED, "maybe", status)
        elif isinstance(data, SendFailure):
            self.ended = Ended(data.outcome, data.sent, status)
        else:
            if data is not None:
                self.ready.extend(self.decoder.feed(data))
                if self.decoder.failed is None and not self.decoder.done:
                    return None
            self.ended = Ended(self.decoder.end(), "maybe", status, self._wait)
        return self.ended

    def close(self) -> None:
        """Let go of the connection; closed if it was still sending."""
        self.response.close()
        running, self._running = self._running, None
        if running is not None:
            running.leave()


class StreamRun:
    """One streamed request: `open()` once, `next()` until None, `close()` in any case.

    Until the first content another target may take over; after it, whatever goes wrong is `StreamBroken`.
    `answers`, once it is open, is the id of the request and the target whose content comes.
    `metadata` is complete once the stream has ended, however it did. From then on nothing of the request is kept, and
    of the answer what nobody took yet.
    """

    def __init__(self, engine: Engine, ready: Callable[[], Running], ask: Ask) -> None:
        """Nothing runs yet; `ready` is asked at each attempt for what to send it with."""
        self._engine = engine
        self._ready = ready
        self._ask: Ask | None = ask
        self._now: Callable[[], float] = time.monotonic
        self._begun: _Begun | None = None
        self._upstream: _Upstream | None = None
        self._chunks: deque[ChatChunk] = deque()
        self._broken = False
        self.metadata: Metadata | None = None
        self.answers: tuple[str, Target] | None = None

    async def open(self) -> None:
        """Walk until a target has sent its first content. Raises what a whole answer would raise."""
        now = self._now = asyncio.get_running_loop().time
        self._ready()
        ask, self._ask = self._ask, None
        if ask is None:
            message = "a stream is opened once"
            raise RuntimeError(message)
        prepared = self._engine.prepare(ask, now())
        begun = self._begun = _Begun(prepared, self._engine.begin(prepared, now()))
        found = await self._walk(begun)
        if found is None:
            self._begun = None
            error = self._engine.failed(begun.course, now())
            self.metadata = getattr(error, "metadata", None)
            try:
                raise error
            finally:
                del error
        begun.attempt, upstream = found
        self.answers = prepared.ledger.request_id, upstream.clearance.target
        self._upstream, self._chunks = upstream, upstream.ready
        upstream.response.allow(until=prepared.deadline, gap=prepared.route.patience.chunk)
        self._engine.streams.add(self)
        self.cut_unless_cleared()  # trust may have changed while the first content was waited for
        if upstream.ended is not None:
            self._settle(begun, upstream, upstream.ended)

    async def _walk(self, begun: _Begun) -> tuple[int, _Upstream] | None:
        now, ready = self._now, self._ready

        def attempt(start: Start) -> Coroutine[Any, Any, Ended | _Upstream]:
            return _begin(ready(), start.clearance, begun.prepared, begun.course.limit(start, now()))

        try:
            return await self._engine.follow(begun.prepared, begun.course, attempt, now)
        except asyncio.CancelledError as left:
            self.close()
            left.__traceback__ = None  # the frames below may hold a part of the answer
            raise

    async def next(self) -> ChatChunk | None:
        """The next chunk, None at the end. Raises `StreamBroken` once all that came has been handed out."""
        while not self._chunks:
            upstream, begun = self._upstream, self._begun
            if upstream is None or begun is None:
                self._raise_if_broken()
                return None
            try:
                ended = await upstream.read()
            except asyncio.CancelledError as left:
                self.close()
                left.__traceback__ = None  # the frames below may hold a part of the answer
                raise
            if ended is not None and self._upstream is upstream:
                self._settle(begun, upstream, ended)
        return self._chunks.popleft()

    async def take(self) -> list[ChatChunk]:
        """All chunks that have come and were not handed out, at least one; none at the end. Raises as `next`."""
        first = await self.next()
        if first is None:
            return []
        taken = [first, *self._chunks]
        self._chunks.clear()
        return taken

    def close(self) -> None:
        """Leave the stream; the upstream's connection is closed if it was still sending."""
        begun, self._begun, self._ask = self._begun, None, None
        upstream, self._upstream = self._upstream, None
        self._chunks.clear()
        self._broken = False
        if upstream is not None:
            upstream.close()
        self._engine.streams.discard(self)
        if begun is not None and self.metadata is None:
            self.metadata = self._engine.abandon(begun.course, self._now())

    def cut_off(self) -> None:
        """The router closes: the books are closed, and whoever reads on is told that the stream broke."""
        upstream, begun = self._upstream, self._begun
        if upstream is not None and begun is not None:
            self._settle(begun, upstream, Ended(Outcome.CANCELLED, "maybe", upstream.response.status))

    def cut_unless_cleared(self) -> None:
        """Trust has changed: end the stream if its target may no longer serve it and policy says to cut."""
        upstream, begun = self._upstream, self._begun
        if upstream is None or begun is None or upstream.ended is not None:
            return
        if not self._engine.terms.may_go_on(upstream.clearance, begun.prepared):
            upstream.cut = True
            upstream.close()

    def _settle(self, begun: _Begun, upstream: _Upstream, ended: Ended) -> None:
        """The stream is over: let go of its connection and the request, let the walk know, and close the books."""
        course = begun.course
        course.ledger.usage = upstream.decoder.usage
        upstream.close()
        self._begun = self._upstream = None
        self._engine.streams.discard(self)
        course.end(begun.attempt, ended, self._now())
        if ended.outcome is Outcome.OK:
            self.metadata = self._engine.succeeded(course, self._now())
            return
        self._broken = True
        self.metadata = course.ledger.close(_BROKEN, ErrorCode.STREAM_BROKEN, self._now())
        self._engine.books.record(self.metadata)

    def _raise_if_broken(self) -> None:
        if self._broken and self.metadata is not None:
            raise StreamBroken(self.metadata)


class _Begun:
    """What a stream has of its request until it ends. `attempt` is the one that committed."""

    __slots__ = ("attempt", "course", "prepared")

    def __init__(self, prepared: Prepared, course: Course) -> None:
        self.prepared = prepared
        self.course = course
        self.attempt = -1


async def _begin(running: Running, clearance: Clearance, prepared: Prepared, limit: float) -> Ended | _Upstream:
    """A stream with its first content, or whole if it ended well before any; else how the attempt ended."""
    running.enter()
    try:
        return await _first(running, clearance, prepared, limit)
    finally:
        running.leave()


async def _first(running: Running, clearance: Clearance, prepared: Prepared, limit: float) -> Ended | _Upstream:
    sender = running.sender
    response = await sender.send(clearance, limit, stream=True)
    if isinstance(response, Ended):
        return response
    if response.headers.get("content-type", "").startswith("application/json"):
        return await _unstreamed(response, sender.codec(clearance), prepared)
    setting = _setting(clearance, response, prepared)
    upstream = _Upstream(running, clearance, response, sender.codec(clearance).stream(setting), sender.rest(response))
    try:
        while not upstream.decoder.committed and upstream.ended is None:
            await upstream.read()
    except BaseException:
        upstream.close()
        raise
    if upstream.ended is not None and upstream.ended.outcome is not Outcome.OK:
        upstream.close()
        return upstream.ended
    return upstream


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
