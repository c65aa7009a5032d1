"""What it costs when a target fails: the CPU of a call that goes on to its second target, next to one that need not.

`python -m benchmarks.failing URL CALLS ROUNDS` prints it as JSON; `URL` is the mock's.
"""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import statistics
import sys
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final

from benchmarks.clients.bare_aiohttp import open_aiohttp
from benchmarks.clients.routed import routed
from benchmarks.loads import LOADS
from benchmarks.mock import FAILING
from zdr_router.entries import HealthEntry

if TYPE_CHECKING:
    from benchmarks.clients.base import Call

_NEVER: Final = 10**9
_NO_EJECTION: Final = HealthEntry(consecutive_failures=_NEVER, minimum_throughput=_NEVER)
"""A target that is known to fail is not asked, and then nothing would be measured."""


async def compare(url: str, calls: int, rounds: int) -> dict[str, float]:
    """Medians over rounds in which each has its turn, one call at a time."""
    prompt = LOADS["chat_c1"].prompt()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # it does not listen, and while it is bound nobody else does
        refusing = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        firsts = {"direct": url, "failed": url.replace("/v1", f"{FAILING}/v1"), "refused": refusing}
        async with AsyncExitStack() as stack:
            ready: dict[str, Call] = {"bare": (await stack.enter_async_context(open_aiohttp(url))).prepare(prompt)}
            for name, first in firsts.items():
                client = await stack.enter_async_context(routed([first, url, url], health=_NO_EJECTION))
                ready[name] = client.prepare(prompt)
            for call in ready.values():
                await _cpu(call, calls)
            taken = [{name: await _cpu(call, calls) for name, call in ready.items()} for _ in range(rounds)]
    figures = {f"{name}_us": statistics.median(each[name] for each in taken) * 1e6 for name in ready}
    for name, figure in (("failed", "failover_ms"), ("refused", "failover_refused_ms")):
        figures[figure] = statistics.median(each[name] - each["direct"] for each in taken) * 1e3
    return {name: round(value, 4) for name, value in figures.items()}


async def _cpu(call: Call, calls: int) -> float:
    """Seconds of CPU of a call."""
    gc.collect()
    began = time.process_time()
    for _ in range(calls):
        await call.chat()
    return (time.process_time() - began) / calls


def main(arguments: list[str]) -> None:
    """Measure, and print."""
    url, calls, rounds = arguments
    told: dict[str, Any] = asyncio.run(compare(url, int(calls), int(rounds)))
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1:])
