"""Decides what the acts of the demo share: the deployment that they play on, and everything that came out of it."""

from __future__ import annotations

import logging
import traceback
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.cli.demo.local_model import LocalServer
    from zdr_router.cli.demo.world import World
    from zdr_router.records.journal import Journal
    from zdr_router.router import AsyncRouter

SHORT: Final = "The three primary colours are"
LONG: Final = (
    "In confidence, for the night shift: Ottoline Vashchenko of room 417 takes quinapril since Tuesday and asked that "
    "her family be told nothing of it. She sleeps well, and when she wakes up in the morning, she likes to"
)
"""A made-up secret, and more than 30 tokens, so that a server has a prefix to keep."""

MAX_TOKENS: Final = 24
LINE_END: Final = "\n"
"""Where an answer to `SHORT` stops; the model would go on with the same again."""

LIBRARY_LOG, JOURNAL = "library.log", "journal.jsonl"
SERVER_LOGS: Final = ("server-one.log", "server-two.log")

_LOGGERS: Final = ("zdr_router", "aiohttp", "asyncio")


@dataclass(slots=True)
class Stage:
    """The deployment, its two servers and its journal.

    `answers` are the texts that the model wrote; `traces` are texts that outlive a call, by name: representations
    of what was given back, and of what was raised.
    """

    world: World
    router: AsyncRouter
    servers: tuple[LocalServer, LocalServer]
    journal: Journal
    answers: list[str] = field(default_factory=list)
    traces: dict[str, str] = field(default_factory=dict)

    def keep(self, name: str, value: object) -> None:
        """Keep what `value` shows of itself."""
        self.traces[name] = f"{value!r}\n{value}"

    def keep_error(self, name: str, error: BaseException) -> None:
        """Keep what an error tracker would: the text, the attributes, and each frame of the library with its locals."""
        frames = traceback.StackSummary.extract(traceback.walk_tb(error.__traceback__), capture_locals=True)
        # The demo's own frames hold the prompt, as those of any caller do.
        library = [frame for frame in frames if Path(frame.filename).parent != Path(__file__).parent]
        shown = traceback.StackSummary.from_list(library).format()
        self.traces[name] = "\n".join([repr(error), str(error), repr(vars(error)), *shown])


def messages(text: str) -> list[dict[str, str]]:
    """`text` as the one message of a chat."""
    return [{"role": "user", "content": text}]


@contextmanager
def logged(path: Path) -> Iterator[None]:
    """Everything that the library and what it stands on log, down to DEBUG, goes to `path` and nowhere else."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    before = [(each, each.level, each.propagate) for each in loggers]
    for each in loggers:
        each.addHandler(handler)
        each.setLevel(logging.DEBUG)
        each.propagate = False
    try:
        yield
    finally:
        for each, level, propagate in before:
            each.removeHandler(handler)
            each.setLevel(level)
            each.propagate = propagate
        handler.close()
