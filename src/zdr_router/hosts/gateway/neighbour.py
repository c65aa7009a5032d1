"""Hands a request to an application that answers beside the API, and holds that to what holds for the rest.

The same headers are on its answers, the same line in the log tells of it, and it ends when the gateway has to.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from zdr_router.hosts import beside
from zdr_router.hosts.gateway import faults
from zdr_router.hosts.gateway.asgi import PROTECTION
from zdr_router.hosts.gateway.presence import Presence
from zdr_router.hosts.keys.base import Admission

if TYPE_CHECKING:
    from zdr_router.hosts.gateway.asgi import Application, Message, Receive, Scope, Send
    from zdr_router.hosts.gateway.exchange import Exchange
    from zdr_router.hosts.gateway.faults import Fault


async def serve(exchange: Exchange, application: Application, present: set[Presence]) -> Fault | None:
    """Let `application` answer; a fault where it was ended before it had begun. Meanwhile it is one of `present`."""
    presence = Presence(_never)  # whether its caller is there, the application looks itself
    present.add(presence)
    said = beside.expect(exchange.scope, exchange.operation)
    answer = _Answer(application)
    try:
        with presence:
            await exchange.hand_over(answer)
    finally:
        present.discard(presence)
        exchange.operation, exchange.metadata = said.operation, said.metadata
        if said.key is not None:
            exchange.admission = Admission(said.key)
    if presence.why is None or answer.is_whole:
        return None
    if not exchange.status:
        return faults.closing()
    await exchange.finish(said.last_words)
    return None


class _Answer:
    """An application, with the headers that every answer has; `is_whole` once nothing more of its answer comes."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self.is_whole = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", []))
                names = {bytes(name).lower() for name, _ in given}
                message = {**message, "headers": [*given, *(each for each in PROTECTION if each[0] not in names)]}
            elif message["type"] == "http.response.body":
                self.is_whole = not message.get("more_body", False)
            await send(message)

        await self._application(scope, receive, protected)


async def _never() -> Message:
    nothing: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    return await nothing
