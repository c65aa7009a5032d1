"""What every message passes before the SDK looks at it: unknown methods, tools and addresses go no further.

The SDK quotes those in errors, log lines and names of spans. Here they are answered with words of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, METHOD_NOT_FOUND

from zdr_router.hosts.mcp.resources import is_ours

if TYPE_CHECKING:
    from mcp.server import MCPServer
    from mcp.server.context import CallNext, HandlerResult, ServerRequestContext

    from zdr_router.router import AsyncRouter

SERVED: Final = frozenset(
    {
        *("initialize", "ping", "server/discover"),
        *("tools/list", "tools/call"),
        *("resources/list", "resources/templates/list", "resources/read"),
        *("prompts/list", "prompts/get"),
    }
)
"""No completion, no log levels, no subscriptions; a server of this protocol could also ask its clients. This one does
not: it takes no part in elicitation, sampling or tasks."""

HEARD: Final = frozenset({"notifications/initialized", "notifications/cancelled"})


class Gate:
    """The outermost middleware of a server."""

    def __init__(self, router: AsyncRouter, server: MCPServer[None]) -> None:
        """What the router's registry holds may be read, and whatever a host has added to `server`."""
        self._router = router
        self._server = server

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Answer what the SDK is not to see; pass everything else on. Raises `MCPError`."""
        if ctx.request_id is None:
            return await call_next(ctx) if ctx.method in HEARD else None
        if ctx.method not in SERVED:
            raise MCPError(METHOD_NOT_FOUND, "Method not found")
        given = ctx.params or {}
        if ctx.method == "tools/call" and not await self._has_tool(given.get("name")):
            raise MCPError(INVALID_PARAMS, "There is no such tool; tools/list names those that there are")
        if ctx.method == "resources/read" and not await self._has_resource(given.get("uri")):
            raise MCPError(INVALID_PARAMS, "There is no such resource; resources/list names those that there are")
        if ctx.method == "prompts/get" and not await self._has_prompt(given.get("name")):
            raise MCPError(INVALID_PARAMS, "There is no such prompt; prompts/list names those that there are")
        try:
            return await call_next(ctx)
        finally:
            _forget(ctx)

    async def _has_tool(self, name: object) -> bool:
        return any(name == each.name for each in await self._server.list_tools())

    async def _has_resource(self, uri: object) -> bool:
        if isinstance(uri, str) and is_ours(uri, self._router.deployment.registry):
            return True
        listed = [str(each.uri) for each in await self._server.list_resources()]
        templates = await self._server.list_resource_templates()
        return uri in listed or len(templates) > 1  # a host's own templates are matched by the SDK

    async def _has_prompt(self, name: object) -> bool:
        return any(name == each.name for each in await self._server.list_prompts())


def _forget(ctx: ServerRequestContext[Any, Any]) -> None:
    """Empty what the SDK keeps of a message over HTTP: where a call is given up it lies about until the collector runs.

    What a client in this process has handed over is that client's own.
    """
    if ctx.request is None:
        return
    given = (ctx.params or {}).get("arguments")
    if isinstance(given, dict):
        given.clear()
    vars(ctx.request).pop("_body", None)
