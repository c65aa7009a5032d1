"""`/metrics` at an address of its own, where no caller of the API comes."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import uvicorn

from zdr_router.hosting import LOOPBACK_NAMES, HopSettings
from zdr_router.hosts.gateway import plain
from zdr_router.hosts.gateway.arriving import Head, fault_of_host
from zdr_router.hosts.gateway.faults import Fault
from zdr_router.metadata import ErrorCode

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Iterator

    from zdr_router.hosts.gateway.application import Gateway
    from zdr_router.hosts.gateway.asgi import Receive, Reply, Scope, Send
    from zdr_router.sealed import Sealed


class Metrics:
    """An ASGI application that gives the counts of `gateway` to whoever has `key`; without one, by loopback's names."""

    def __init__(self, gateway: Gateway, key: Sealed[str] | None) -> None:
        """Nothing is given yet."""
        self._gateway = gateway
        self._key = key
        self._hop = HopSettings(hosts=LOOPBACK_NAMES if key is None else None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's
        """Answer one request."""
        if scope["type"] != "http":
            return
        reply = await self._reply(scope)
        await send(reply.head())
        await send({"type": "http.response.body", "body": reply.body})

    async def _reply(self, scope: Scope) -> Reply:
        head = Head.of(scope)
        wrong = fault_of_host(head, self._hop)
        if wrong is None and scope["path"] != "/metrics":
            wrong = Fault(404, ErrorCode.NOT_FOUND, "there is nothing at this path")
        if wrong is None and self._key is not None:
            wrong = plain.fault_of_metrics_key(head.presented, self._key)
        return await plain.counts(self._gateway) if wrong is None else wrong.reply()


class _Beside(uvicorn.Server):
    """Signals are for the server of the API."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None of them."""
        yield


@contextlib.asynccontextmanager
async def listening(config: uvicorn.Config, socket_: socket.socket) -> AsyncIterator[None]:
    """Serve on `socket_` for as long as the block lasts."""
    server = _Beside(config)
    serving = asyncio.create_task(server.serve(sockets=[socket_]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
