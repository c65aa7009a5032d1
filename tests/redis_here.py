"""A Redis or Valkey server for tests that leave it running: the one of this machine, or else one of their own."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

from redis_server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USUAL = ("127.0.0.1", 6379)


@contextlib.contextmanager
def some_redis(folder: Path) -> Iterator[str]:
    """Its address."""
    with contextlib.suppress(OSError), socket.create_connection(USUAL, timeout=1) as probe:
        probe.sendall(b"PING\r\n")
        if probe.recv(16).startswith(b"+PONG"):
            folder = None
    if folder is None:
        yield f"redis://{USUAL[0]}:{USUAL[1]}/0"
        return
    with RedisServer(folder) as server:
        yield server.url
