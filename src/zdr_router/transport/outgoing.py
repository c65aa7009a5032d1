"""What of a request has left: its body tells whether any byte may have, and cuts the connection that carries it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn, cast

from aiohttp import ClientConnectionError, Payload

if TYPE_CHECKING:
    import asyncio

    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.http import StreamWriter

SLICE: Final = 128 * 1024
"""Bytes handed to the socket at a time: what a slow reader can make pile up outside this object."""


class Outgoing(Payload):
    """The body of one request on its way, and the connection it took.

    aiohttp keeps the head of a request back until the first write of the body, so until `started` no byte
    has left. `finished` is set once everything was handed to the socket.
    """

    _value: bytes
    _autoclose = True

    def __init__(self, body: bytes) -> None:
        """Take hold of `body`; nothing is copied."""
        super().__init__(body)
        self._size = len(body)
        self._socket: asyncio.Transport | None = None
        self._protocol: ResponseHandler | None = None
        self.started = False
        self.finished = False

    @property
    def consumed(self) -> bool:
        """That it cannot be sent again: aiohttp would repeat a GET by itself when a connection breaks."""
        return self.started

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> NoReturn:  # noqa: ARG002 - aiohttp's signature
        """Refuse: only what logs or retries a body decodes it."""
        message = "an outgoing body is written, never decoded"
        raise TypeError(message)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write everything."""
        await self.write_with_length(writer, None)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write everything, slice by slice, and let go of it. `content_length` is what the head says."""
        if content_length not in (None, self._size):
            message = "the head of the request gives another length than its body has"
            raise ValueError(message)
        stream = cast("StreamWriter", writer)
        self._take(stream)
        body, self._value = self._value, b""
        if len(body) <= SLICE:
            await stream.write(body)
        else:
            view = memoryview(body)
            for start in range(0, len(body), SLICE):
                await stream.write(view[start : start + SLICE])
        self.finished = True

    def _take(self, stream: StreamWriter) -> None:
        """Note the connection, unless it is not fit for another request.

        A pooled connection may have been closed since it was last used, or the server may have said something
        unasked on it, which aiohttp would take for the answer to this request.
        """
        protocol = cast("ResponseHandler", stream.protocol)
        if stream.transport is None or stream.transport.is_closing() or protocol.should_close:
            message = "the connection is not fit for another request"
            raise ClientConnectionError(message)
        self._socket = stream.transport
        self._protocol = protocol
        self.started = True

    def connection_fault(self) -> BaseException | None:
        """What ended the connection, if anything did. Asked only while the connection is not given back."""
        return self._protocol.exception() if self._protocol is not None else None

    def connection_end(self) -> asyncio.Future[None] | None:
        """Done when the connection ends, or None if it has."""
        end = self._protocol.closed if self._protocol is not None else None
        if end is not None:
            end.remove_done_callback(_seen)  # from the call that had this connection before
            end.add_done_callback(_seen)
        return end

    def abort(self) -> None:
        """Close the socket now. A plain close first sends what is buffered, and waits for the peer's TLS goodbye."""
        if self._socket is not None:
            self._socket.abort()


def _seen(end: asyncio.Future[None]) -> None:
    """Take note of how a connection ended, lest the loop log that nobody did."""
    if not end.cancelled():
        end.exception()
