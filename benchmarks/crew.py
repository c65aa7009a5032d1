"""Starts the workers and gives them orders, one at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self

from benchmarks.clients import BASE, ENTRIES, OURS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

_ENVIRONMENT: Final = {
    "NO_PROXY": "127.0.0.1",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # litellm would fetch its prices when it is imported
    "LITELLM_LOG": "ERROR",
}
_STOP_WITHIN: Final = 10.0
_COPIES: Final = {BASE: 3, OURS: 3}
"""How many processes a client has, one elsewhere: the same code is up to a fifth faster in one process than in another,
as its memory happens to lie, so those that the goals speak of take turns in several."""


class Failed(Exception):
    """A client that cannot be run."""


class Process:
    """One worker."""

    def __init__(self, url: str, core: int | None) -> None:
        """Start it; it answers once it has imported what it needs."""
        self._process = subprocess.Popen(  # noqa: S603 - this very interpreter
            [sys.executable, "-m", "benchmarks.worker", url, *([] if core is None else [str(core)])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **_ENVIRONMENT},
        )

    def order(self, **what: object) -> None:
        """Tell it what to do."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):  # `answer` says so
                self._process.stdin.write(json.dumps(what) + "\n")
                self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """What came of the oldest order that is not answered. Raises `Failed`."""
        line = "" if self._process.stdout is None else self._process.stdout.readline()
        if not line:
            raise Failed(f"its process ended with status {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def stop(self) -> None:
        """End it; what its clients would still do says nothing."""
        self._process.terminate()
        try:
            self._process.communicate(timeout=_STOP_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


class Crew:
    """Every client that can be run; `absent` says why the others cannot."""

    def __init__(self, names: Iterable[str], url: str, core: int | None) -> None:
        """Start all workers at once; `assemble` waits for them."""
        self.absent: dict[str, str] = {}
        self._processes: dict[str, deque[Process]] = {}
        by_module: dict[str, list[Process]] = {}
        for name in names:
            module = ENTRIES[name].module
            if module not in by_module:
                by_module[module] = [Process(url, core) for _ in range(_COPIES.get(name, 1))]
            self._processes[name] = deque(by_module[module])
            for process in by_module[module]:
                process.order(do="open", client=name)
        self._running = [process for processes in by_module.values() for process in processes]

    def __enter__(self) -> Self:
        """The workers are starting."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop them."""
        for process in self._running:
            process.stop()

    def assemble(self) -> None:
        """Wait until each client is open or is known not to be."""
        for name in list(self._processes):
            try:
                for process in self._processes[name]:
                    process.answer()
            except Failed as why:
                self.dismiss(name, str(why))

    def dismiss(self, name: str, why: str) -> None:
        """Go on without a client."""
        self.absent[name] = why
        del self._processes[name]

    @property
    def names(self) -> list[str]:
        """Who is there."""
        return list(self._processes)

    def copies(self, name: str) -> int:
        """In how many processes a client takes turns."""
        return len(self._processes.get(name, ()))

    def run(self, name: str, load: str, calls: int) -> dict[str, Any]:
        """One batch of one client, in the process whose turn it is. Raises `Failed`."""
        process = self._processes[name][0]
        self._processes[name].rotate(-1)
        process.order(do="batch", client=name, load=load, calls=calls)
        return process.answer()

    def grow(self, name: str, load: str, calls: int) -> float:
        """Bytes by which a client's process grows with a call. Raises `Failed`."""
        process = self._processes[name][0]
        process.order(do="grow", client=name, load=load, calls=calls)
        growth: float = process.answer()["bytes_per_call"]
        return growth
