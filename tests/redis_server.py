"""A Redis or Valkey server of a test's own, which can be killed, paused, and started again with nothing in it."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Self

from here import lacking

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = ("redis-server", "valkey-server")


class RedisServer:
    """One server on a free port of loopback, which keeps nothing on disk unless it is told to."""

    def __init__(self, folder: Path, *options: str) -> None:
        found = [path for path in map(shutil.which, PROGRAMS) if path]
        if not found:
            lacking("there is no redis-server", "install Redis or Valkey")
        self.program, self.folder, self.options = found[0], folder, options
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = self.options or ("--port", str(self.port))
        command = [self.program, "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "", *options]
        options_of_tls = "--tls-port" in options
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                    if options_of_tls:
                        return
                    probe.sendall(b"PING\r\n")
                    if probe.recv(64).startswith((b"+PONG", b"-NOAUTH")):
                        return
            except OSError:
                pass
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.02)

    def kill(self) -> None:
        """At once, so that nothing is saved."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self._process.kill()
        self._process.wait()
        self._process = None

    def pause(self) -> None:
        """As a partition does: connections stay open, and nothing answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill()
