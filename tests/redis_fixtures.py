"""What tests over Redis are given: a server that they leave running, a folder of names in it, and one they may stop."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
from here import needs_extra
from redis_here import some_redis
from redis_server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from redis import Redis


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with some_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[Redis]:
    needs_extra("redis", "redis")
    from redis import Redis  # noqa: PLC0415 - only where it is installed

    with Redis.from_url(url) as client:
        yield client


@pytest.fixture
def prefix(client: Redis) -> Iterator[str]:
    """What a test's names begin with; nothing is left of them."""
    name = f"zdr-test-{secrets.token_hex(6)}"
    yield name
    for key in client.scan_iter(f"{name}:*"):
        client.delete(key)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """One that a test may stop."""
    with RedisServer(tmp_path) as server:
        yield server
