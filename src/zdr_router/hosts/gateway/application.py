"""The gateway as an ASGI application: which operation a request is, who may ask, and that every one of them is told of.

It lies below any framework: the hot path is a look in a table. What it decides itself is in its neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from zdr_router.driver.asking import Ask
from zdr_router.errors import RouterError
from zdr_router.hosting import HopSettings
from zdr_router.hosts.gateway import access_log, answering, arriving, faults, neighbour, plain
from zdr_router.hosts.gateway.arriving import Arrived, Head
from zdr_router.hosts.gateway.counting import Counts, Fleet
from zdr_router.hosts.gateway.exchange import NOBODY, Exchange
from zdr_router.hosts.gateway.faults import Fault
from zdr_router.hosts.gateway.lifespan import live
from zdr_router.hosts.gateway.operations import OPERATIONS, WITHOUT_THE_API, Operation
from zdr_router.hosts.gateway.presence import Presence
from zdr_router.hosts.gateway.responses import reading
from zdr_router.hosts.gateway.responses.writing import ResponseWriter
from zdr_router.hosts.keys.base import Admission, Denied
from zdr_router.metadata import ErrorCode
from zdr_router.transport.alarm import Alarms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.hosts.gateway.answering import Writer
    from zdr_router.hosts.gateway.asgi import Application, Receive, Reply, Scope, Send
    from zdr_router.hosts.keys.base import KeyBook, Verified
    from zdr_router.router import AsyncRouter
    from zdr_router.sealed import Sealed

_STALL: Final = 30.0
"""Seconds that the reader of a stream may lag behind the longest that a route allows."""
_AS_IT_IS: Final = answering.AsItIs()


def app(  # noqa: PLR0913 - its parts, each by name
    router: AsyncRouter,
    *,
    keys: KeyBook | None = None,
    settings: HopSettings | None = None,
    page: Application | None = None,
    beside: Mapping[str, Application] | None = None,
    api: bool = True,
) -> Gateway:
    """An ASGI application over `router`: OpenAI's API for whoever `keys` lets in.

    Without `keys` everybody who reaches it is served: for tests, and for a host that has asked who it is before.
    `page` answers `/` and whatever else is not of the API. Each of `beside` answers the path that it stands for, as the
    MCP server does; whoever runs this enters those first. With `api` false there is nothing else. Under a server that
    speaks ASGI's lifespan the application opens the router and closes it, unless it is open already.
    """
    operations = OPERATIONS if api else WITHOUT_THE_API
    return Gateway(router, keys, settings or HopSettings(), page, beside or {}, operations)


class Gateway:
    """The application. `counts` is what it has done, `fleet` knows of all workers; `is_closing` once it closes."""

    def __init__(  # noqa: PLR0913, PLR0917 - its parts, which `app` takes by name
        self,
        router: AsyncRouter,
        keys: KeyBook | None,
        settings: HopSettings,
        page: Application | None,
        beside: Mapping[str, Application],
        operations: Mapping[str, Operation],
    ) -> None:
        """See `app`."""
        self.router = router
        self.keys = keys
        self.settings = settings
        self.counts = Counts()
        self.fleet: Fleet | None = None
        self.is_closing = False
        self.beside = beside
        self.operations = operations
        self._page = page
        self._present: set[Presence] = set()
        self._alarms = Alarms()

    def close(self) -> None:
        """Be ready no more, and turn away what is new. What is under way goes on."""
        self.is_closing = True

    def cut(self) -> None:
        """End what is still under way: streams with an error in them."""
        for presence in tuple(self._present):
            presence.end("closing")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what ASGI calls a scope: a request, or the life of the server."""
        if scope["type"] == "http":
            await self._serve(Exchange(scope, receive, send, Head.of(scope), self.settings))
        elif scope["type"] == "lifespan":
            await live(self.router, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _serve(self, exchange: Exchange) -> None:
        self.counts.under_way += 1
        try:
            reply = await self._answered(exchange)
            if reply is not None:
                await exchange.answer(reply)
        finally:
            self.counts.under_way -= 1
            exchange.admission.release(exchange.metadata)
            self._tell(exchange)

    async def _answered(self, exchange: Exchange) -> Reply | None:
        """What to send; None where everything is sent, or nobody is there. Whatever happens, nothing is raised."""
        try:
            found = await self._perform(exchange)
        except RouterError as error:
            found = faults.of(error)
        except Exception as error:  # noqa: BLE001 - the last boundary: the text of a foreign error may hold content
            access_log.failed(error)
            found = faults.internal()
        if not isinstance(found, Fault):
            return found
        self._note(exchange, found)
        if not exchange.status:
            return found.reply()
        if exchange.stream:
            await exchange.finish(_AS_IT_IS.broken(found))
        return None

    async def _perform(self, exchange: Exchange) -> Reply | Fault | None:
        scope = exchange.scope
        path: str = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
        operation, name = self.operations.get(path), ""
        if operation is None and path.startswith(_A_MODEL):
            operation, name = self.operations.get(_A_MODEL), path.removeprefix(_A_MODEL)
        if operation is None:
            return await self._elsewhere(exchange, path)
        exchange.operation = operation.name
        wrong = _fault_of_method(operation, scope["method"]) or arriving.fault_of_host(exchange.head, self.settings)
        if wrong is None and self.is_closing and not operation.is_open:
            wrong = faults.closing()
        if wrong is not None:
            return wrong
        if operation.is_open:
            return await plain.answer(self, operation, exchange)
        return await self._post(operation, exchange) if operation.takes_body else await self._get(exchange, name)

    async def _elsewhere(self, exchange: Exchange, path: str) -> Fault | None:
        """A path that is none of the API's."""
        if path in self.beside:
            exchange.operation = path.strip("/")
            closing = faults.closing() if self.is_closing else None
            return closing or await neighbour.serve(exchange, self.beside[path], self._present)
        if self._page is not None and not exchange.scope["path"].startswith("/v1"):
            exchange.operation = "page"
            await exchange.hand_over(self._page)
            return None
        return Fault(404, ErrorCode.NOT_FOUND, "there is nothing at this path")

    async def _get(self, exchange: Exchange, name: str) -> Reply | Fault:
        holder = self._verified(exchange)
        denied = holder if isinstance(holder, Fault) else await self._admit(exchange, holder, None, 0)
        if denied is not None:
            return denied
        return plain.model(self, exchange, name) if name else plain.models(self, exchange)

    async def _post(self, operation: Operation, exchange: Exchange) -> Reply | Fault | None:
        holder = self._verified(exchange)
        if isinstance(holder, Fault):
            # Of somebody who gives no right key, nothing is read.
            return holder
        wrong = arriving.fault_of_head(exchange.head, self.settings)
        if wrong is not None:
            return wrong
        arrived = await arriving.read(exchange.receive, self.settings, self._alarms)
        if not isinstance(arrived, Arrived):
            return arrived
        denied = await self._admit(
            exchange, holder, answering.route_of(arrived.body), answering.tokens(arrived.body, arrived.size)
        )
        return await self._go_on(operation, exchange, arrived) if denied is None else denied

    async def _go_on(self, operation: Operation, exchange: Exchange, arrived: Arrived) -> Reply | Fault | None:
        """What was read is asked by somebody who may."""
        if operation.name == "explain":
            return plain.explain(self, exchange, arrived)
        writer: Writer = _AS_IT_IS
        if operation.name == "responses":
            read = reading.read(arrived)
            if isinstance(read, Fault):
                return read
            arrived, writer = read.arrived, ResponseWriter(read.request)
        return await self._ask(operation, exchange, arrived, writer)

    async def _ask(
        self, operation: Operation, exchange: Exchange, arrived: Arrived, writer: Writer
    ) -> Reply | Fault | None:
        ask = self.ask(operation.endpoint, exchange, arrived)
        exchange.stream = ask.stream
        within = self.router.deployment.patience + _STALL if ask.stream else None
        presence = Presence(exchange.receive, within=within)
        self._present.add(presence)
        try:
            go = answering.streamed if ask.stream else answering.whole
            return await go(self.router, ask, exchange, presence, writer)
        finally:
            self._present.discard(presence)

    def never_a_request(self, fault: Fault) -> None:
        """Record and count what a server turned away before it was a request."""
        self.counts.answered("unknown", fault.status, 0.0)
        metadata = self.router.turned_away(
            "unknown", fault.status, fault.error_code, duration_ms=0.0, signals=fault.signals
        )
        self.counts.recorded(metadata)

    def ask(self, endpoint: str, exchange: Exchange, arrived: Arrived) -> Ask:
        """A request as one of whoever was admitted."""
        admission = exchange.admission
        return Ask(
            endpoint,
            cast("Sealed[Mapping[str, object]]", arrived.body),
            endpoint == "chat.completions" and arrived.body.open().get("stream") is True,
            admission.tenant,
            admission.customer,
            admission.policy,
            None,
            admission.key or None,
            admission.signals,
            left=exchange.note,
        )

    def _verified(self, exchange: Exchange) -> Verified | Fault:
        """Who asks, by the head of the request alone."""
        if self.keys is None:
            return NOBODY
        holder = self.keys.verify(exchange.head.presented, address=exchange.head.address)
        return _turned_away(exchange, holder) if isinstance(holder, Denied) else holder

    async def _admit(self, exchange: Exchange, holder: Verified, route: str | None, tokens: int) -> Fault | None:
        admission = await holder.admit(endpoint=exchange.operation, route=route, tokens=tokens)
        if isinstance(admission, Denied):
            return _turned_away(exchange, admission)
        exchange.admission = admission
        return None

    def _note(self, exchange: Exchange, fault: Fault) -> None:
        """See that a request which gets no answer has a record: the router's, or one made here."""
        if fault.metadata is not None:
            exchange.metadata = fault.metadata
        if exchange.metadata is None:
            admission = exchange.admission
            signals = tuple(dict.fromkeys((*admission.signals, *fault.signals)))
            exchange.metadata = self.router.turned_away(
                exchange.operation,
                fault.status,
                fault.error_code,
                duration_ms=exchange.milliseconds,
                stream=exchange.stream,
                tenant=admission.tenant,
                customer=admission.customer,
                key=admission.key or None,
                signals=signals,
            )

    def _tell(self, exchange: Exchange) -> None:
        """Count it, and write the one line of the access log."""
        milliseconds, metadata = exchange.milliseconds, exchange.metadata
        status = exchange.status or _LEFT
        self.counts.answered(exchange.operation, status, milliseconds / 1000)
        if metadata is not None:
            self.counts.recorded(metadata)
        access_log.answered(exchange, status, milliseconds)


_A_MODEL: Final = "/v1/models/"
_LEFT: Final = 499


def _turned_away(exchange: Exchange, denied: Denied) -> Fault:
    """What the book of keys said, and for the record whose key it was."""
    exchange.admission = Admission(denied.key or "", denied.tenant, denied.customer, signals=denied.signals)
    return faults.denied(denied)


def _fault_of_method(operation: Operation, method: str) -> Fault | None:
    if method == operation.method or (method == "HEAD" and operation.method == "GET"):
        return None
    message = f"this path takes {operation.method} only"
    allow = {"allow": operation.method}
    return Fault(405, ErrorCode.INVALID_REQUEST, message, code="method_not_allowed", headers=allow)
