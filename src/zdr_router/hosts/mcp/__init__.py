"""The MCP server: the router's routes as tools, over stdio or HTTP. `server(router)` is an `MCPServer`, `app` is ASGI.

It owns no routing: it reads a call, asks the router, and says what came of it. Needs the extra `mcp`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from zdr_router.errors import ConfigError, Problem

if TYPE_CHECKING:
    from zdr_router.hosts.mcp.building import server
    from zdr_router.hosts.mcp.web import app

__all__ = ["app", "server"]

_HOMES = {"app": "zdr_router.hosts.mcp.web", "server": "zdr_router.hosts.mcp.building"}


def __getattr__(name: str) -> object:
    """Import a public name from where it lives. Raises `ConfigError` where the extra `mcp` is missing."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    try:
        found: object = getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        problem = Problem(f"the MCP server needs {error.name}", fix="pip install 'zdr-router[mcp]'")
    else:
        return found
    raise ConfigError(problem)
