"""Starts the kit's provider, tells it what to do next, and asks what has come."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import orjson

if TYPE_CHECKING:
    from types import TracebackType

_PATIENCE: Final = 10.0


class Arrived(NamedTuple):
    """How many requests have come on this path, and of which places they held the canaries."""

    requests: int
    places: frozenset[str]


class Provider:
    """`with Provider(seed) as provider`. What is said to it holds no canary: it makes them from the seed itself."""

    def __init__(self, seed: str) -> None:
        """Nobody listens yet."""
        self._seed = seed
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """The address to give to a client of OpenAI's API."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def spare_url(self) -> str:
        """The address of one that always answers well."""
        return f"http://127.0.0.1:{self.port}/spare/v1"

    def __enter__(self) -> Self:
        """Start it. Raises `RuntimeError` where it does not come up."""
        command = [sys.executable, "-m", "zdr_router.conformance.leaks.provider", self._seed]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - its own
        self.port = int(self._heard()["port"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(BrokenPipeError):  # it had ended already
                        pipe.close()
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def behave(self, behaviour: str, path: str) -> None:
        """What to do from now on, with the words of this path."""
        self._tell(f"{behaviour} {path}\n")

    def arrived(self) -> Arrived:
        """What has come since it was told how to behave."""
        heard = self._tell("\n")
        return Arrived(heard["arrived"], frozenset(heard["places"]))

    def _tell(self, line: str) -> dict[str, Any]:
        if self._process is None or self._process.stdin is None:
            message = "the provider is not started: use it within `with`"
            raise RuntimeError(message)
        with self._turn:
            with contextlib.suppress(BrokenPipeError):  # nothing is heard then
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()
            return self._heard()

    def _heard(self) -> dict[str, Any]:
        line = b"" if self._process is None or self._process.stdout is None else self._process.stdout.readline()
        if not line:
            message = "the provider of the kit has ended"
            raise RuntimeError(message)
        heard: dict[str, Any] = orjson.loads(line)
        return heard
