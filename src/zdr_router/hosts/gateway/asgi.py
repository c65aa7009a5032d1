"""The words of ASGI, and an answer that is known whole before any of it is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import orjson

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers: TypeAlias = list[tuple[bytes, bytes]]

JSON: Final = b"application/json"
TEXT: Final = b"text/plain; charset=utf-8"
EVENTS: Final = b"text/event-stream; charset=utf-8"

PROTECTION: Final[Headers] = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
"""On every answer: kept by nobody on its way, and no page for a browser."""


@dataclass(slots=True)
class Reply:
    """A whole answer. Its `repr` leaves the body out, which may be content."""

    status: int
    body: bytes = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict)
    kind: bytes = JSON

    @classmethod
    def json(cls, status: int, value: object, headers: Mapping[str, str] | None = None) -> Reply:
        """`value` as JSON."""
        return cls(status, orjson.dumps(value), dict(headers or {}))

    def head(self, *more: tuple[bytes, bytes]) -> Message:
        """The message that begins it."""
        headers = [*PROTECTION, (b"content-type", self.kind), (b"content-length", b"%d" % len(self.body)), *more]
        headers += encoded(self.headers)
        return {"type": "http.response.start", "status": self.status, "headers": headers}


def encoded(headers: Mapping[str, str]) -> Headers:
    """Names and values as they go over the wire; all of them are ours, and so ASCII."""
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]
