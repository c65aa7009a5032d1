"""A gateway over upstreams of a test, in this process or over a socket, and clients that talk to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

import httpx
from deployments import router as router_over

from zdr_router.hosts import gateway
from zdr_router.hosts.keys.base import Admission, Denied
from zdr_router.metadata import ErrorCode, Signal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from upstream import Upstream

    from zdr_router import AsyncRouter, Metadata
    from zdr_router.hosting import HopSettings
    from zdr_router.hosts.gateway import Gateway

ASKING: dict[str, Any] = {"model": "chat", "messages": [{"role": "user", "content": "hello"}]}


POST = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


class Kept:
    """A recorder: everything that was recorded."""

    def __init__(self) -> None:
        self.records: list[Metadata] = []

    def record(self, metadata: Metadata) -> None:
        self.records.append(metadata)


class OneKey:
    """A book with the key `right`, which writes down how it is asked and what comes back."""

    def __init__(self, **members: Any) -> None:
        self._members = members
        self.asked: list[dict[str, Any]] = []
        self.released: list[Metadata | None] = []

    def verify(self, presented: str | None, *, address: str) -> OneKey | Denied:
        self.asked.append({"address": address})
        if presented != "right":
            signal = Signal.NO_KEY if presented is None else Signal.UNKNOWN_KEY
            headers = {"www-authenticate": "Bearer"}
            return Denied(
                401,
                ErrorCode.INVALID_KEY,
                "this is not a valid API key",
                code="invalid_api_key",
                headers=headers,
                signals=(signal,),
            )
        return self

    async def admit(self, **asked: Any) -> Admission:
        self.asked[-1] |= asked
        left = {"x-ratelimit-remaining-requests": "9"}
        return Admission("key1", headers=left, on_release=self.released.append, **self._members)


class Here:
    """What a test of the gateway has at hand."""

    def __init__(self, router: AsyncRouter, app: Gateway, http: httpx.AsyncClient, kept: Kept) -> None:
        self.router = router
        self.app = app
        self.http = http
        self.kept = kept

    async def chat(self, **members: Any) -> httpx.Response:
        return await self.http.post("/v1/chat/completions", json={**ASKING, **members})


@contextlib.asynccontextmanager
async def here(
    *upstreams: Upstream | str, keys: Any = None, settings: HopSettings | None = None, page: Any = None, **entry: Any
) -> AsyncIterator[Here]:
    """A gateway in this process. Whatever escapes from the application is raised in the test."""
    kept = Kept()
    async with router_over(*upstreams, recorders=[kept], **entry) as router:
        app = gateway.app(router, keys=keys, settings=settings, page=page)
        transport = httpx.ASGITransport(app)
        headers = {} if keys is None else {"authorization": "Bearer right"}
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as http:
            yield Here(router, app, http, kept)


class Listening:
    """A gateway that listens on a socket of loopback, and its server."""

    def __init__(self, it: Here, server: Any, port: int) -> None:
        self.it = it
        self.server = server
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    async def say(self, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection on which this was said."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        return reader, writer

    async def ask(self, **members: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection on which a chat was asked for."""
        body = json.dumps({**ASKING, **members}).encode()
        return await self.say(POST + b"content-length: %d\r\n\r\n" % len(body) + body)


@contextlib.asynccontextmanager
async def listening(
    *upstreams: Upstream | str, route: dict[str, Any] | None = None, **settings: Any
) -> AsyncIterator[Listening]:
    """The server in this process; it is drained at the end."""
    from zdr_router.hosting import ServeSettings  # noqa: PLC0415 - with the extra `gateway`
    from zdr_router.hosts.gateway.serving.server import Server, config_of  # noqa: PLC0415 - as above
    from zdr_router.hosts.gateway.serving.workers import listen  # noqa: PLC0415 - as above

    given = ServeSettings(**{"port": 0, "drain": 5.0, **settings})
    with listen(given) as made:
        async with here(*upstreams, settings=given.hop, **(route or {})) as it:
            server = Server(config_of(it.app, given), it.app, given)
            serving = asyncio.create_task(server.serve(sockets=[made]))
            while not server.started:  # noqa: ASYNC110 - uvicorn says so in no other way
                await asyncio.sleep(0.01)
            try:
                yield Listening(it, server, made.getsockname()[1])
            finally:
                server.drain()
                if it.app.counts.under_way:
                    server.drain()
                await asyncio.wait_for(serving, 20)
