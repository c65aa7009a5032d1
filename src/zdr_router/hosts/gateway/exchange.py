"""One request and its answer, as the hop sees them: what was sent, under which id, for whom."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from zdr_router.hosts.gateway.asgi import EVENTS, PROTECTION, Headers, Reply, encoded
from zdr_router.hosts.keys.base import Admission

if TYPE_CHECKING:
    from zdr_router.hosting import HopSettings
    from zdr_router.hosts.gateway.arriving import Head
    from zdr_router.hosts.gateway.asgi import Application, Message, Receive, Scope, Send
    from zdr_router.metadata import Metadata

_INSIST_ON_TLS: Final = (b"strict-transport-security", b"max-age=31536000")
NOBODY: Final = Admission("")


class Exchange:
    """One request. `began` is on the monotonic clock, `status` that of the answer once it has begun.

    `operation` is a word of ours (`chat.completions`), never the path. `metadata` is the record, once there is one.
    """

    __slots__ = (
        "_send",
        "admission",
        "began",
        "head",
        "metadata",
        "operation",
        "receive",
        "request_id",
        "scope",
        "settings",
        "status",
        "stream",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send, head: Head, settings: HopSettings) -> None:
        """Nothing is answered yet."""
        self.scope = scope
        self.receive = receive
        self._send = send
        self.head = head
        self.settings = settings
        self.began = time.perf_counter()
        self.operation = "unknown"
        self.status = 0
        self.stream = False
        self.request_id = ""
        self.metadata: Metadata | None = None
        self.admission = NOBODY

    @property
    def milliseconds(self) -> float:
        """How long it has taken so far."""
        return (time.perf_counter() - self.began) * 1000

    def note(self, metadata: Metadata) -> None:
        """Keep the record of a request whose caller left."""
        self.metadata = metadata

    async def hand_over(self, application: Application) -> None:
        """Let another application answer."""

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
            await self._send(message)

        await application(self.scope, self.receive, send)

    async def answer(self, reply: Reply) -> None:
        """Send a whole answer."""
        self.status = reply.status
        await self._send(reply.head(*self._ours()))
        await self._send({"type": "http.response.body", "body": reply.body})

    async def begin(self, headers: dict[str, str]) -> None:
        """Begin a stream of events. What stands between is asked not to hold them back."""
        self.status, self.stream = 200, True
        lines = [*PROTECTION, (b"content-type", EVENTS), (b"x-accel-buffering", b"no"), *self._ours()]
        await self._send({"type": "http.response.start", "status": 200, "headers": [*lines, *encoded(headers)]})

    async def events(self, data: bytes) -> None:
        """Send a part of a stream."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def finish(self, data: bytes = b"") -> None:
        """Send the last part of a stream."""
        await self._send({"type": "http.response.body", "body": data})

    def _ours(self) -> Headers:
        if not self.request_id:
            self.request_id = os.urandom(12).hex() if self.metadata is None else self.metadata.request_id
        lines = [(b"x-request-id", self.request_id.encode("ascii"))]
        if self.settings.tls:
            lines.append(_INSIST_ON_TLS)
        if self.head.echo is not None:
            lines.append((b"x-client-request-id", self.head.echo))
        if self.admission.headers:
            lines += encoded(self.admission.headers)
        return lines
