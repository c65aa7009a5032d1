"""zdr-router as a host with tenants would use it: three targets, full clearing, guard, metadata and health."""

from __future__ import annotations

import datetime as dt
from contextlib import asynccontextmanager
from functools import cache
from time import perf_counter
from typing import TYPE_CHECKING, Final

from benchmarks.clients.base import Streamed, streamed
from zdr_router import Account, AsyncRouter, Grant, Policy, Registry, RouteEntry, Tenant
from zdr_router.config import assemble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from contextlib import AbstractAsyncContextManager

    from benchmarks.loads import Prompt
    from zdr_router.entries import HealthEntry
    from zdr_router.state.settings import StateSettings

ACCOUNTS: Final = ("first", "second", "third")
TENANT: Final = "acme"
ROUTE: Final = "assistant"


class _Call:
    def __init__(self, router: AsyncRouter, prompt: Prompt) -> None:
        self._router = router
        self._messages = prompt.messages()

    async def chat(self) -> str:
        answer = await self._router.chat(model=ROUTE, messages=self._messages, tenant=TENANT, temperature=0)
        return answer.text

    async def stream(self) -> Streamed:
        first, pieces = 0.0, 0
        async with self._router.stream_chat(
            model=ROUTE, messages=self._messages, tenant=TENANT, temperature=0
        ) as stream:
            async for chunk in stream:
                pieces += 1
                if not first and chunk["choices"][0]["delta"].get("content"):
                    first = perf_counter()
        return streamed(first, pieces)


class _Client:
    def __init__(self, router: AsyncRouter) -> None:
        self._router = router

    def prepare(self, prompt: Prompt) -> _Call:
        return _Call(self._router, prompt)


def router(
    base_urls: Sequence[str], *, health: HealthEntry | None = None, state: StateSettings | None = None
) -> AsyncRouter:
    """A router over three accounts of self-operated servers that its tenants share, at these addresses."""
    today = dt.datetime.now(dt.UTC).date()
    grant = Grant(
        basis="self_operated", stated_by="the benchmark", since=today - dt.timedelta(1), until=today + dt.timedelta(30)
    )
    deployment = assemble(
        registry=_registry(),
        policy=Policy(minimum_grade="contracted", cache="host_memory"),
        accounts={
            name: Account(configuration="llama-cpp/self-operated", base_url=url, grant=grant)
            for name, url in zip(ACCOUNTS, base_urls, strict=True)
        },
        tenants={TENANT: Tenant(), "globex": Tenant()},
        routes={ROUTE: RouteEntry(targets=[f"{name}/x" for name in ACCOUNTS])},
        health=health,
        state=state,
    )
    return AsyncRouter.of(deployment)


@cache
def _registry() -> Registry:
    """The shipped one, loaded once however many routers are opened."""
    return Registry.shipped()


@asynccontextmanager
async def routed(
    base_urls: Sequence[str], *, health: HealthEntry | None = None, state: StateSettings | None = None
) -> AsyncIterator[_Client]:
    """A client over `router`, while the block runs."""
    async with router(base_urls, health=health, state=state) as opened:
        yield _Client(opened)


def open_ours(base_url: str) -> AbstractAsyncContextManager[_Client]:
    """The router's defaults."""
    return routed([base_url] * len(ACCOUNTS))
