"""`zdr mcp`: the routes of the operator's file as tools of the Model Context Protocol, over stdio or HTTP."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer

from zdr_router.cli.exits import Code, Fault
from zdr_router.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath, TenantName
from zdr_router.cli.server_log import log_to_stderr
from zdr_router.config import load
from zdr_router.hosting import Alone
from zdr_router.hosts import mcp
from zdr_router.router import AsyncRouter

if TYPE_CHECKING:
    from pathlib import Path

    from zdr_router.deployment import Deployment

EXAMPLES: Final = """
\b
Examples:
  zdr mcp -c zdr.yaml --tenant acme
  zdr mcp -c zdr.yaml --http 127.0.0.1:8090
"""


def mcp_server(
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    http: Annotated[
        str | None, typer.Option("--http", metavar="HOST:PORT", help="Listen there instead of talking over stdio.")
    ] = None,
    tenant: TenantName = None,
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="ID", help="For the record: who asks, where no key says so.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Serve the routes of the operator's file to MCP clients, as tools.

    Over stdio it is started by its client, and whoever started it asks. Over HTTP it is `zdr serve` with the MCP server
    alone: the section `gateway` of the file says what holds of keys, certificate, names and pages. With `mcp: true` in
    that section `zdr serve` serves both.

    Nothing of questions and answers is logged or kept. What is printed on stderr are events; docs/logs.md lists them.
    With --json each is one document.
    """
    if http is not None:
        return _http(config, Alone(http, tenant, customer), as_json=as_json)
    router = AsyncRouter.from_config(config, watch=True)
    _known(router.deployment, tenant, config)
    asyncio.run(_stdio(router, tenant, customer))
    return Code.DONE


def _http(config: Path, alone: Alone, *, as_json: bool) -> int:
    deployment = load(config)
    _known(deployment, alone.tenant, config)
    if (alone.tenant or alone.customer) and not (deployment.serve and deployment.serve.is_open):
        raise Fault("over HTTP the key says whose a request is", fix="leave --tenant and --customer out")
    try:
        from zdr_router.hosts.gateway.serving.workers import run  # noqa: PLC0415 - needs the extra `gateway`
    except ModuleNotFoundError as error:
        fault = Fault(f"the gateway needs {error.name}", fix="pip install 'zdr-router[gateway,mcp]'")
    else:
        return run(config, partial(log_to_stderr, as_json=as_json), alone)
    raise fault


def _known(deployment: Deployment, tenant: str | None, config: Path) -> None:
    if tenant is not None and tenant not in deployment.policies:
        raise Fault("the file has no such tenant", where=str(config), fix="name one of its `tenants`")


async def _stdio(router: AsyncRouter, tenant: str | None, customer: str | None) -> None:
    """Until the client closes stdin, or the process is told to stop."""
    server = mcp.server(router, tenant=tenant, customer=customer)
    told = asyncio.Event()
    if sys.platform != "win32":
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with router:
        serving = asyncio.ensure_future(server.run_stdio_async())
        waiting = asyncio.ensure_future(told.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if serving.done():
            await serving
            return
        serving.cancel()  # what is under way ends at once; the thread that reads stdin does not
        await asyncio.wait({serving}, timeout=1)
    logging.shutdown()
    os._exit(Code.DONE)  # an orderly end would wait for that thread, which waits for the client
