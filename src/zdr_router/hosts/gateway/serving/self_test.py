"""Before it serves anybody: requests that must be refused go through the whole application, and have to be."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING, Any, Final

import orjson

from zdr_router.errors import ConfigError, Problem
from zdr_router.hosts.keys.base import Admission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.hosts.gateway.application import Gateway
    from zdr_router.hosts.gateway.asgi import Message
    from zdr_router.hosts.keys.base import Denied, KeyBook, Verified

KEY: Final = "self-test"
"""What records call the key of these requests."""
UNKNOWN: Final = "zdr_router_self_test"
"""A parameter that no vocabulary has: whoever let it pass would let anything pass."""
_WITHIN: Final = 30.0
"""Seconds for each request."""
_CHAT: Final = "/v1/chat/completions"
_JSON: Final[Mapping[str, str]] = {"content-type": "application/json"}


class OneMore:
    """A book of keys, with one more key, which nobody else knows, for as long as the test lasts."""

    def __init__(self, keys: KeyBook, token: str) -> None:
        """`token` is the text of that key."""
        self._keys = keys
        self._token = token

    def verify(self, presented: str | None, *, address: str) -> Verified | Denied:
        """Let that key pass, and ask the book about others."""
        if presented is not None and secrets.compare_digest(presented.encode(), self._token.encode()):
            return Admission(KEY)
        return self._keys.verify(presented, address=address)


async def self_test(gateway: Gateway) -> None:
    """Raises `ConfigError` unless whoever has no key, and whatever nobody knows, is turned away on every route."""
    keys, token = gateway.keys, secrets.token_urlsafe(32)
    if keys is not None:
        expect(*await _chat(gateway, "any", None), 401, {"invalid_key", "invalid_api_key"}, "a request without a key")
        gateway.keys = OneMore(keys, token)
    try:
        for route in gateway.router.deployment.routes:
            answer = await _chat(gateway, route, token)
            expect(*answer, 403, {"zdr_refused"}, f"a request to {route} with a parameter that nobody knows")
    finally:
        gateway.keys = keys


def expect(found: int, said: str, status: int, words: set[str], what: str) -> None:
    """Raises `ConfigError` where the answer has another status, or none of these words."""
    if found != status or said not in words:
        fault = f"the self-test failed: {what} must be turned away with {status}, and was answered with {found}"
        raise ConfigError(Problem(fault, fix="it will not serve so; check keys and routes, or report it"))


async def _chat(gateway: Gateway, route: str, token: str | None) -> tuple[int, str]:
    """Status and code of the answer to a chat."""
    message = {"role": "user", "content": "self-test"}
    status, body = await asked(gateway, _CHAT, {"model": route, "messages": [message], UNKNOWN: True}, token)
    return status, orjson.loads(body).get("error", {}).get("code", "") if body else ""


async def asked(
    gateway: Gateway, path: str, body: object, token: str | None, more: Mapping[str, str] = _JSON
) -> tuple[int, bytes]:
    """Status and body of the answer to what is posted there; 0 where there was none."""
    names = gateway.settings.hosts
    headers = {"host": min(names) if names else "localhost", **more}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()],
        "client": ("127.0.0.1", 0),
    }
    arriving: list[Message] = [{"type": "http.request", "body": orjson.dumps(body)}]
    sent: list[Message] = []

    async def receive() -> Message:
        if not arriving:
            await asyncio.Event().wait()  # it stays until it is answered
        return arriving.pop()

    async def send(message: Message) -> None:
        sent.append(message)

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_WITHIN):
            await gateway(scope, receive, send)
    return (sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])) if sent else (0, b"")
