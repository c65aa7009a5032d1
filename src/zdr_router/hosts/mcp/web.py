"""The MCP server over HTTP, as an ASGI app: stateless, without an event store, behind the same API keys as the gateway.

What is wrong with a request is found here, in this order: path, method, host, origin, key, size, form, scope.
"""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, Self

from mcp.server.transport_security import TransportSecuritySettings

from zdr_router.hosts.keys.base import Denied
from zdr_router.hosts.mcp.building import server as build
from zdr_router.hosts.mcp.caller import Caller, introduce
from zdr_router.hosts.mcp.doors import LOOPBACK_HOSTS, LOOPBACK_ORIGINS, Doors, Turned
from zdr_router.hosts.mcp.peeking import Called, peek
from zdr_router.hosts.mcp.replies import reply, with_headers
from zdr_router.hosts.mcp.tools import ENDPOINT
from zdr_router.metadata import ErrorCode, Signal
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from mcp.server import MCPServer
    from starlette.types import Message, Receive, Scope, Send

    from zdr_router.hosts.keys.base import Admission, KeyBook, Verified
    from zdr_router.router import AsyncRouter

MAX_BODY: Final = 4 * 1024 * 1024
"""The largest request, in bytes."""
BODY_WITHIN: Final = 30.0
"""Seconds in which a request has to be here as a whole."""

_NO_MESSAGE: Final = Turned(400, ErrorCode.INVALID_REQUEST, "the body is not a message of MCP", Signal.MALFORMED)


def app(  # noqa: PLR0913 - how it is reached, each by name
    router: AsyncRouter,
    keys: KeyBook | None = None,
    *,
    server: MCPServer[None] | None = None,
    path: str = "/mcp",
    hosts: Sequence[str] = LOOPBACK_HOSTS,
    origins: Sequence[str] = LOOPBACK_ORIGINS,
    max_body: int = MAX_BODY,
    body_within: float = BODY_WITHIN,
) -> App:
    """An ASGI app that serves MCP at `path`. Whoever runs it has to have entered `router`, and `keys`.

    With `keys` every request needs one, as a bearer token; without, calls are those of `server`'s tenant. `hosts` are
    the names that it may be called by, and `origins` the web pages that may call it; `*` stands for any port.
    """
    made = server or build(router)
    return App(made, router, keys, Doors(path, tuple(hosts), tuple(origins), max_body, body_within))


class App:
    """Run by an ASGI server it starts by itself; mounted in another app, enter it with that app: `async with app`."""

    def __init__(self, server: MCPServer[None], router: AsyncRouter, keys: KeyBook | None, doors: Doors) -> None:
        """Hosts and origins are looked at here: the SDK would log what it turns away."""
        self._router = router
        self._keys = keys
        self._doors = doors
        self._server = server
        self._inner = server.streamable_http_app(
            streamable_http_path=doors.path,
            stateless_http=True,
            transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
            max_request_body_size=doors.max_body,
        )
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start it. That can be done once."""
        await self._running.enter_async_context(self._server.session_manager.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, with all that is under way."""
        await self._running.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the life of the app."""
        if scope["type"] == "lifespan":
            await self._inner(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, with_headers(scope, send))
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.monotonic()
        turned = self._doors.at(scope)
        if turned is not None:
            await self._turn_away(send, turned, began)
            return
        holder = self._verified(scope)
        if isinstance(holder, Denied):
            await self._deny(send, holder, began)
            return
        body = await self._doors.body(scope, receive)
        if body is None:
            return
        if isinstance(body, Turned):
            await self._turn_away(send, body, began)
            return
        called = peek(body)
        if called is None:
            await self._turn_away(send, _NO_MESSAGE, began)
            return
        admitted = (
            None if holder is None else await holder.admit(endpoint=ENDPOINT, route=called.route, tokens=called.tokens)
        )
        if isinstance(admitted, Denied):
            await self._deny(send, admitted, began)
            return
        await self._serve(scope, _replayed(body, receive), send, admitted, called)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, admitted: Admission | None, called: Called
    ) -> None:
        if admitted is None:
            await self._inner(scope, receive, send)
            return
        caller = Caller(
            admitted.tenant,
            admitted.customer,
            admitted.policy,
            admitted.key,
            admitted.signals,
            asks=called.asks,
            route=called.route,
        )
        introduce(scope, caller)
        try:
            await self._inner(scope, receive, with_headers(scope, send, admitted.headers))
        finally:
            admitted.release(caller.metadata)

    def _verified(self, scope: Scope) -> Verified | Denied | None:
        """Who asks, by the head of the request alone. The key goes no further than here."""
        presented = _take_key(scope)
        if self._keys is None:
            return None
        client = scope.get("client")
        return self._keys.verify(None if presented is None else presented.open(), address=client[0] if client else "")

    async def _deny(self, send: Send, denied: Denied, began: float) -> None:
        self._router.turned_away(
            ENDPOINT,
            denied.status,
            denied.error_code,
            duration_ms=(time.monotonic() - began) * 1000,
            tenant=denied.tenant,
            customer=denied.customer,
            key=denied.key,
            signals=denied.signals,
        )
        await reply(send, denied.status, denied.message, denied.headers, denied.code)

    async def _turn_away(self, send: Send, turned: Turned, began: float) -> None:
        signals = () if turned.signal is None else (turned.signal,)
        took = (time.monotonic() - began) * 1000
        self._router.turned_away(ENDPOINT, turned.status, turned.error_code, duration_ms=took, signals=signals)
        await reply(send, turned.status, turned.sentence, turned.headers)


def _take_key(scope: Scope) -> Sealed[str] | None:
    """The bearer token of a request, which is taken out of it. The space around the values of headers goes too."""
    found = None
    kept = []
    for name, value in scope["headers"]:
        if name != b"authorization":
            kept.append((name, value.strip(b" \t")))
        elif value[:7].lower() == b"bearer ":
            found = Sealed(value[7:].strip().decode("latin-1"))
    scope["headers"] = kept
    return found


def _replayed(body: Sealed[bytes], receive: Receive) -> Receive:
    """What the rest of the app receives: the body as a whole, and then what comes."""
    left = [body]

    async def again() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop().open(), "more_body": False}
        return await receive()

    return again
