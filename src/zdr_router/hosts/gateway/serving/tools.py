"""The MCP server beside the gateway: the same router, keys, names and limits; and what it has to refuse beforehand."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import orjson

from zdr_router.hosts import mcp
from zdr_router.hosts.gateway.serving.self_test import UNKNOWN, OneMore, asked, expect
from zdr_router.hosts.mcp.doors import LOOPBACK_ORIGINS

if TYPE_CHECKING:
    from zdr_router.hosting import Alone, HopSettings
    from zdr_router.hosts.gateway.application import Gateway
    from zdr_router.hosts.keys.base import KeyBook
    from zdr_router.hosts.mcp.web import App
    from zdr_router.router import AsyncRouter

PATH: Final = "/mcp"
_ASKING: Final = {
    "content-type": "application/json",
    "accept": "application/json, text/event-stream",
    "mcp-protocol-version": "2025-11-25",
}


def tools(router: AsyncRouter, keys: KeyBook | None, hop: HopSettings, alone: Alone | None) -> App:
    """The MCP server, to be entered after the router. Raises `ConfigError` where the extra `mcp` is missing."""
    names = None if hop.hosts is None else sorted(hop.hosts)
    pages = [f"{scheme}://{name}:*" for name in names or () for scheme in ("http", "https")]
    return mcp.app(
        router,
        keys,
        server=None if alone is None else mcp.server(router, tenant=alone.tenant, customer=alone.customer),
        path=PATH,
        hosts=None if names is None else [f"{name}:*" for name in names],
        origins=[*LOOPBACK_ORIGINS, *pages, *hop.origins],
        max_body=hop.body,
        body_within=hop.body_within,
    )


async def self_test(gateway: Gateway, app: App) -> None:
    """Raises `ConfigError` unless whoever has no key, and whatever nobody knows, is turned away."""
    keys, token = app.keys, secrets.token_urlsafe(32)
    if keys is not None:
        expect(*await _call(gateway, None), 401, {"invalid_api_key"}, "a call of `ask` without a key")
        app.keys = OneMore(keys, token)
    try:
        answer = await _call(gateway, None if keys is None else token)
        expect(*answer, 200, {"invalid_request"}, "a call of `ask` with an argument that nobody knows")
    finally:
        app.keys = keys


async def _call(gateway: Gateway, token: str | None) -> tuple[int, str]:
    """Status and code of the answer to a call of `ask`, which is JSON or one event."""
    route = next(iter(gateway.router.deployment.routes))  # one that there is: else that would be what is refused
    given = {"route": route, "prompt": "self-test", UNKNOWN: True}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "ask", "arguments": given}}
    status, body = await asked(gateway, PATH, message, token, _ASKING)
    found = [line.removeprefix(b"data: ") for line in body.splitlines() if line.startswith((b"{", b"data: {"))]
    answer = orjson.loads(found[-1]) if found else {}
    if "error" in answer:
        return status, answer["error"].get("data", {}).get("code", "")
    result = answer.get("result", {})
    text = result["content"][0]["text"] if result.get("isError") else ""
    return status, text.partition(":")[0]
