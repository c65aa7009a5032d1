"""One upstream, in a process of its own: `python -m soak.server NAME SEED FILE`.

It prints its port, appends the number of every request that arrives to FILE, answers each line on stdin with how many
connections are open, and ends with stdin.
"""

# ruff: noqa: T201 - it talks to the process that started it

from __future__ import annotations

import asyncio
import logging
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from upstream import Upstream

from soak.faults import Faults, number_of

if TYPE_CHECKING:
    from upstream import Call


async def serve(name: str, seed: int, file: Path) -> None:
    """Serve until stdin ends."""
    faults = Faults(name, seed)
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    pipe, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    with file.open("w", encoding="ascii") as arrivals:

        async def behave(call: Call) -> None:
            arrivals.write(f"{number_of(call)}\n")
            await faults(call)

        server = Upstream(otherwise=behave)
        server.requests = deque(maxlen=1)  # nothing here is asked what arrived
        async with server:
            print(server.port, flush=True)
            while await lines.readline():
                print(len(server._tasks), flush=True)
    pipe.close()


if __name__ == "__main__":
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # that a client has gone is what is being tested
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
