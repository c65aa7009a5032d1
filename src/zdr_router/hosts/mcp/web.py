"""The MCP server over HTTP, as an ASGI app: stateless, without an event store, behind the same API keys as the gateway.

What is wrong with a request is found here, in this order: path, method, host, origin, key, size, form, scope.
"""

from __future__ import annotations

import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, Self

import orjson
from mcp.server.transport_security import TransportSecuritySettings

from zdr_router.hosts import beside
from zdr_router.hosts.keys.base import Denied
from zdr_router.hosts.mcp.building import server as build
from zdr_router.hosts.mcp.caller import Caller, introduce
from zdr_router.hosts.mcp.chatter import Chatter
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

    from zdr_router.hosts.beside import Said
    from zdr_router.hosts.keys.base import Admission, KeyBook, Verified
    from zdr_router.router import AsyncRouter

MAX_BODY: Final = 4 * 1024 * 1024
"""The largest request, in bytes."""
BODY_WITHIN: Final = 30.0
"""Seconds in which a request has to be here as a whole."""
_CLOSING: Final = -32000
_NO_MESSAGE: Final = Turned(400, ErrorCode.INVALID_REQUEST, "the body is not a message of MCP", Signal.MALFORMED)


def app(  # noqa: PLR0913 - how it is reached, each by name
    router: AsyncRouter,
    keys: KeyBook | None = None,
    *,
    server: MCPServer[None] | None = None,
    path: str = "/mcp",
    hosts: Sequence[str] | None = LOOPBACK_HOSTS,
    origins: Sequence[str] = LOOPBACK_ORIGINS,
    max_body: int = MAX_BODY,
    body_within: float = BODY_WITHIN,
) -> App:
    """An ASGI app that serves MCP at `path`. Whoever runs it has to have entered `router`, and `keys`.

    With `keys` every request needs one, as a bearer token; without, calls are those of `server`'s tenant. `hosts` are
    the names that it may be called by (None: any), and `origins` the web pages that may call it; `*` stands for any
    port.
    """
    made = server or build(router)
    return App(
        made, router, keys, Doors(path, None if hosts is None else tuple(hosts), tuple(origins), max_body, body_within)
    )


class App:
    """Run by an ASGI server it starts by itself; mounted in another app, enter it with that app: `async with app`.

    `keys` are those that it asks for.
    """

    def __init__(self, server: MCPServer[None], router: AsyncRouter, keys: KeyBook | None, doors: Doors) -> None:
        """Hosts and origins are looked at here: the SDK would log what it turns away."""
        self._router = router
        self.keys = keys
        self._chatter = Chatter(time.monotonic)
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
        began, said = time.monotonic(), beside.of(scope)
        turned = self._doors.at(scope)
        if turned is not None:
            await self._turn_away(send, turned, began, said)
            return
        holder = self._verified(scope)
        if isinstance(holder, Denied):
            await self._deny(send, holder, began, said)
            return
        body = await self._doors.body(scope, receive)
        if body is None:
            return
        if isinstance(body, Turned):
            await self._turn_away(send, body, began, said)
            return
        called = peek(body)
        if called is None:
            await self._turn_away(send, _NO_MESSAGE, began, said)
            return
        said.operation, said.last_words = called.operation, _closing(called)
        admitted = None if holder is None else await self._admitted(holder, called)
        if isinstance(admitted, Denied):
            await self._deny(send, admitted, began, said)
            return
        await self._serve(scope, _replayed(body, receive), send, admitted, called)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, admitted: Admission | None, called: Called
    ) -> None:
        if admitted is None:
            caller = Caller(is_unknown=True)
        else:
            caller = Caller(
                admitted.tenant,
                admitted.customer,
                admitted.policy,
                admitted.key,
                admitted.signals,
                asks=called.asks,
                route=called.route,
                routes=admitted.routes,
            )
        introduce(scope, caller)
        headers = {} if admitted is None else admitted.headers
        try:
            await self._inner(scope, receive, with_headers(scope, send, headers))
        finally:
            said = beside.of(scope)
            said.key, said.metadata = caller.key, caller.metadata
            if admitted is not None:
                admitted.release(caller.metadata)

    def _verified(self, scope: Scope) -> Verified | Denied | None:
        """Who asks, by the head of the request alone. The key goes no further than here."""
        presented = _take_key(scope)
        if self.keys is None:
            return None
        client = scope.get("client")
        return self.keys.verify(None if presented is None else presented.open(), address=client[0] if client else "")

    async def _admitted(self, holder: Verified, called: Called) -> Admission | Denied:
        """What the key lets pass: `ask` within its limits, the rest uncounted."""
        if called.asks:
            return await holder.admit(endpoint=ENDPOINT, route=called.route, tokens=called.tokens)
        found = holder.recognise(endpoint=called.scope, route=called.route)
        return found if isinstance(found, Denied) else self._chatter.over(found, called.operation) or found

    async def _deny(self, send: Send, denied: Denied, began: float, said: Said) -> None:
        said.key = denied.key
        said.metadata = self._router.turned_away(
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

    async def _turn_away(self, send: Send, turned: Turned, began: float, said: Said) -> None:
        signals = () if turned.signal is None else (turned.signal,)
        took = (time.monotonic() - began) * 1000
        said.metadata = self._router.turned_away(
            ENDPOINT, turned.status, turned.error_code, duration_ms=took, signals=signals
        )
        await reply(send, turned.status, turned.sentence, turned.headers)


def _closing(called: Called) -> bytes:
    """What ends a stream whose answer does not come any more."""
    error = {"code": _CLOSING, "message": "the server is closing", "data": {"code": ErrorCode.CLOSING}}
    return b"event: message\r\ndata: %b\r\n\r\n" % orjson.dumps({"jsonrpc": "2.0", "id": called.id, "error": error})


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
