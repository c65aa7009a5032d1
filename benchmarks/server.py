"""Starts the mock in a process of its own, and shows that it is fast enough not to be what is measured."""

from __future__ import annotations

import http.client
import json
import selectors
import socket
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

    from benchmarks.loads import Load

_READ = 1 << 18
_STOP_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What the mock had done at an instant: answers, CPU seconds; `at` is on this process's clock."""

    answers: int
    cpu: float
    at: float


class MockServer:
    """The mock, while the block runs."""

    def __init__(self, core: int | None) -> None:
        """Nothing is started yet."""
        command = [sys.executable, "-m", "benchmarks.mock", *([] if core is None else [str(core)])]
        self._process = subprocess.Popen(  # noqa: S603 - this very interpreter
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port = 0

    def __enter__(self) -> Self:
        """Wait until it listens."""
        if self._process.stdout is None or not (line := self._process.stdout.readline()):
            message = "the mock server did not start"
            raise RuntimeError(message)
        self.port = int(line)
        self._statistics = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_STOP_WITHIN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self._statistics.close()
        self._process.terminate()
        self._process.communicate(timeout=_STOP_WITHIN)

    def usage(self) -> Usage:
        """What it has done so far."""
        self._statistics.request("GET", "/stats")
        stats: dict[str, Any] = json.loads(self._statistics.getresponse().read())
        return Usage(stats["answers"], stats["cpu"], time.perf_counter())

    def capacity(self, load: Load, calls: int) -> dict[str, float]:
        """What it manages when a bare socket asks, on `load.in_flight` connections."""
        before = self.usage()
        _ask(self.port, load, calls)
        after = self.usage()
        return {
            "server_cpu_us_per_call": round((after.cpu - before.cpu) / calls * 1e6, 1),
            "calls_per_second": round(calls / (after.at - before.at)),
        }


def _ask(port: int, load: Load, calls: int) -> None:
    """Send the same bytes again and again over bare sockets, and count what comes back."""
    body = json.dumps({"model": "x", "messages": load.prompt().messages()}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(body)}\r\n\r\n"
    request = head.encode() + body
    with closing(selectors.DefaultSelector()) as selector:
        sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(load.in_flight)]
        expected = _first_answer(sockets[0], request)
        missing = dict.fromkeys(sockets, 0)
        left = calls - 1
        for each in sockets:
            selector.register(each, selectors.EVENT_READ)
        while left or any(missing.values()):
            for each, still in missing.items():
                if not still and left:
                    each.sendall(request)
                    missing[each] = expected
                    left -= 1
            for key, _ in selector.select():
                ready: Any = key.fileobj
                missing[ready] -= len(ready.recv(_READ))
        for each in sockets:
            each.close()


def _first_answer(connection: socket.socket, request: bytes) -> int:
    """The length of an answer, head and all."""
    connection.sendall(request)
    data = connection.recv(_READ)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    missing = length - len(body)
    while missing > 0:
        missing -= len(connection.recv(_READ))
    return len(head) + 4 + length
