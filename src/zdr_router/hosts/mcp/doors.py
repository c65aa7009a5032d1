"""What is looked at before a request is read: path, method, host, origin, size. What is turned away is not quoted."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from zdr_router.metadata import ErrorCode, Signal
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.types import Receive, Scope

LOOPBACK_HOSTS: Final = ("127.0.0.1:*", "localhost:*", "[::1]:*")
LOOPBACK_ORIGINS: Final = (
    *("http://127.0.0.1:*", "http://localhost:*", "http://[::1]:*"),
    *("https://127.0.0.1:*", "https://localhost:*", "https://[::1]:*"),
)


@dataclass(frozen=True, slots=True)
class Turned:
    """Why a request is turned away: status, code for the record, sentence for the caller, and what was noticed."""

    status: int
    error_code: ErrorCode
    sentence: str
    signal: Signal | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Doors:
    """Where requests may come in, by which names, from which pages; how large in bytes, and within how many seconds.

    With `hosts` None any name will do.
    """

    path: str
    hosts: tuple[str, ...] | None
    origins: tuple[str, ...]
    max_body: int
    body_within: float

    def at(self, scope: Scope) -> Turned | None:
        """What is wrong with a request before its body, if anything is."""
        inner = scope["path"].removeprefix(scope.get("root_path", ""))
        if inner != self.path:
            return Turned(404, ErrorCode.NOT_FOUND, "there is nothing here")
        if self.hosts is not None and not _is_one_of(_all(scope, b"host"), self.hosts):
            # A page of somebody else's that had its name lead here would come by that name.
            return Turned(421, ErrorCode.INVALID_REQUEST, "this is not served by that name", Signal.FOREIGN_HOST)
        origins = _all(scope, b"origin")
        if origins and not _is_one_of(origins, self.origins):
            return Turned(
                403, ErrorCode.INVALID_REQUEST, "this may not be called from that page", Signal.FOREIGN_ORIGIN
            )
        if scope["method"] != "POST":
            return Turned(
                405, ErrorCode.INVALID_REQUEST, "messages are posted; there are no sessions", headers={"allow": "POST"}
            )
        return None

    async def body(self, scope: Scope, receive: Receive) -> Sealed[bytes] | Turned | None:
        """The whole body; None where the caller went away."""
        too_large = Turned(413, ErrorCode.TOO_LARGE, "the request is too large", Signal.TOO_LARGE)
        declared = _all(scope, b"content-length")
        if declared and declared[0].isdigit() and int(declared[0]) > self.max_body:
            return too_large
        received: Sealed[bytearray] = Sealed(bytearray())
        try:
            async with asyncio.timeout(self.body_within):
                while (more := await _receive_into(received, receive)) is not False:
                    if more is None:
                        return None
                    if len(received.open()) > self.max_body:
                        return too_large
        except TimeoutError:
            return Turned(408, ErrorCode.TOO_SLOW, "the request did not come within its time", Signal.TOO_SLOW)
        if len(received.open()) > self.max_body:
            return too_large
        return Sealed(bytes(received.open()))


async def _receive_into(received: Sealed[bytearray], receive: Receive) -> bool | None:
    """Whether more of the body is to come; None where the caller went away."""
    message = await receive()
    if message["type"] != "http.request":
        return None
    received.open().extend(message.get("body", b""))
    return bool(message.get("more_body", False))


def _all(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _is_one_of(given: Sequence[str], allowed: Sequence[str]) -> bool:
    """Whether what was given, once and not more often, is allowed. `*` stands for a port, or for none."""
    if len(given) != 1:
        return False
    name = given[0].lower()
    for each in allowed:
        base = each.removesuffix(":*").lower()
        rest = name.removeprefix(base)
        if name == each.lower() or (
            each.endswith(":*") and name.startswith(base) and (not rest or (rest[0] == ":" and rest[1:].isdigit()))
        ):
            return True
    return False
