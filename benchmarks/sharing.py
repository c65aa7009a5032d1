"""What health in Redis costs a call, and what it costs when Redis falls silent.

`python -m benchmarks.sharing URL ROUNDS SECONDS [CORE]` prints it as JSON; `URL` is the mock's. It starts a Redis or
Valkey server of its own, on that core, and says what is missing where it cannot.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import json
import logging
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from benchmarks.clients.routed import routed
from benchmarks.loads import LOADS
from zdr_router.state.settings import RedisSettings, StateSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.clients.base import Call

PROGRAMS: Final = ("redis-server", "valkey-server")
_STARTS_WITHIN: Final = 10.0
_IN_FLIGHT: Final = 32
_SETTLE: Final = 0.1
"""Seconds given to what was gathered for Redis by the last calls of a batch; its CPU time counts."""

_BACK_WITHIN: Final = 2.5
"""Seconds until Redis is looked for again, at the longest."""


@contextmanager
def server(program: str, core: int | None) -> Iterator[tuple[str, int]]:
    """A server that writes nothing to a disk: its address and its process id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603 - found on the path
        try:
            if core is not None and hasattr(os, "sched_setaffinity"):
                os.sched_setaffinity(process.pid, {core})
            _await(port)
            yield f"redis://127.0.0.1:{port}", process.pid
        finally:
            process.kill()


def _await(port: int) -> None:
    """Wait until somebody listens there. Raises `OSError` when nobody does in time."""
    until = time.monotonic() + _STARTS_WITHIN
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


async def compare(url: str, redis: str, rounds: int, seconds: float) -> dict[str, float]:
    """CPU of a call with health in either place, and the median of their ratio, round by round."""
    stores = {"memory": StateSettings(), "redis": StateSettings(health=RedisSettings(redis))}
    taken: list[dict[str, float]] = []
    for _ in range(rounds):
        cpu: dict[str, float] = {}
        for name, state in stores.items():
            # One at a time is open: Redis is asked now and then also while nobody calls.
            async with routed([url] * 3, state=state) as client:
                call = client.prepare(LOADS["chat_c32"].prompt())
                await _busy(call, seconds / 5)
                gc.collect()
                began = time.process_time()
                calls = len(await _busy(call, seconds))
                await asyncio.sleep(_SETTLE)
                cpu[name] = (time.process_time() - began) / calls
        taken.append(cpu)
    figures = {f"{name}_us": statistics.median(each[name] for each in taken) * 1e6 for name in stores}
    return {**figures, "redis_vs_memory": statistics.median(each["redis"] / each["memory"] for each in taken)}


async def lose(url: str, redis: str, process: int, rounds: int, seconds: float) -> dict[str, float]:
    """Seconds that the slowest hundredth of calls takes before and after Redis falls silent, and by how much more."""
    taken: list[tuple[float, float]] = []
    async with routed([url] * 3, state=StateSettings(health=RedisSettings(redis))) as client:
        call = client.prepare(LOADS["chat_c32"].prompt())
        for number in range(rounds):
            if number:
                await asyncio.sleep(_BACK_WITHIN)
            await _busy(call, seconds / 5)
            gc.collect()
            before = await _busy(call, seconds)
            os.kill(process, signal.SIGSTOP)
            try:
                after = await _busy(call, seconds)
            finally:
                os.kill(process, signal.SIGCONT)
            taken.append((_slowest(before), _slowest(after)))
    return {
        "p99_before_ms": statistics.median(before for before, _ in taken) * 1e3,
        "p99_after_ms": statistics.median(after for _, after in taken) * 1e3,
        "redis_lost_ms": statistics.median(after - before for before, after in taken) * 1e3,
    }


async def _busy(call: Call, seconds: float) -> list[float]:
    """Keep calls in flight for so long; the seconds that each took."""
    taken: list[float] = []
    until = time.perf_counter() + seconds

    async def one_after_another() -> None:
        began = time.perf_counter()
        while began < until:
            await call.chat()
            began, ended = time.perf_counter(), began
            taken.append(began - ended)

    await asyncio.gather(*[one_after_another() for _ in range(_IN_FLIGHT)])
    return taken


def _slowest(taken: list[float]) -> float:
    """The 99th percentile."""
    return statistics.quantiles(taken, n=100)[-1]


def missing() -> str | None:
    """What has to be installed for this, if anything."""
    if importlib.util.find_spec("redis") is None:
        return "the package redis is not installed"
    return None if _program() else f"there is no {' and no '.join(PROGRAMS)}"


def _program() -> str | None:
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def measured(url: str, rounds: int, seconds: float, core: int | None) -> dict[str, Any]:
    """Every figure, or why there is none."""
    program, lacks = _program(), missing()
    if lacks or program is None:
        return {"absent": lacks}
    with server(program, core) as (redis, process):
        figures = asyncio.run(compare(url, redis, rounds, seconds))
        # A third as often, and longer, since Redis is given up only after a while.
        figures.update(asyncio.run(lose(url, redis, process, max(1, rounds // 3), seconds * 4)))
    return {name: round(value, 4) for name, value in figures.items()}


def main(arguments: list[str]) -> None:
    """Measure, and print."""
    url, rounds, seconds, *core = arguments
    logging.getLogger("zdr_router").setLevel(logging.CRITICAL)  # that Redis fell silent is known here
    print(json.dumps(measured(url, int(rounds), float(seconds), int(core[0]) if core else None)))


if __name__ == "__main__":
    main(sys.argv[1:])
