"""The server that every client talks to: pre-rendered bytes over a hand-made reader, so that it is not what counts.

`python -m benchmarks.mock [CORE]` prints its port and serves until its standard input ends. `GET /stats` gives the
number of answers and the CPU seconds of this process, so that a run can show how idle it was.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Final

from benchmarks.loads import ORDERS, PIECES

FAILING: Final = "/failing"
"""A request whose path begins so is answered with an error 500."""

PACE: Final = 0.002
"""Seconds between the chunks of a stream that comes piece by piece."""

LEISURE: Final = 0.05
"""The same for a stream that comes slowly, as from a model."""

TEXT: Final = "lorem ipsum dolor sit amet, " * 40
_USAGE: Final = {"prompt_tokens": 500, "completion_tokens": 100, "total_tokens": 600}
_FAILURE: Final = b"HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
_NOTHING: Final = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
_FAILS: Final = f"POST {FAILING}/".encode()
_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"
_BURST: Final = ORDERS["burst"].encode()
_PIECES: Final = ORDERS["pieces"].encode()
_SLOWLY: Final = ORDERS["slowly"].encode()
_NEAR: Final = 2048
"""The order to the mock stands within that many bytes from the beginning of a body."""


def _whole() -> bytes:
    message = {"role": "assistant", "content": TEXT, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    answer = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "mock"}
    body = json.dumps({**answer, "choices": [choice], "usage": _USAGE}).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body


def _chunks() -> list[bytes]:
    """A stream in OpenAI's format: `PIECES` events, of which the last has the finish reason, and `[DONE]`."""
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "mock"}
    deltas: list[dict[str, str]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": f"piece {number} "} for number in range(PIECES - 2)]
    events = [{**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    last = {"index": 0, "delta": {}, "finish_reason": "stop"}
    events.append({**base, "choices": [last], "usage": _USAGE})
    lines = [b"data: " + json.dumps(event).encode() + b"\n\n" for event in events]
    lines[-1] += b"data: [DONE]\n\n"
    return [b"%x\r\n%s\r\n" % (len(line), line) for line in lines]


_STREAM_HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
)
_WHOLE: Final = _whole()
_CHUNKS: Final = _chunks()
_BURSTING: Final = _STREAM_HEAD + b"".join(_CHUNKS) + b"0\r\n\r\n"
_LAST: Final = len(_CHUNKS) - 1


class _Stats:
    """How much was answered."""

    def __init__(self) -> None:
        self.answers = 0

    def rendered(self) -> bytes:
        body = json.dumps({"answers": self.answers, "cpu": time.process_time()}).encode()
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


class Connection(asyncio.Protocol):
    """One connection: counts the bytes of a body, and answers once they are all there."""

    def __init__(self, stats: _Stats, loop: asyncio.AbstractEventLoop) -> None:
        """Nothing is read yet."""
        self._stats = stats
        self._loop = loop
        self._transport: asyncio.WriteTransport | None = None
        self._head = b""
        self._missing = 0
        self._answer = _WHOLE
        self._pace = PACE
        self._next = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Stop writing."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Take a piece of a request. Requests are not pipelined."""
        if self._missing:
            self._missing -= len(data)
        else:
            self._begin(self._head + data)
        if not self._missing and not self._head:
            self._respond()

    def _begin(self, data: bytes) -> None:
        end = data.find(_HEAD_END)
        if end < 0 or (data.startswith(b"POST") and len(data) == end + len(_HEAD_END)):
            self._head = data  # a client may send the head of a request by itself
            return
        self._head = b""
        if data.startswith(b"GET /stats"):
            self._answer = self._stats.rendered()
            return
        if data.startswith(b"GET "):
            self._answer = _NOTHING  # who looks for models or health here finds none
            return
        head = data[:end].lower()
        start = head.index(_LENGTH) + len(_LENGTH)
        self._missing = int(head[start:].split(b"\r\n", 1)[0]) - (len(data) - end - len(_HEAD_END))
        near = data[end : end + _NEAR]
        self._pace = LEISURE if _SLOWLY in near else PACE
        in_pieces = _PIECES in near or _SLOWLY in near
        self._answer = _BURSTING if _BURST in near else b"" if in_pieces else _WHOLE
        if data.startswith(_FAILS):
            self._answer = _FAILURE
        self._stats.answers += 1

    def _respond(self) -> None:
        if self._transport is None:
            return
        if self._answer:
            self._transport.write(self._answer)
            return
        self._transport.write(_STREAM_HEAD + _CHUNKS[0])
        self._next = 1
        self._loop.call_later(self._pace, self._go_on)

    def _go_on(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._next == _LAST:
            self._transport.write(_CHUNKS[_LAST] + b"0\r\n\r\n")
            return
        self._transport.write(_CHUNKS[self._next])
        self._next += 1
        self._loop.call_later(self._pace, self._go_on)


async def serve() -> None:
    """Print the port, and serve until standard input ends."""
    loop = asyncio.get_running_loop()
    stats = _Stats()
    server = await loop.create_server(lambda: Connection(stats, loop), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


def main(arguments: list[str]) -> None:
    """Serve, on one core if it is named."""
    if arguments and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(arguments[0])})
    asyncio.run(serve())


if __name__ == "__main__":
    main(sys.argv[1:])
