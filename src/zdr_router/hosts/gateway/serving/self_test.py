"""Before it serves anybody: requests that must be refused go through the whole application, and have to be."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

import orjson

from zdr_router.errors import ConfigError, Problem
from zdr_router.hosts.keys.base import Admission

if TYPE_CHECKING:
    from zdr_router.hosts.gateway.application import Gateway
    from zdr_router.hosts.gateway.asgi import Message
    from zdr_router.hosts.keys.base import Denied, KeyBook, Verified

KEY: Final = "self-test"
"""What records call the key of these requests."""
_UNKNOWN: Final = "zdr_router_self_test"
"""A parameter that no vocabulary has: whoever let it pass would let anything pass."""


class _OneMore:
    """A book of keys, with one more key, which nobody else knows, for as long as the test lasts."""

    def __init__(self, keys: KeyBook, token: str) -> None:
        self._keys = keys
        self._token = token

    def verify(self, presented: str | None, *, address: str) -> Verified | Denied:
        if presented is not None and secrets.compare_digest(presented.encode(), self._token.encode()):
            return Admission(KEY)
        return self._keys.verify(presented, address=address)


async def self_test(gateway: Gateway) -> None:
    """Raises `ConfigError` unless whoever has no key, and whatever nobody knows, is turned away on every route."""
    keys, token = gateway.keys, secrets.token_urlsafe(32)
    host = next(iter(sorted(gateway.settings.hosts)), "") if gateway.settings.hosts else "localhost"
    if keys is not None:
        _expect(await _asked(gateway, "any", None, host), 401, "invalid_key", "a request without a key")
        gateway.keys = _OneMore(keys, token)
    try:
        for route in gateway.router.deployment.routes:
            answer = await _asked(gateway, route, token, host)
            _expect(answer, 403, "zdr_refused", f"a request to {route} with a parameter that nobody knows")
    finally:
        gateway.keys = keys


def _expect(answer: tuple[int, str], status: int, code: str, what: str) -> None:
    codes = {code, "invalid_api_key"} if status == 401 else {code}  # noqa: PLR2004 - the book's own words for it
    if answer[0] != status or answer[1] not in codes:
        found = f"the self-test failed: {what} must be turned away with {status}, and was answered with {answer[0]}"
        raise ConfigError(Problem(found, fix="it will not serve so; check keys and routes, or report it"))


async def _asked(gateway: Gateway, route: str, token: str | None, host: str) -> tuple[int, str]:
    """Status and code of the answer to a chat."""
    message = {"role": "user", "content": "self-test"}
    body = orjson.dumps({"model": route, "messages": [message], _UNKNOWN: True})
    headers = [(b"host", host.encode("ascii")), (b"content-type", b"application/json")]
    if token is not None:
        headers.append((b"authorization", b"Bearer " + token.encode("ascii")))
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/v1/chat/completions",
        "headers": headers,
        "client": ("127.0.0.1", 0),
    }
    arriving: list[Message] = [{"type": "http.request", "body": body}]
    sent: list[Message] = []

    async def receive() -> Message:
        return arriving.pop() if arriving else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await gateway(scope, receive, send)
    if not sent:
        return 0, ""
    answer = orjson.loads(b"".join(message.get("body", b"") for message in sent[1:]))
    return sent[0]["status"], answer.get("error", {}).get("code", "")
