"""The base: what a pass-through is when it does nothing else. Starlette takes a body, aiohttp posts it, bytes go back.

`python -m benchmarks.gateway.bare URL PORT` serves on that port until it is told to end. The server is uvicorn, with
the event loop and the HTTP implementation that `zdr serve` uses, whichever these are.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import aiohttp
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from uvicorn.config import HTTP_PROTOCOLS
from uvicorn.importer import import_from_string

from zdr_router.hosts.gateway.serving.protocol import PatientProtocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request

_EVENTS = "text/event-stream"
_HEADERS = {"content-type": "application/json"}


def application(upstream: str) -> Starlette:
    """A session of its own for as long as it runs, and one path besides `/readyz`."""
    sessions: list[aiohttp.ClientSession] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        # No limit of connections: with one, streams beyond it would wait for others to end.
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            sessions.append(session)
            yield

    async def passed_through(request: Request) -> Response:
        body = await request.body()
        answer = await sessions[0].post(f"{upstream}/chat/completions", data=body, headers=_HEADERS)
        kind = answer.content_type
        if kind == _EVENTS:
            return StreamingResponse(_pieces(answer), answer.status, media_type=_EVENTS)
        async with answer:
            return Response(await answer.read(), answer.status, media_type=kind)

    async def ready(_: Request) -> Response:
        return Response(b"ok")

    routes = [Route("/v1/chat/completions", passed_through, methods=["POST"]), Route("/readyz", ready)]
    return Starlette(routes=routes, lifespan=lifespan)


async def _pieces(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async with answer:
        async for piece in answer.content.iter_any():
            yield piece


def http_implementation() -> str:
    """The word of uvicorn for what `zdr serve` reads HTTP with: what its protocol is derived from."""
    for name, place in HTTP_PROTOCOLS.items():
        if name == "auto" or (name == "httptools" and find_spec("httptools") is None):
            continue
        if issubclass(PatientProtocol, import_from_string(place)):
            return name
    return "auto"


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it is installed, as `zdr serve` does."""
    if find_spec("uvloop") is None:
        return None
    from uvloop import new_event_loop  # noqa: PLC0415 - where it is installed

    return new_event_loop


def main(arguments: list[str]) -> None:
    """Serve until a signal comes."""
    upstream, port = arguments
    implementation: Any = http_implementation()
    config = uvicorn.Config(
        application(upstream),
        host="127.0.0.1",
        port=int(port),
        http=implementation,
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
    )
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main(sys.argv[1:])
