"""`zdr mcp`: the routes of the operator's file as tools of the Model Context Protocol, over stdio or HTTP."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import typer

from zdr_router.cli.exits import Code, Fault
from zdr_router.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath, TenantName
from zdr_router.hosts import mcp
from zdr_router.router import AsyncRouter

EXAMPLES: Final = """
\b
Examples:
  zdr mcp -c zdr.yaml --tenant acme
  zdr mcp -c zdr.yaml --http 127.0.0.1:8090
  zdr mcp -c zdr.yaml --http 0.0.0.0:8443 --certificate tls.pem --private-key tls.key --host mcp.example.com
"""


class Listening(NamedTuple):
    """Where to listen, and how."""

    host: str
    port: int
    certificate: Path | None
    private_key: Path | None

    @property
    def loopback(self) -> bool:
        """Whether only this machine can connect."""
        return self.host == "localhost" or (_is_address(self.host) and ipaddress.ip_address(self.host).is_loopback)


def mcp_server(  # noqa: PLR0913 - the options of the command
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    http: Annotated[
        str | None, typer.Option("--http", metavar="HOST:PORT", help="Listen there instead of talking over stdio.")
    ] = None,
    tenant: TenantName = None,
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="ID", help="For the record: who asks. Over stdio only.")
    ] = None,
    host: Annotated[
        list[str] | None,
        typer.Option("--host", metavar="NAME", help="A name that it may be called by, besides loopback's. Repeatable."),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option("--origin", metavar="ORIGIN", help="A web page that may call it, besides loopback's. Repeatable."),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", metavar="FILE", help="TLS: the certificate, with its chain.")
    ] = None,
    private_key: Annotated[
        Path | None, typer.Option("--private-key", metavar="FILE", help="TLS: its private key.")
    ] = None,
    without_keys: Annotated[
        bool, typer.Option("--without-keys", help="Ask for no API keys. On loopback only.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Serve the routes of the operator's file to MCP clients, as tools.

    Over stdio it is started by its client, and whoever started it asks. Over HTTP every request needs an API key, as a
    bearer token, of the `keys` that the file names. It listens in the clear on loopback only.

    Nothing of questions and answers is logged or kept. What is printed on stderr are events; docs/logs.md lists them.
    With --json the address that it listens at is printed as JSON.
    """
    listening = None if http is None else _listening(http, certificate, private_key)
    if listening is None and any((host, origin, certificate, private_key, without_keys)):
        raise Fault("an option that is about HTTP was given without it", fix="add --http")
    if listening is not None and (tenant or customer) and not without_keys:
        raise Fault("over HTTP the key says whose a request is", fix="leave --tenant and --customer out")
    router = AsyncRouter.from_config(config, watch=True)
    if tenant is not None and tenant not in router.deployment.policies:
        raise Fault("the file has no such tenant", where=str(config), fix="name one of its `tenants`")
    if listening is None:
        asyncio.run(_stdio(router, tenant, customer))
        return
    if without_keys and not listening.loopback:
        raise Fault("--without-keys is for loopback only", fix="add `keys` to the operator's file")
    if not without_keys and router.deployment.keys is None:
        fix = "add `keys` to it and make one with `zdr keys add`; on loopback, --without-keys does without"
        raise Fault("the file names no API keys", where=str(config), fix=fix)
    from zdr_router.cli.mcp_http import Reached, serve  # noqa: PLC0415 - needs the extra `mcp`

    reached = Reached(tuple(host or ()), tuple(origin or ()), tenant, customer)
    asyncio.run(serve(router, listening, reached, keys=not without_keys, as_json=as_json))


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


def _listening(http: str, certificate: Path | None, private_key: Path | None) -> Listening:
    name, colon, port = http.rpartition(":")
    name = name.removeprefix("[").removesuffix("]")
    if not colon or not name or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 - the largest port
        raise Fault("--http is not HOST:PORT", fix="write it like --http 127.0.0.1:8090")
    if (certificate is None) != (private_key is None):
        raise Fault("a certificate and its private key go together", fix="give --certificate and --private-key")
    listening = Listening(name, int(port), certificate, private_key)
    if certificate is None and not listening.loopback:
        fix = "give --certificate and --private-key, or listen on 127.0.0.1 behind a server that does TLS"
        raise Fault("it would listen in the clear where others can read along", fix=fix)
    return listening


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
