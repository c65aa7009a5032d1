"""A gateway over upstreams of a test, in this process or over a socket, and clients that talk to it."""

from __future__ import annotations

import contextlib
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

    async def admit(self, presented: str | None, **asked: Any) -> Admission | Denied:
        self.asked.append(asked)
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
