"""HTTP as uvicorn speaks it, for callers that are slow, say too much or do not speak it at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import httptools
import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from zdr_router.hosts.gateway.faults import Fault
from zdr_router.metadata import ErrorCode, Signal

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_SLOW: Final = Fault(408, ErrorCode.TOO_SLOW, "the request's head did not arrive in time", signals=(Signal.TOO_SLOW,))
_NO_HTTP: Final = Fault(
    400, ErrorCode.INVALID_REQUEST, "this is not HTTP, or its head is too large", signals=(Signal.MALFORMED,)
)
_PHRASES: Final = {400: "Bad Request", 408: "Request Timeout"}
_CHUNK: Final = 20
"""Bytes that frame one chunk of a body at most: its length as a number of 64 bits, and the ends of two lines."""
_LENGTHS: Final = (b"content-length", b"transfer-encoding")
_SEPARATORS: Final = 4
"""Bytes of a line of a head that are neither name nor value."""


class PatientProtocol(HttpToolsProtocol):
    """One connection. A head has to be there within `head_within` seconds, or the connection is closed.

    So it is where nothing was taken of an answer for `write_within` seconds. `head` is the number of bytes that a head
    may have, and whatever else of a request is no body. `turned_away` is told of what does not become a request, so
    that it is counted and recorded as well.
    """

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - uvicorn's
        head: int,
        head_within: float,
        write_within: float,
        turned_away: Callable[[Fault], None],
        **more: Any,  # noqa: ANN401 - as above
    ) -> None:
        """As uvicorn's, with four more."""
        super().__init__(*args, **more)
        self._most = head
        self._head_within = head_within
        self._write_within = write_within
        self._full: asyncio.TimerHandle | None = None
        self._turned_away = turned_away
        self._timer: asyncio.TimerHandle | None = None
        self._heard = False
        self._framing = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._came()
        self._taken()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of a head that has begun."""
        before = self.cycle
        self._heard = True
        self._framing += len(data)
        self._unset_keepalive_if_required()
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self.send_400_response("")
        if self.cycle is not before:
            self._came()
        elif self._timer is None and self._is_idle():
            self._wait()
        if self._framing > self._most and not self.transport.is_closing():
            self.send_400_response("")

    def on_headers_complete(self) -> None:
        """Take no head that is too large, though it came in one piece."""
        if self._framing > self._most:
            lines = sum(len(name) + len(value) + _SEPARATORS for name, value in self.headers)
            if len(self.url) + lines > self._most:
                raise _TooLarge
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        """Allow a body to come in chunks, as many as it likes. What else a chunk may say is counted."""
        self._framing -= _CHUNK

    def on_body(self, body: bytes) -> None:
        """What is body is no framing."""
        self._framing -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """What comes next is another request."""
        self._framing = 0
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def pause_writing(self) -> None:
        """Wait for the caller to take what was sent."""
        super().pause_writing()
        self._taken()
        # Not `close`, which would wait for the caller to take the rest.
        self._full = self.loop.call_later(self._write_within, self.transport.abort)

    def resume_writing(self) -> None:
        """It took something."""
        self._taken()
        super().resume_writing()

    def _taken(self) -> None:
        timer, self._full = self._full, None
        if timer is not None:
            timer.cancel()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words
        """Answer what is not HTTP."""
        self._came()
        self._give_up(_NO_HTTP)

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as proposal:
            self._decline(data[proposal.args[0] :])

    def _decline(self, rest: bytes) -> None:
        """Answer in HTTP/1.1, and as the last on this connection, who proposes another protocol, as Java's client does.

        The parser stops at the end of such a head, and takes it that no body follows: another one reads the body.
        """
        self.cycle.keep_alive = False
        lengths = [name + b": " + value for name, value in self.headers if name in _LENGTHS]
        self.parser = httptools.HttpRequestParser(_Body(self))
        self.parser.feed_data(b"\r\n".join([b"POST / HTTP/1.1", *lengths, b"", rest]))

    def _is_idle(self) -> bool:
        """Whether no request is under way; before the first one uvicorn has None in this place, against its types."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self._head_within, self._too_slow)

    def _came(self) -> None:
        timer, self._timer = self._timer, None
        self._heard = False
        if timer is not None:
            timer.cancel()

    def _too_slow(self) -> None:
        heard = self._heard
        self._came()
        if heard:
            self._give_up(_SLOW)
        else:
            self.transport.close()

    def _give_up(self, fault: Fault) -> None:
        if self.transport.is_closing():
            return
        body = orjson.dumps({"error": fault.error()})
        lines = (
            f"HTTP/1.1 {fault.status} {_PHRASES[fault.status]}",
            "connection: close",
            "content-type: application/json",
            f"content-length: {len(body)}",
        )
        head = "\r\n".join([*lines, "", ""])
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()
        self._turned_away(fault)


class _Body:
    """What a parser tells of a body whose head is known."""

    def __init__(self, protocol: PatientProtocol) -> None:
        self.on_chunk_header = protocol.on_chunk_header
        self.on_body = protocol.on_body
        self.on_message_complete = protocol.on_message_complete


class _TooLarge(Exception):
    """A head is too large."""
