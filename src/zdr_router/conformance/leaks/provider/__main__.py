"""The process of the kit's provider: reads on stdin what to do, one line at a time, and answers on stdout."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import orjson

from zdr_router.conformance.leaks.canaries import Canaries, Words
from zdr_router.conformance.leaks.provider.behaviours import BEHAVIOURS
from zdr_router.conformance.leaks.provider.server import Server

if TYPE_CHECKING:
    from zdr_router.conformance.leaks.provider.behaviours import Behaviour


async def serve(seed: str) -> None:
    """Serve until stdin ends. A line `BEHAVIOUR PATH` chooses; an empty one asks what has arrived since."""
    canaries = Canaries(seed)
    chosen = ["answer", ""]

    def choose() -> tuple[Behaviour, Behaviour, Words]:
        return BEHAVIOURS[chosen[0]], BEHAVIOURS["answer"], canaries.of(chosen[1])

    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with Server(choose) as server:
        _say({"port": server.port, "pid": os.getpid()})
        while line := await reader.readline():
            if words := line.decode().split():
                chosen[:] = words
                server.forget()
            _say({"arrived": server.arrived, "places": sorted(server.places)})


def _say(value: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(value) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
