"""The gateway and the MCP server in one ASGI application: the same router, the same keys."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Mount

from zdr_router import AsyncRouter
from zdr_router.hosts import gateway, mcp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from zdr_router.hosts.keys.base import KeyBook


def application(keys: KeyBook | None = None) -> Starlette:
    """OpenAI's API under /v1, and MCP at /mcp, for whoever `keys` lets in."""
    router = AsyncRouter.from_config("zdr.yaml")
    tools = mcp.app(router, keys, server=mcp.server(router))
    service = gateway.app(router, keys=keys, beside={"/mcp": tools})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with router, tools:
            yield

    return Starlette(routes=[Mount("/", service)], lifespan=lifespan)


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(application(), port=8000, access_log=False)  # its log would show paths and queries
