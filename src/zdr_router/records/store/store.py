"""The `Recorder` that keeps metadata in a database: taken in at once, written in batches beside the requests."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final, Self

from zdr_router.metadata import ErrorCode
from zdr_router.records.store.database import Database, why
from zdr_router.records.store.pseudonym import Pseudonyms
from zdr_router.records.store.rows import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType

    from zdr_router.metadata import Metadata
    from zdr_router.records.store.archive import Document
    from zdr_router.records.store.settings import StoreSettings
    from zdr_router.records.store.writing import Writer

log = logging.getLogger("zdr_router")

_EVERY: Final = 0.25
"""Seconds after which what has come in is written; what a process that dies may lose."""
_AT: Final = 500
"""Records after which a batch is written before that, and as many as are written at a time."""
_SHORTEST, _LONGEST = 0.5, 15.0
"""Seconds between two tries while nothing can be written."""
_LAST_TRIES: Final = 3
_PURGE_EVERY: Final = 3600.0
_MARGIN: Final = 1.25
"""Times `hold` at which records are let go: what is under way when the store fills up has room until then."""


class MetadataStore:
    """Writes what was recorded while its block is open, and the rest when the block is left. `clock`: epoch seconds."""

    def __init__(self, settings: StoreSettings, *, clock: Callable[[], float] = time.time) -> None:
        """Nothing is touched yet. Raises `ConfigError` where a package is missing."""
        self.settings = settings
        self.database = Database(settings)
        self._clock = clock
        self._names = Names()
        self._writer: Writer | None = None
        self._pending: deque[Metadata] = deque()
        self._learned: deque[tuple[Document, float]] = deque()
        self._known: set[str] = set()
        self._most = int(settings.hold * _MARGIN)
        self._lost = 0
        self._lost_told = 0
        self._unsure = 0
        self._failing = False
        self._due = asyncio.Event()
        self._stop = asyncio.Event()
        self._turn = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    def record(self, metadata: Metadata) -> None:
        """Take a record in; it is written later. What cannot be held any more is counted as lost."""
        if metadata.error_code is ErrorCode.UNRECORDED:
            return  # it was refused because nothing can be recorded
        waiting = len(self._pending)
        if waiting >= self._most or self._stop.is_set():
            self._lost += 1
            return
        self._pending.append(metadata)
        if waiting + 1 == _AT:
            self._due.set()

    def learn(self, names: Iterable[str], documents: Iterable[Document]) -> None:
        """Know these names from now on, and archive these documents before any record that goes by them."""
        self._names.learn(names)
        at = self._clock()
        for each in documents:
            if each.digest not in self._known:
                self._known.add(each.digest)
                self._learned.append((each, at))

    @property
    def waiting(self) -> int:
        """Records that are not written yet."""
        return len(self._pending)

    @property
    def lost(self) -> int:
        """Records that could not be kept since the store was opened."""
        return self._lost

    @property
    def accepts(self) -> bool:
        """Whether a request may begin: not while so many wait that its own record might be lost, unless so wished."""
        return len(self._pending) < self.settings.hold or self.settings.when_full == "drop"

    async def flush(self) -> None:
        """Write what has come in until now. Raises nothing: what cannot be written goes on waiting."""
        await self._write_all()

    async def __aenter__(self) -> Self:
        """Open or make the database, write what was learned, and begin. Raises `ConfigError`."""
        await self.database.open()
        from zdr_router.records.store.writing import Writer  # noqa: PLC0415 - needs the extra, which is there now

        self._due, self._stop, self._turn = asyncio.Event(), asyncio.Event(), asyncio.Lock()
        self._writer = Writer(self._names, Pseudonyms(self.settings.salt))
        await self._write_all()
        self._tasks = [asyncio.create_task(self._work()), asyncio.create_task(self._purge())]
        for task in self._tasks:
            task.add_done_callback(_ended)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left, and close."""
        self._stop.set()
        self._due.set()
        try:
            await asyncio.wait(self._tasks)
            for _ in range(_LAST_TRIES):
                if await self._write_all():
                    break
                await asyncio.sleep(_SHORTEST)
            self._tell_lost()
            if self._pending:
                log.error("records were not written count=%d", len(self._pending))
        finally:
            await self.database.close()

    async def _work(self) -> None:
        rest = _SHORTEST
        while not self._stop.is_set():
            # While writing fails, a batch that is full is no reason to try again at once.
            await _until(self._stop if self._failing else self._due, rest if self._failing else _EVERY)
            self._due.clear()
            rest = _SHORTEST if await self._write_all() else min(rest * 2, _LONGEST)
            self._tell_lost()

    async def _write_all(self) -> bool:
        """Write batch after batch until none is left; False if that cannot be done now."""
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - the extra

        async with self._turn:
            while self._pending or self._learned:
                # A batch of which nobody knows whether it was written is tried again as it was.
                records, learned = list(islice(self._pending, self._unsure or _AT)), list(self._learned)
                try:
                    await self._write(records, learned)
                except (SQLAlchemyError, OSError, TimeoutError) as error:
                    self._unsure = len(records)
                    if not self._failing:
                        log.error("records cannot be written; they wait cause=%s", why(error))  # noqa: TRY400 - one line
                    self._failing = True
                    return False
                for queue, done in ((self._pending, records), (self._learned, learned)):
                    for _ in done:
                        queue.popleft()
            if self._failing:
                log.warning("records are written again")
            self._failing = False
        return True

    async def _write(self, records: Sequence[Metadata], learned: Sequence[tuple[Document, float]]) -> None:
        if self._writer is None:
            message = "the store is not open: use `async with` around it"
            raise RuntimeError(message)
        from zdr_router.records.store.writing import written  # noqa: PLC0415 - the extra

        async with self.database.writing() as connection:
            # A commit whose answer was lost may have happened; counts would be added twice.
            there = self._unsure and await written(connection, records[0])
            await self._writer.write(connection, () if there else records, learned)
        self._unsure = 0

    async def _purge(self) -> None:
        """Delete what is older than it may become, now and every hour."""
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - the extra

        from zdr_router.records.store.retention import purge  # noqa: PLC0415 - as above

        while not self._stop.is_set():
            try:
                purged = await purge(self.database, self._clock(), going=lambda: not self._stop.is_set())
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                log.error("old records cannot be deleted cause=%s", why(error))  # noqa: TRY400 - one line
            else:
                if purged.requests or purged.incidents:
                    log.info("old records were deleted requests=%d incidents=%d", purged.requests, purged.incidents)
            await _until(self._stop, _PURGE_EVERY)

    def _tell_lost(self) -> None:
        """One line for all that were lost since the last one."""
        lost, self._lost_told = self._lost - self._lost_told, self._lost
        if lost:
            log.error("records were lost, as more waited than may count=%d", lost)


def _ended(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        log.error("recording has ended error=%s", type(error).__name__)


async def _until(event: asyncio.Event, seconds: float) -> None:
    """Wait for `event`, but no longer than that."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
