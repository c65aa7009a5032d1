"""What the tests of shared state are given."""

from __future__ import annotations

from redis_fixtures import client, prefix, server, url

__all__ = ["client", "prefix", "server", "url"]
