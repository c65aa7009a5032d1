"""A `Recorder` that gives receipts: records are taken in as they come, and sealed in batches beside the requests."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Final, Self

from zdr_router.errors import AttestationError, ConfigError, Problem
from zdr_router.records.receipts.book import Book
from zdr_router.records.receipts.keys import SigningKey

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from zdr_router.metadata import Metadata
    from zdr_router.records.receipts.settings import ReceiptSettings

log = logging.getLogger("zdr_router")

_MOST: Final = 100_000
"""Records that are held while nothing can be sealed; what comes then is counted as lost, and the next batch says so."""


class ReceiptJournal:
    """Seals what was recorded while its block is open, and the rest when the block is left."""

    def __init__(self, settings: ReceiptSettings, *, clock: Callable[[], float] = time.time, most: int = _MOST) -> None:
        """Read the key. Raises `ConfigError`."""
        self._settings = settings
        self._key = SigningKey.read(settings.key.open(), settings.source)
        self._book = Book(settings.directory, clock=clock)
        self._most = most
        self._pending: list[Metadata] = []
        self._lost = 0
        self._full = asyncio.Event()
        self._stop = asyncio.Event()
        self._failing = False
        self._task: asyncio.Task[None] | None = None

    def record(self, metadata: Metadata) -> None:
        """Take a record in; it is sealed later."""
        if len(self._pending) >= self._most or self._stop.is_set():
            self._lost += 1
            return
        self._pending.append(metadata)
        if len(self._pending) >= self._settings.at:
            self._full.set()

    @property
    def waiting(self) -> int:
        """Records that are not sealed yet."""
        return len(self._pending)

    @property
    def lost(self) -> int:
        """Records that could not be kept, and that no batch has told of yet."""
        return self._lost

    async def __aenter__(self) -> Self:
        """Open the files, and begin. Raises `ConfigError`."""
        directory = self._settings.directory
        try:
            await asyncio.to_thread(self._book.open, self._key)
        except OSError as error:
            why = error.strerror or str(error)
            problem = Problem(f"receipts cannot be kept in {directory}: {why}", file=self._settings.source)
        except AttestationError as error:
            problem = Problem(str(error), file=self._settings.source)
        else:
            self._task = asyncio.create_task(self._work())
            return self
        raise ConfigError(problem)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Seal what is left."""
        self._stop.set()
        self._full.set()
        if self._task is not None:
            await self._task
        if self._pending or self._lost:
            log.error("receipts were not sealed count=%d", len(self._pending) + self._lost)

    async def _work(self) -> None:
        while not self._stop.is_set():
            # While sealing fails, a batch that is full is no reason to try again at once.
            due = self._stop if self._failing else self._full
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.every):
                    await due.wait()
            self._full.clear()
            await self._seal()
        await self._seal()

    async def _seal(self) -> None:
        """Seal what is there; what cannot be sealed now waits for the next time."""
        taken, self._pending = self._pending, []
        lost, self._lost = self._lost, 0
        if not taken:
            self._lost += lost
            return
        try:
            unwritten = await asyncio.to_thread(self._book.seal, taken, lost, self._key)
        except (OSError, AttestationError) as error:
            self._pending = taken + self._pending
            self._lost += lost
            if not self._failing:
                log.error("receipts cannot be sealed; they wait cause=%s", _why(error))  # noqa: TRY400 - one line
            self._failing = True
            return
        if unwritten:
            log.error("records cannot be written as JSON count=%d", unwritten)
        if self._failing:
            log.warning("receipts are sealed again")
        self._failing = False


def _why(error: OSError | AttestationError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
