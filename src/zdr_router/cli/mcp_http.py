"""`zdr mcp --http`: the MCP server behind uvicorn, which logs nothing of what it is asked."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import ssl
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

import uvicorn

from zdr_router.cli.exits import Fault
from zdr_router.cli.output import Output
from zdr_router.hosts import mcp
from zdr_router.hosts.keys.kept import KeptKeys
from zdr_router.hosts.mcp.doors import LOOPBACK_HOSTS, LOOPBACK_ORIGINS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.cli.mcp import Listening
    from zdr_router.hosts.keys.base import KeyBook
    from zdr_router.hosts.mcp.web import App
    from zdr_router.router import AsyncRouter

DRAIN: Final = 30
"""Seconds in which requests that are under way may end when the server is told to stop."""


class Reached(NamedTuple):
    """By which names and from which pages it is reached, and whose calls are those that have no key."""

    hosts: tuple[str, ...]
    origins: tuple[str, ...]
    tenant: str | None
    customer: str | None


class _Server(uvicorn.Server):
    """Stops when it is told to, and leaves it to its caller to close what else is open."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The first signal lets what is under way end; the second does not."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._told)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def _told(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


async def serve(router: AsyncRouter, listening: Listening, reached: Reached, *, keys: bool, as_json: bool) -> None:
    """Listen until told to stop; what is under way may end within its time."""
    bound = _bound(listening)
    async with AsyncExitStack() as stack:
        stack.callback(bound.close)
        await stack.enter_async_context(router)
        book: KeyBook | None = None
        if keys and router.deployment.keys is not None:
            book = await stack.enter_async_context(KeptKeys(router.deployment.keys, lease=router.deployment.patience))
        app = mcp.app(
            router,
            book,
            server=mcp.server(router, tenant=reached.tenant, customer=reached.customer),
            hosts=(*LOOPBACK_HOSTS, *reached.hosts),
            origins=(*LOOPBACK_ORIGINS, *reached.origins),
        )
        server = _Server(_config(app, listening))
        _announce(bound, listening, as_json=as_json)
        await server.serve(sockets=[bound])


def _config(app: App, listening: Listening) -> uvicorn.Config:
    """Raises `Fault` where the certificate cannot be used."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.asgi"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # its tracebacks show what names stand for
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=DRAIN,
        ssl_certfile=listening.certificate,
        ssl_keyfile=listening.private_key,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError):
        config.loaded = False
    if not config.loaded:
        raise Fault("the certificate or its private key cannot be read", fix="give files in PEM that belong together")
    return config


def _bound(listening: Listening) -> socket.socket:
    """Taken before anything else is opened: a port that is in use is told at once."""
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    try:
        return socket.create_server((listening.host, listening.port), family=family)
    except OSError as error:
        fault = Fault(f"it cannot listen there: {error.strerror or type(error).__name__}", fix="give another --http")
    raise fault


def _announce(bound: socket.socket, listening: Listening, *, as_json: bool) -> None:
    host, port = bound.getsockname()[:2]
    scheme = "http" if listening.certificate is None else "https"
    url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/mcp"
    output = Output(as_json=as_json)
    if as_json:
        output.json({"url": url})
    else:
        output.note(f"MCP at {url}; end with Ctrl-C")
    output.end()
