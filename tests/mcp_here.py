"""The MCP server of tests: over a real socket, behind uvicorn, in the loop of the test."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx2
import uvicorn
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from zdr_router.hosts.keys.making import make_key
from zdr_router.hosts.keys.memory import book_of
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from zdr_router import Metadata

PEPPER = Sealed("pepper-of-the-tests-and-of-nobody-else")
SAYS = {
    "content-type": "application/json",
    "accept": "application/json, text/event-stream",
    "mcp-protocol-version": "2025-11-25",
}
ASK = {"route": "chat", "prompt": "hello"}


@dataclass
class Kept:
    """A recorder: what was recorded, in order."""

    all: list[Metadata] = field(default_factory=list)

    def record(self, metadata: Metadata) -> None:
        self.all.append(metadata)


def a_book(**about: Any) -> tuple[Any, str, str]:
    """A book of one key; the text of the key, and its id."""
    key, text = make_key("tests", PEPPER, created=time.time(), **about)
    return book_of([key], PEPPER), text.open(), key.id


@contextlib.asynccontextmanager
async def listening(app: Any, **options: Any) -> AsyncIterator[str]:
    """The address of `app`, without a path."""
    bound = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1, **options)
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext
    task = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        bound.close()


@contextlib.asynccontextmanager
async def client(url: str, key: str | None = None, **options: Any) -> AsyncIterator[Client]:
    """The SDK's own client, over HTTP."""
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30, trust_env=False) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http), **options) as connected,
    ):
        yield connected


async def post(url: str, body: Any = None, *, key: str | None = None, **headers: str) -> httpx2.Response:
    """One message, without the SDK; a header is left out where None is given for it."""
    said = {**SAYS, **{name.replace("_", "-"): value for name, value in headers.items()}}
    if key is not None:
        said["authorization"] = f"Bearer {key}"
    content = {"content": body} if isinstance(body, bytes) else {"json": body or message("ping")}
    async with httpx2.AsyncClient(timeout=30, trust_env=False) as http:
        return await http.post(f"{url}/mcp", headers=said, **content)


def message(method: str, **params: Any) -> dict[str, Any]:
    """A message of JSON-RPC."""
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def asking(**arguments: Any) -> dict[str, Any]:
    """A call of `ask`."""
    return message("tools/call", name="ask", arguments={**ASK, **arguments})
