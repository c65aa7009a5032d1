"""One client, or a few that share a package, in a process of its own: runs a batch when told to, and says what it took.

`python -m benchmarks.worker URL [CORE]` reads one JSON object a line on its standard input and answers each with one.
Between batches its event loop stands still, so only one worker computes at a time.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import statistics
import sys
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final, TextIO

from benchmarks.clients import ENTRIES
from benchmarks.loads import LOADS, Load
from benchmarks.memory import resident_bytes, slope

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.clients.base import Call, Client

_SETTLE: Final = 0.02
"""Seconds given to what a client does after its call has returned, such as logging; its CPU time counts."""

_GROWTH_BLOCKS: Final = 10
_WARM_BLOCKS: Final = 2


class Worker:
    """The clients that are open, and their calls that are ready."""

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        """No client is open yet."""
        self._url = url
        self._stack = stack
        self._clients: dict[str, Client] = {}
        self._calls: dict[tuple[str, str], Call] = {}

    async def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Do what one order says."""
        name: str = order["client"]
        if order["do"] == "open":
            self._clients[name] = await self._stack.enter_async_context(ENTRIES[name].opener()(self._url))
            return {}
        load = LOADS[order["load"]]
        call = self._calls.get((name, load.name))
        if call is None:
            call = self._calls[name, load.name] = self._clients[name].prepare(load.prompt())
        if order["do"] == "grow":
            return {"bytes_per_call": await _growth(call, load, order["calls"])}
        return await _batch(call, load, order["calls"])


async def _batch(call: Call, load: Load, calls: int) -> dict[str, Any]:
    """So many calls, `load.in_flight` at a time. Seconds of CPU, of all threads, and of the wall clock for each."""
    gc.collect()
    firsts: list[float] = []
    turns = iter(range(calls))
    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*[_in_turn(call, load, turns, firsts) for _ in range(min(load.in_flight, calls))])
    took = time.perf_counter() - wall
    await asyncio.sleep(_SETTLE)
    cpu = time.process_time() - cpu
    first = statistics.median(firsts) if firsts else None
    return {"cpu": cpu / calls, "wall": took / calls, "first_chunk": first}


async def _in_turn(call: Call, load: Load, turns: Iterator[int], firsts: list[float]) -> None:
    """One of those who call at the same time, until all turns are taken."""
    for _ in turns:
        if load.streams:
            began = time.perf_counter()
            streamed = await call.stream()
            firsts.append(streamed.first - began)
        elif not await call.chat():
            message = f"an answer without text under the load {load.name}"
            raise RuntimeError(message)


async def _growth(call: Call, load: Load, calls: int) -> float:
    """Bytes by which this process grows with a call: the slope over blocks of calls, after some to warm up."""
    sizes: list[float] = []
    block = max(1, calls // _GROWTH_BLOCKS)
    for number in range(_WARM_BLOCKS + _GROWTH_BLOCKS + 1):
        await _batch(call, load, block)
        gc.collect()
        if number >= _WARM_BLOCKS:
            sizes.append(float(resident_bytes()))
    return slope(sizes) / block


async def _serve(url: str, orders: TextIO, answers: TextIO) -> None:
    async with AsyncExitStack() as stack:
        worker = Worker(url, stack)
        for line in orders:
            try:
                answer = await worker.obey(json.loads(line))
            except Exception as error:  # noqa: BLE001 - whatever a client does wrong is told, and shown in the report
                answer = {"error": f"{type(error).__name__}: {error}"}
            answers.write(json.dumps(answer) + "\n")
            answers.flush()


def main(arguments: list[str]) -> None:
    """Work until standard input ends."""
    url, *core = arguments
    if core and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core[0])})  # before anything is imported that starts threads
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a package prints must not be taken for an answer
    asyncio.run(_serve(url, sys.stdin, answers))


if __name__ == "__main__":
    main(sys.argv[1:])
