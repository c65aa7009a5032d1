"""The OpenAI-compatible gateway: an ASGI application over a router, and a server for it.

`gateway.app(router, keys=…)` gives the application; it owns no routing. `zdr serve` runs it.
"""

from __future__ import annotations

from zdr_router.hosts.gateway.application import Gateway, app

__all__ = ["Gateway", "app"]
