"""The book of the keys that a deployment keeps: read when it is entered, followed while it is, its use written down.

All keys are in memory, so a request never waits for the database, and somebody who guesses never reaches it.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Final, Self

from zdr_router.errors import ConfigError
from zdr_router.hosts.keys.book import Book, Known
from zdr_router.hosts.keys.counting import LocalCounters
from zdr_router.hosts.keys.redis_counters import RedisCounters
from zdr_router.hosts.keys.spending import Spending, periods
from zdr_router.hosts.keys.store import KeyStore
from zdr_router.hosts.keys.token import hasher

if TYPE_CHECKING:
    from types import TracebackType

    from zdr_router.hosts.keys.base import Denied, Verified
    from zdr_router.hosts.keys.counting import Counters
    from zdr_router.key_settings import KeySettings

log = logging.getLogger("zdr_router")

LOOK: Final = 0.4
"""Seconds after which changes are asked for again: what is revoked is refused everywhere within a second."""
WRITE: Final = 2.0
"""Seconds after which what keys were used for, and what they spent, is written down."""


class KeptKeys:
    """A `KeyBook` while it is entered: `async with KeptKeys(deployment.keys, lease=deployment.patience) as book`."""

    def __init__(self, settings: KeySettings, *, lease: float) -> None:
        """`lease` is how many seconds a request may take: after that its place is free. Raises `ConfigError`."""
        self._settings = settings
        self._follower = _Follower(settings, lease)

    def verify(self, presented: str | None, *, address: str) -> Verified | Denied:
        """Whether this is a key, and in force; see `KeyBook`."""
        return self._follower.book.verify(presented, address=address)

    async def reload(self, settings: KeySettings, *, lease: float) -> None:
        """Go by another section `keys` from now on. Raises `ConfigError`, and what was in force stays.

        Requests under way are settled where they were admitted. What is counted in memory begins anew.
        """
        if settings.same(self._settings):
            return
        follower = _Follower(settings, lease)
        await follower.__aenter__()
        before, self._follower, self._settings = self._follower, follower, settings
        before.spending.hand_over(follower.spending)
        await before.__aexit__(None, None, None)

    async def __aenter__(self) -> Self:
        """Read every key. Raises `ConfigError` where that cannot be done."""
        await self._follower.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write down what is left to be, and let go of everything."""
        await self._follower.__aexit__(kind, error, trace)


class _Follower:
    """Follows the keys of one store for as long as it is entered."""

    def __init__(self, settings: KeySettings, lease: float) -> None:
        self._settings = settings
        self._store = KeyStore(settings)
        self._known = Known()
        self.spending = Spending()
        self._epoch = 0
        self._wrote = float("-inf")
        self._readable = True
        self._closing = asyncio.Event()
        self._stack = AsyncExitStack()
        self._task: asyncio.Task[None] | None = None
        local = LocalCounters(time.monotonic, lease)
        self._shared = None if settings.counters is None else RedisCounters(settings.counters, local, lease)
        counters: Counters = local if self._shared is None else self._shared
        clock, now = time.monotonic, time.time
        self.book = Book(self._known, hasher(settings.pepper), counters, self.spending, clock=clock, now=now)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._store)
            if self._shared is not None:
                await stack.enter_async_context(self._shared)
            await self._read()
            await self._write()
            self._stack = stack.pop_all()
        self._task = asyncio.create_task(self._follow(), name="zdr-router keys")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        # Nobody who is still sending a request is admitted by keys that are not followed any more.
        self._known.until = float("-inf")
        async with self._stack:
            if task is not None:
                # Not cancelled: of a write that was cut off nobody knows whether it happened; it might be made twice.
                self._closing.set()
                await task
            try:
                await self._write()
            except ConfigError as unwritten:
                log.error("what keys were used for is lost why=%s", unwritten.problems[0].what)  # noqa: TRY400 - no traceback

    async def _follow(self) -> None:
        while not self._closing.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._closing.wait()
                    return
            try:
                await self._read()
                if time.monotonic() >= self._wrote + WRITE:
                    await self._write()
            except ConfigError as error:
                if self._readable:
                    log.error("keys cannot be read or written why=%s", error.problems[0].what)  # noqa: TRY400 - as above
                self._readable = False
            else:
                if not self._readable:
                    log.warning("keys can be read and written again epoch=%d", self._epoch)
                self._readable = True

    async def _read(self) -> None:
        """Learn what changed. For as long as `stale_after` nothing else has to be heard."""
        asked = time.monotonic()
        changes = await self._store.changes(self._epoch)
        if changes.epoch < self._epoch:
            # Another store stands in its place, perhaps from a backup: what was known of this one does not count.
            changes = await self._store.changes()
            self._known.keys.clear()
            log.warning("keys have gone back in time and were read anew epoch=%d before=%d", changes.epoch, self._epoch)
        for key in changes.keys:
            self._known.keys[key.id] = key
        for id_ in changes.unread:
            self._known.keys.pop(id_, None)
            log.error("a key cannot be read, and is not taken key=%s", id_)
        self._epoch = changes.epoch
        self._known.until = asked + self._settings.stale_after

    async def _write(self) -> None:
        """Write down which keys were used and what they spent, and learn what others' requests cost."""
        now = time.time()
        self._wrote = time.monotonic()
        used, spent = set(self._known.used), dict(self.spending.take())
        if used or spent:
            await self._store.write_use(used, dt.datetime.fromtimestamp(now, dt.UTC).date(), spent)
            self._known.used -= used
        self.spending.wrote(await self._store.spent(periods(now)))
