"""Many streams at a time, held by one server: each has to come whole."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from benchmarks.gateway.answers import what_is_wrong
from benchmarks.loads import SMALL, Load

if TYPE_CHECKING:
    from benchmarks.gateway.servers import Server

LOAD: Final = Load("held", SMALL, 500, "slowly")
"""Chunks come as fast as a model speaks, so that all streams are open together."""

_READ: Final = 1 << 16
_WITHIN: Final = 90.0
_HEAD_END: Final = b"\r\n\r\n"
_GOOD: Final = b"HTTP/1.1 200"
_LAST: Final = b"\r\n0\r\n\r\n"
"""The end of a chunked body."""
_BATCH: Final = 100
"""How many connections are opened before the loop looks at others."""


@dataclass(slots=True)
class _Held:
    """What became of the streams so far."""

    open: int = 0
    most: int = 0
    firsts: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)


def hold(server: Server, streams: int) -> dict[str, Any]:
    """Open so many streams, read all of them to their ends, and tell how many were open at a time and what broke."""
    before = server.running.cpu()
    began = time.perf_counter()
    held = asyncio.run(_hold(server, streams))
    return {
        "streams": streams,
        "most_at_a_time": held.most,
        "broken": sum(held.wrong.values()),
        "why": dict(held.wrong),
        "first_chunk_ms": round(sorted(held.firsts)[len(held.firsts) // 2] * 1e3, 1) if held.firsts else None,
        "cpu_ms_per_stream": round((server.running.cpu() - before) / streams * 1e3, 3),
        "seconds": round(time.perf_counter() - began, 1),
    }


async def _hold(server: Server, streams: int) -> _Held:
    held = _Held()
    request = _request(server)
    tasks = []
    for number in range(streams):
        tasks.append(asyncio.create_task(_one(server.running.port, request, held)))
        if number % _BATCH == 0:
            await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    return held


async def _one(port: int, request: bytes, held: _Held) -> None:
    """One stream, from its request to the end of its connection."""
    try:
        async with asyncio.timeout(_WITHIN):
            said = await _read(port, request, held)
    except (OSError, TimeoutError) as error:
        held.wrong[type(error).__name__] += 1
        return
    head, _, body = said.partition(_HEAD_END)
    wrong = what_is_wrong(_joined(body)) if head.startswith(_GOOD) else head[:40].decode(errors="replace")
    if wrong:
        held.wrong[wrong] += 1


async def _read(port: int, request: bytes, held: _Held) -> bytes:
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    pieces: list[bytes] = []
    is_open, end = False, b""
    try:
        writer.write(request)
        while not end.endswith(_LAST) and (piece := await reader.read(_READ)):
            if not is_open and b"data: " in piece:
                is_open = True
                held.firsts.append(time.perf_counter() - began)
                held.open += 1
                held.most = max(held.most, held.open)
            pieces.append(piece)
            end = (end + piece)[-len(_LAST) :]
            if not pieces[0].startswith(_GOOD):
                break
    finally:
        held.open -= is_open
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    return b"".join(pieces)


def _request(server: Server) -> bytes:
    body = server.caller.body(LOAD)
    headers = {**server.caller.head(), "Host": "127.0.0.1", "Connection": "close", "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {server.path} HTTP/1.1\r\n{head}\r\n".encode() + body


def _joined(body: bytes) -> bytes:
    """A body without the frames of `transfer-encoding: chunked`, as far as it came."""
    pieces: list[bytes] = []
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        pieces.append(rest[:length])
        body = rest[length + 2 :]
    return b"".join(pieces)
