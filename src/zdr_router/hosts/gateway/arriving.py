"""Reads a request off the hop: its head, its body, and that this is JSON which the rest can take.

What is wrong is given as a `Fault` and never raised: an exception would hold what was read.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from zdr_router.hosts.gateway.faults import Fault
from zdr_router.metadata import ErrorCode, Signal
from zdr_router.sealed import Sealed
from zdr_router.transport.alarm import Alarm

if TYPE_CHECKING:
    from zdr_router.hosting import HopSettings
    from zdr_router.hosts.gateway.asgi import Receive, Scope

_ECHO: Final = 64
_DIGITS: Final = 12
_BEARER: Final = b"bearer "


class Head(NamedTuple):
    """What is read of a request's head. `presented` is what came as a key, `echo` the caller's id, to be given back.

    Neither is kept, and neither shows in its `repr`.
    """

    headers: dict[bytes, bytes]
    presented: str | None
    echo: bytes | None
    address: str

    @classmethod
    def of(cls, scope: Scope) -> Head:
        """The head of the request that `scope` describes."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        authorization, presented = headers.get(b"authorization"), None
        if authorization is not None and authorization[: len(_BEARER)].lower() == _BEARER:
            presented = authorization[len(_BEARER) :].strip().decode("latin-1")
        echo = headers.get(b"x-client-request-id") or headers.get(b"x-request-id")
        if echo is not None and (len(echo) > _ECHO or not _printable(echo)):
            echo = None
        client = scope.get("client")
        return cls(headers, presented, echo, client[0] if client else "")

    def __repr__(self) -> str:
        """How many headers came."""
        return f"<head, {len(self.headers)} headers>"


class Arrived(NamedTuple):
    """A body that was read: JSON, an object. `size` is in bytes."""

    body: Sealed[dict[str, Any]]
    size: int


def fault_of_host(head: Head, settings: HopSettings) -> Fault | None:
    """What speaks against a request whose `Host` or `Origin` is somebody else's."""
    if settings.hosts is None:
        return None
    if _name(head.headers.get(b"host", b"")) not in settings.hosts:
        message = "this gateway does not go by that name; the `Host` of the request is not one of its own"
        return Fault(421, ErrorCode.NOT_FOUND, message, code="foreign_host", signals=(Signal.FOREIGN_HOST,))
    origin = head.headers.get(b"origin")
    if origin is None or origin.decode("latin-1").lower() in settings.origins:
        return None
    if _name(origin.partition(b"://")[2]) not in settings.hosts:
        message = "requests of other sites' pages are not taken"
        return Fault(403, ErrorCode.OUT_OF_SCOPE, message, code="foreign_origin", signals=(Signal.FOREIGN_ORIGIN,))
    return None


def fault_of_head(head: Head, settings: HopSettings) -> Fault | None:
    """What speaks against a body before any of it is read."""
    headers = head.headers
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind != b"application/json":
        message = "the body has to be JSON: send `content-type: application/json`"
        return Fault(415, ErrorCode.INVALID_REQUEST, message, code="unsupported_media_type")
    if headers.get(b"content-encoding", b"identity") != b"identity":
        message = "the body must not be compressed"
        return Fault(415, ErrorCode.INVALID_REQUEST, message, code="unsupported_content_encoding")
    length = headers.get(b"content-length")
    if length is not None and (len(length) > _DIGITS or (length.isdigit() and int(length) > settings.body)):
        return _too_large(settings)
    return None


async def read(receive: Receive, settings: HopSettings) -> Arrived | Fault | None:
    """The body; None where the caller left before it was whole."""
    data = await _bytes(receive, settings)
    return data if data is None or isinstance(data, Fault) else parse(data, settings.nesting)


async def _bytes(receive: Receive, settings: HopSettings) -> Sealed[bytes] | Fault | None:
    loop = asyncio.get_running_loop()
    alarm = Alarm(loop, loop.time() + settings.body_within)
    try:
        found = await _whole(receive, settings)
    except BaseException:
        if not alarm.stop():
            raise
        message = "the body did not arrive in time"
        headers = {"connection": "close"}
        return Fault(408, ErrorCode.TOO_SLOW, message, headers=headers, signals=(Signal.TOO_SLOW,))
    alarm.stop()
    return found


async def _whole(receive: Receive, settings: HopSettings) -> Sealed[bytes] | Fault | None:
    first: bytes = b""
    more: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        piece: bytes = message.get("body", b"")
        size += len(piece)
        if size > settings.body:
            return _too_large(settings)
        if not message.get("more_body", False):
            return Sealed(b"".join((first, *more, piece)) if first else piece)
        if first:
            more.append(piece)
        else:
            first = piece


def parse(data: Sealed[bytes], nesting: int) -> Arrived | Fault:
    """`data` as JSON, an object which goes no deeper than `nesting`."""
    content = data.open()
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return malformed("the body is not valid JSON")
    if type(value) is not dict:
        return malformed("the body has to be a JSON object")
    # No deeper than there are brackets, which is the quick test and settles it for most.
    if content.count(b"{") + content.count(b"[") > nesting and not _shallow(value, nesting):
        return malformed(f"the body is nested more than {nesting} levels deep")
    return Arrived(Sealed(value), len(content))


def malformed(message: str, param: str | None = None) -> Fault:
    """400: what came cannot be read."""
    return Fault(400, ErrorCode.INVALID_REQUEST, message, param=param, signals=(Signal.MALFORMED,))


def _shallow(value: dict[str, Any] | list[Any], nesting: int) -> bool:
    level: list[Any] = [value]
    for _ in range(nesting):
        inner: list[Any] = []
        for each in level:
            inner += [one for one in (each.values() if type(each) is dict else each) if type(one) in _CONTAINERS]
        if not inner:
            return True
        level = inner
    return False


_CONTAINERS: Final = frozenset({dict, list})


def _too_large(settings: HopSettings) -> Fault:
    message = f"the body is larger than {settings.body} bytes"
    headers = {"connection": "close"}
    return Fault(413, ErrorCode.TOO_LARGE, message, headers=headers, signals=(Signal.TOO_LARGE,))


def _name(host: bytes) -> str:
    """A host without its port."""
    text = host.decode("latin-1").lower()
    return text[: text.index("]") + 1] if text.startswith("[") and "]" in text else text.partition(":")[0]


def _printable(text: bytes) -> bool:
    return text.isascii() and text.decode("ascii").isprintable()
