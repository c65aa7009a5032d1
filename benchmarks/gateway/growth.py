"""Whether a server holds more memory the more it has answered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from benchmarks.memory import slope

if TYPE_CHECKING:
    from benchmarks.gateway.servers import Server
    from benchmarks.gateway.wrk import Wrk
    from benchmarks.loads import Load

_MEGABYTE: Final = 1e6
_PER: Final = 100_000
_BLOCKS: Final = 10
_WARM_SECONDS: Final = 5
_SETTLE: Final = 0.5
"""Seconds in which what was answered is written down, so that it does not wait in memory when that is looked at."""


def growth(server: Server, load: Load, wrk: Wrk, requests: int) -> dict[str, Any]:
    """The slope of resident memory over ten blocks of together `requests` or more, and where it began and ended."""

    def block(seconds: float) -> int:
        answered = wrk.run(server.url, server.caller.body(load), server.caller.head(), load.in_flight, seconds).requests
        time.sleep(_SETTLE)
        return answered

    rate = block(_WARM_SECONDS) / _WARM_SECONDS
    seconds = max(1.0, requests / _BLOCKS / rate)
    block(seconds)
    sizes, answered = [server.running.memory()], 0
    while len(sizes) <= _BLOCKS or answered < requests:
        answered += block(seconds)
        sizes.append(server.running.memory())
    a_request = slope([float(size) for size in sizes]) / (answered / (len(sizes) - 1))
    return {
        "requests": answered,
        "first_mb": round(sizes[0] / _MEGABYTE, 1),
        "last_mb": round(sizes[-1] / _MEGABYTE, 1),
        "mb_by_block": [round(size / _MEGABYTE, 1) for size in sizes],
        "mb_per_100k": round(a_request * _PER / _MEGABYTE, 3),
    }
