"""Builds the MCP server over a router: an `MCPServer` to run, to mount, or to add tools of one's own to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mcp.server import MCPServer
from mcp.server._otel import OpenTelemetryMiddleware

import zdr_router
from zdr_router.hosts.mcp import resources, tools
from zdr_router.hosts.mcp.caller import Caller, introduced
from zdr_router.hosts.mcp.gate import Gate
from zdr_router.hosts.mcp.quiet import hush, without_a_log_of_its_own
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from mcp.server.mcpserver.context import Context
    from mcp_types import CallToolResult, InputRequiredResult, Tool

    from zdr_router.hosts.mcp.asking import Progress
    from zdr_router.policy.policy import Policy
    from zdr_router.router import AsyncRouter

_JSON: Final = "application/json"
_INSTRUCTIONS: Final = (
    "Language models behind a policy of zero data retention. `list_models` names the routes; `ask` sends a prompt on"
    " one of them, and only to providers that are cleared to keep nothing; `explain_route` says who and why not."
)


def server(
    router: AsyncRouter,
    *,
    tenant: str | None = None,
    customer: str | None = None,
    policy: Policy | None = None,
    name: str = "zdr-router",
) -> MCPServer[None]:
    """An MCP server over `router`, which whoever runs it has to have entered.

    Calls are those of `tenant` and `customer`, tightened by `policy`, unless they come through `app` with keys.
    The SDK is kept from logging in this process: its lines quote what callers send.
    """
    hush()
    with without_a_log_of_its_own():
        made = _Server(router, Caller(tenant, customer, policy), name)
    made.resource(
        resources.REGISTRY,
        name="registry",
        title="The registry",
        description="Every configuration of a provider that is declared, in short.",
        mime_type=_JSON,
    )(lambda: resources.whole(router.deployment.registry))

    def attestation(digest: str) -> str:
        """Everything that is declared of one configuration, with its evidence."""
        return resources.attestation(router.deployment.registry, digest)

    made.resource(resources.ATTESTATION, name="attestation", title="An attestation", mime_type=_JSON)(attestation)
    # Spans of the SDK name the tools, ids and addresses that callers send. The router has spans of its own.
    made.middleware[:] = [
        Gate(router, made),
        *(each for each in made.middleware if not isinstance(each, OpenTelemetryMiddleware)),
    ]
    return made


class _Server(MCPServer[None]):
    """The SDK checks arguments with models that quote them in errors: these tools are listed and called without it."""

    def __init__(self, router: AsyncRouter, caller: Caller, name: str) -> None:
        super().__init__(
            name,
            title="zdr-router",
            instructions=_INSTRUCTIONS,
            version=zdr_router.__version__,
            log_level="CRITICAL",
            subscriptions=False,
        )
        self._router = router
        self._caller = caller

    async def list_tools(self) -> list[Tool]:
        """The tools of this package, and those that a host has added."""
        return [*(each.listed() for each in tools.TOOLS.values()), *await super().list_tools()]

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[None, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool of this package, or one that a host has added."""
        if name not in tools.TOOLS:
            return await super().call_tool(name, arguments, context)
        # What came over HTTP is nobody else's, and can be emptied. A client in this process keeps its own.
        over_http = context is not None and context.request_context.request is not None
        given = Sealed(arguments if over_http else dict(arguments))
        del arguments
        work = tools.call(self._router, name, given, self._caller_of(context), _progress(context))
        return await work

    def _caller_of(self, context: Context[None, Any] | None) -> Caller:
        """Who came along with the HTTP request; else whom the server was made for, with a record of its own."""
        request = None if context is None else context.request_context.request
        found = None if request is None else introduced(request.scope)
        mine = self._caller
        if found is None:
            return Caller(mine.tenant, mine.customer, mine.policy)
        if found.is_unknown:
            found.tenant, found.customer, found.policy = mine.tenant, mine.customer, mine.policy
        return found


def _progress(context: Context[None, Any] | None) -> Progress | None:
    """Where to report progress, if the client asked for it."""
    meta = None if context is None else context.request_context.meta
    return context if meta and meta.get("progress_token") is not None else None
