"""Asks a subject that listens on a port of this machine. Each request has a connection of its own."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from zdr_router.conformance.leaks.hosts.base import Exchange, Heard, Post

_PIECE: Final = 65536


class Listening:
    """A subject at a port of loopback."""

    def __init__(self, port: int) -> None:
        """Nobody is asked yet."""
        self._port = port

    @contextlib.asynccontextmanager
    async def post(self, post: Post) -> AsyncIterator[Exchange]:
        """Raises `OSError` where nobody listens."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            length = str(len(post.body))
            headers = {
                "host": f"127.0.0.1:{self._port}",
                "connection": "close",
                "content-length": length,
                **post.headers,
            }
            lines = [f"POST {post.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
            writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + post.body)
            with contextlib.suppress(ConnectionError):
                await writer.drain()
            yield _Answer(reader, post.heard)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def answers(self) -> bool:
        """Whether somebody listens by now."""
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return False
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        return True


class _Answer:
    def __init__(self, reader: asyncio.StreamReader, heard: Heard | None) -> None:
        self._reader = reader
        self._heard = heard

    async def status(self) -> int:
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return 0
        words = head.split(b" ", 2)
        return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0

    async def piece(self) -> bool:
        try:
            piece = await self._reader.read(_PIECE)
        except ConnectionError:
            return False
        if self._heard is not None:
            self._heard.hear(piece)
        return bool(piece)
