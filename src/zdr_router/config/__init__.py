"""From what an operator declares (`zdr.yaml`, or values) to the deployment that comes of it."""

from __future__ import annotations

from zdr_router.config.assembling import assemble, route_of
from zdr_router.config.loading import load

__all__ = ["assemble", "load", "route_of"]
