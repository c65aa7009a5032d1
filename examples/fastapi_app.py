"""The gateway inside a FastAPI application: OpenAI's API under /llm, for callers that the application knows."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from zdr_router import AsyncRouter, ErrorCode
from zdr_router.hosts import gateway
from zdr_router.hosts.keys.base import Admission, Denied

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TENANTS = {"key-of-acme": "acme", "key-of-globex": "globex"}  # yours come from where you keep your keys, hashed


class OurKeys:
    """Who may ask: one method. `zdr keys` and the section `keys` give one with scopes, limits and caps."""

    def verify(self, presented: str | None, *, address: str) -> Admission | Denied:  # noqa: ARG002 - see `KeyBook`
        """Say whose request it is."""
        tenant = TENANTS.get(presented or "")
        if tenant is None:
            return Denied(401, ErrorCode.INVALID_KEY, "the API key is not known", code="invalid_api_key")
        return Admission(key=f"of-{tenant}", tenant=tenant)


def application() -> FastAPI:
    """An application with a page of its own, and the gateway."""
    router = AsyncRouter.from_config("zdr.yaml")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with router:
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/")
    def home() -> dict[str, str]:
        return {"service": "ours"}

    app.mount("/llm", gateway.app(router, keys=OurKeys()))
    return app


if __name__ == "__main__":
    import uvicorn

    uvicorn.run(application(), port=8000, access_log=False)  # its log would show paths and queries
