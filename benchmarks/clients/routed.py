"""zdr-router as a host with tenants would use it: three targets, full clearing, guard, metadata and health."""

from __future__ import annotations

import datetime as dt
from contextlib import asynccontextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Final

from benchmarks.clients.base import Streamed, streamed
from zdr_router import Account, AsyncRouter, Grant, Policy, RouteEntry, Tenant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.loads import Prompt

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


def router(base_url: str) -> AsyncRouter:
    """A router over three accounts of one self-operated server that its tenants share."""
    today = dt.datetime.now(dt.UTC).date()
    grant = Grant(
        basis="self_operated", stated_by="the benchmark", since=today - dt.timedelta(1), until=today + dt.timedelta(30)
    )
    account = Account(configuration="llama-cpp/self-operated", base_url=base_url, grant=grant)
    return AsyncRouter(
        policy=Policy(minimum_grade="contracted", cache="host_memory"),
        accounts=dict.fromkeys(ACCOUNTS, account),
        tenants={TENANT: Tenant(), "globex": Tenant()},
        routes={ROUTE: RouteEntry(targets=[f"{name}/x" for name in ACCOUNTS])},
    )


@asynccontextmanager
async def open_ours(base_url: str) -> AsyncIterator[_Client]:
    """The router's defaults."""
    async with router(base_url) as opened:
        yield _Client(opened)
