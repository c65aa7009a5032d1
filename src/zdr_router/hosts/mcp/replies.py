"""Answers that this app gives by itself, and the headers of all of its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Message, Scope, Send

_ALWAYS: Final = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_OVER_TLS: Final = (b"strict-transport-security", b"max-age=31536000")
_INVALID_REQUEST: Final = -32600


async def reply(send: Send, status: int, sentence: str, headers: Mapping[str, str], code: str | None = None) -> None:
    """An error of JSON-RPC with an HTTP status. It belongs to no message, since none was read."""
    data = {} if code is None else {"data": {"code": code}}
    error = {"code": _INVALID_REQUEST, "message": sentence, **data}
    body = orjson.dumps({"jsonrpc": "2.0", "id": None, "error": error})
    given = [(name.encode(), value.encode()) for name, value in headers.items()]
    about = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*about, *given]})
    await send({"type": "http.response.body", "body": body})


def with_headers(scope: Scope, send: Send, more: Mapping[str, str] | None = None) -> Send:
    """`send`, with the headers that every answer has, or with `more`."""
    if more is None:
        added = [*_ALWAYS, _OVER_TLS] if scope.get("scheme") == "https" else [*_ALWAYS]
    else:
        added = [(name.encode(), value.encode()) for name, value in more.items()]
    names = {name for name, _ in added}

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message.get("headers", []) if bytes(name).lower() not in names]
            message = {**message, "headers": [*kept, *added]}
        await send(message)

    return sent
