"""HTTP as uvicorn speaks it, for callers that are slow or do not speak it at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from zdr_router.hosts.gateway.faults import Fault
from zdr_router.metadata import ErrorCode, Signal

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from typing import Any

_SLOW: Final = Fault(408, ErrorCode.TOO_SLOW, "the request's head did not arrive in time", signals=(Signal.TOO_SLOW,))
_NO_HTTP: Final = Fault(
    400, ErrorCode.INVALID_REQUEST, "this is not HTTP, or its head is too large", signals=(Signal.MALFORMED,)
)
_PHRASES: Final = {400: "Bad Request", 408: "Request Timeout"}


class PatientProtocol(H11Protocol):
    """One connection. A head has to be there within `head_within` seconds, or the connection is closed.

    So it is where nothing was taken of an answer for `write_within` seconds.
    `turned_away` is told of what does not become a request, so that it is counted and recorded as well.
    """

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - uvicorn's
        head_within: float,
        write_within: float,
        turned_away: Callable[[Fault], None],
        **more: Any,  # noqa: ANN401 - as above
    ) -> None:
        """As uvicorn's, with three more."""
        super().__init__(*args, **more)
        self._head_within = head_within
        self._write_within = write_within
        self._full: asyncio.TimerHandle | None = None
        self._turned_away = turned_away
        self._timer: asyncio.TimerHandle | None = None
        self._heard = False

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
        super().data_received(data)
        if self.cycle is not before:
            self._came()
        elif self._timer is None and self._is_idle():
            self._wait()

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
