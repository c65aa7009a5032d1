"""A server in a process of its own, and what that process takes: CPU of all its threads, and memory."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

_TICK: Final = os.sysconf("SC_CLK_TCK")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_LOOK: Final = 0.005
_STOP_WITHIN: Final = 15.0


class NotStarted(Exception):
    """A server did not become ready; with the end of what it said."""


def free_port() -> int:
    """A port of loopback that nobody listens on for the moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, all threads together, in ticks of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def resident_bytes(pid: int) -> int:
    """Memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE


class Running:
    """A server that runs while the block does; entered, it is ready. What it says goes to `log`."""

    def __init__(  # noqa: PLR0913 - what there is to say of a process
        self,
        command: Sequence[str],
        port: int,
        log: Path,
        *,
        core: int | None = None,
        ready: str = "/readyz",
        within: float = 30.0,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Nothing is started yet. `within` are the seconds in which `ready` must answer 200."""
        self.port = port
        self.seconds_to_ready = 0.0
        self._command = list(command)
        self._log = log
        self._core = core
        self._ready = ready
        self._within = within
        self._cwd = cwd
        self._environment = None if environment is None else {**os.environ, **environment}

    def __enter__(self) -> Self:
        """Start it, and wait until it is ready. Raises `NotStarted`."""
        with self._log.open("wb") as said:
            began = time.perf_counter()
            self._process = subprocess.Popen(  # noqa: S603 - a server under test
                self._command,
                cwd=self._cwd,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        if self._core is not None:
            os.sched_setaffinity(self._process.pid, {self._core})
        try:
            self._wait(began)
        except BaseException:
            self._stop()
            raise
        self.seconds_to_ready = time.perf_counter() - began
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self._stop()

    @property
    def pid(self) -> int:
        """Of its process."""
        return self._process.pid

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        return cpu_seconds(self.pid)

    def memory(self) -> int:
        """Bytes of memory now."""
        return resident_bytes(self.pid)

    def _wait(self, began: float) -> None:
        while not is_ready(self.port, self._ready):
            waited = time.perf_counter() - began
            if self._process.poll() is not None or waited > self._within:
                command = " ".join(self._command)
                raise NotStarted(f"`{command}` was not ready after {waited:.1f} s: {self._last_words()}")
            time.sleep(_LOOK)

    def _stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(_STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _last_words(self) -> str:
        text = self._log.read_text(encoding="utf-8", errors="replace").strip()
        return text.splitlines()[-1] if text else "it said nothing"


def is_ready(port: int, path: str) -> bool:
    """Whether a path answers 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5.0)
    with contextlib.closing(connection):
        try:
            connection.request("GET", path)
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
