"""A short soak in which everything goes wrong that a soak is there to notice: leaks and losses are planted in it."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Any

from soak.run import soak
from soak.settings import CANARY, Settings

# Memory is not flat before it is warm: a short run only sees what grows in earnest.
SHORT = Settings(seconds=2, growth=0.2)


class Planted:
    """A recorder with which something goes wrong once in a while, each time in another way."""

    def __init__(self, records: Any) -> None:
        self._records = records
        self._count = 0
        self.held: list[Any] = []

    def record(self, metadata: Any) -> None:
        self._count += 1
        kinds = (self.lost, self.twice, self.unseen, self.made_up, self.kept, self.said)
        kind, rest = divmod(self._count, 8)
        if rest:
            self._records.record(metadata)
        else:
            kinds[kind % len(kinds)](metadata)

    def lost(self, metadata: Any) -> None:
        pass

    def twice(self, metadata: Any) -> None:
        self._records.record(metadata)
        self._records.record(metadata)

    def unseen(self, metadata: Any) -> None:
        self._records.record(metadata._replace(attempts=()))

    def made_up(self, metadata: Any) -> None:
        answered = tuple(each._replace(sent="maybe", http_status=200) for each in metadata.attempts)
        self._records.record(metadata._replace(attempts=answered * 2))

    def kept(self, metadata: Any) -> None:
        self._records.record(metadata)
        memory = os.urandom(1 << 16) * (1 << 8)
        task = asyncio.get_running_loop().create_task(asyncio.sleep(60))
        self.held.append((os.open(os.devnull, os.O_RDONLY), memory, task))

    def said(self, metadata: Any) -> None:
        self._records.record(metadata._replace(model=CANARY))
        logging.getLogger("made_up").debug("asked: %s", CANARY)


def found() -> str:
    """What a run finds in which everything goes wrong."""
    return "\n".join(soak(SHORT, Planted).problems)
