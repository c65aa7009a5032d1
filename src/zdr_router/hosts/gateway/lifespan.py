"""The life of a server, as ASGI tells an application of it."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from zdr_router.errors import RouterError

if TYPE_CHECKING:
    from zdr_router.hosts.gateway.asgi import Receive, Send
    from zdr_router.router import AsyncRouter


async def live(router: AsyncRouter, receive: Receive, send: Send) -> None:
    """Open and close the router with the server, where nobody else does."""
    async with AsyncExitStack() as stack:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                if not router.is_open:
                    try:
                        await stack.enter_async_context(router)
                    except RouterError as error:
                        await send({"type": "lifespan.startup.failed", "message": str(error)})
                        return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await stack.aclose()
                await send({"type": "lifespan.shutdown.complete"})
                return
