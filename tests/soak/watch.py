"""What is looked at while a soak runs: memory, open files, and what is logged. Linux tells it under /proc."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from soak.settings import CANARY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SAMPLES = 120
_WARM_UP = 4
_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE


def open_files() -> int:
    """How many files and sockets this process has open."""
    return len(os.listdir("/proc/self/fd")) - 1  # noqa: PTH208 - the listing itself is one


async def sample(seconds: float, into: list[int]) -> None:
    """Measure memory again and again, for so long."""
    until = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < until:
        await asyncio.sleep(seconds / _SAMPLES)
        into.append(resident())


def settled(samples: Sequence[int]) -> tuple[float, float]:
    """Memory after the warm-up (the first quarter) and at the end: each the median of a quarter of the rest."""
    rest = samples[len(samples) // _WARM_UP :]
    span = max(1, len(rest) // 4)
    return median(rest[:span]), median(rest[-span:])


class Listener(logging.Handler):
    """Counts what is logged, and how often content is in it."""

    def __init__(self) -> None:
        """Listens to every level."""
        super().__init__(logging.NOTSET)
        self.lines = 0
        self.with_content = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Look at everything that a formatter might print."""
        self.lines += 1
        self.with_content += CANARY in repr(vars(record)) or CANARY in record.getMessage()


@contextlib.contextmanager
def listening() -> Iterator[Listener]:
    """Hear all that is logged, as the most talkative host would."""
    root, listener = logging.getLogger(), Listener()
    level = root.level
    root.addHandler(listener)
    root.setLevel(logging.DEBUG)
    try:
        yield listener
    finally:
        root.setLevel(level)
        root.removeHandler(listener)


@contextlib.contextmanager
def complaints() -> Iterator[list[str]]:
    """What the event loop says of exceptions that nobody took."""
    heard: list[str] = []
    loop = asyncio.get_running_loop()

    def hear(_loop: Any, context: dict[str, Any]) -> None:
        heard.append(str(context["message"]))

    loop.set_exception_handler(hear)
    try:
        yield heard
    finally:
        loop.set_exception_handler(None)
