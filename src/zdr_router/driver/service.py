"""What lives as long as a router, whichever deployment is in force: trust, health, loads, clearing, and the engine.

Here one deployment takes the place of another, all at once: what can fail or has to be waited for comes before.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import secrets
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from zdr_router import hardening
from zdr_router.driver.codecs import spoken
from zdr_router.driver.engine import Engine
from zdr_router.driver.probing import Surroundings
from zdr_router.driver.recording import Lesson, lesson
from zdr_router.driver.running import Running
from zdr_router.errors import ConfigError, Problem
from zdr_router.policy.calendar import DAY
from zdr_router.policy.clearing import Clearing
from zdr_router.records.receipts.journal import ReceiptJournal
from zdr_router.records.store.store import MetadataStore
from zdr_router.state.load import Loads
from zdr_router.state.memory import MemoryHealth
from zdr_router.state.observed import HealthObserver, ObservedHealth
from zdr_router.state.redis_health import RedisHealth
from zdr_router.state.settings import same_place
from zdr_router.state.trust_store import trust_store

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from zdr_router.deployment import Deployment
    from zdr_router.records.base import Recorder
    from zdr_router.routing.health import HealthEvent
    from zdr_router.state.trust import TrustStore

log = logging.getLogger("zdr_router")

_WARN_AHEAD: Final = 30 * DAY


class Service:
    """Behind a façade. `clock` gives seconds since the epoch, `random` numbers in [0, 1)."""

    def __init__(
        self,
        deployment: Deployment,
        recorders: Sequence[Recorder],
        *,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        """Nothing runs yet."""
        shared = deployment.state.health
        targets = [target.id for target in deployment.targets]
        self.clock = clock
        self._random = random
        self.trust: TrustStore = trust_store(deployment.state, clock)
        self.health = RedisHealth(shared, deployment.health, targets) if shared else MemoryHealth(deployment.health)
        self._clearing = Clearing(dialects=spoken(), salt_key=_salt_key(deployment), not_before=deployment.not_before)
        receipts = deployment.receipts
        self._receipts = () if receipts is None else (ReceiptJournal(receipts, clock=clock),)
        self.records = None if deployment.records is None else MetadataStore(deployment.records, clock=clock)
        kept = () if self.records is None else (self.records,)
        recorders = (*_told(deployment, recorders), *self._receipts, *kept)
        observers = [each for each in recorders if isinstance(each, HealthObserver)]
        self.seen = ObservedHealth(self.health, observers) if observers else self.health
        self._loads = Loads(deployment.health)
        self._stores = Surroundings(self._clearing, self.trust, self.seen, recorders)
        self.engine = Engine(
            deployment,
            clearing=self._clearing,
            trust=self.trust,
            health=self.seen,
            loads=self._loads,
            recorders=recorders,
            records=self.records,
            clock=clock,
            random=random,
        )
        self.running: Running | None = None
        self._stack = AsyncExitStack()
        self._beside: list[asyncio.Task[None]] = []
        self._turn = asyncio.Lock()
        self._leaving: dict[asyncio.Task[None], Running] = {}
        self._patience = 0.0

    @property
    def deployment(self) -> Deployment:
        """What is in force."""
        return self.engine.deployment

    async def open(self) -> None:
        """Open the trust state and the connections' pool, and load what a dialect needs. Raises `ConfigError`.

        The store of records is opened first, and closed last: whatever happens in between is recorded.
        """
        self._turn = asyncio.Lock()
        if hardening.is_demanded(os.environ):
            hardening.harden()
        async with AsyncExitStack() as opening:
            if self.records is not None:
                self.records.learn(*await asyncio.to_thread(lesson, self.deployment))
                await opening.enter_async_context(self.records)
            await opening.enter_async_context(self.trust)
            for journal in self._receipts:
                await opening.enter_async_context(journal)
            if isinstance(self.health, RedisHealth):
                await opening.enter_async_context(self.health)
            self.running = await self._start(self.deployment)
            self._stack = opening.pop_all()
        self._warn_of_expiries()
        self.beside(self.engine.watch_trust())

    def beside(self, work: Coroutine[object, object, None]) -> None:
        """Do something beside the requests until `close`."""
        self._beside.append(asyncio.create_task(work))

    async def close(self) -> None:
        """End every stream and close every connection, after a reload that is under way."""
        beside, self._beside = self._beside, []
        for task in beside:
            task.cancel()
        if beside:
            await asyncio.wait(beside)
        async with self._turn, self._stack:
            for stream in tuple(self.engine.streams):
                stream.cut_off()
            running, self.running = self.running, None
            for leaving in self._leaving.values():
                leaving.hasten()
            try:
                if running is not None:
                    await running.close()
            finally:
                if self._leaving:
                    await asyncio.wait(self._leaving)

    def ready(self) -> Running:
        """What attempts are sent with now. Raises `RuntimeError` for a router that is not open."""
        if self.running is None:
            message = "the router is not open: use `async with` around it"
            raise RuntimeError(message)
        return self.running

    async def reload(self, read: Callable[[], Deployment]) -> None:
        """Put what `read` gives (in a thread) in the place of what is in force. Raises `ConfigError`, with no change.

        One reload at a time: of two, the one that began later is in force in the end.
        """
        async with self._turn:
            keeps = self.records is not None
            deployment, learned = await asyncio.to_thread(_read_whole, read, keeps=keeps)
            if not same_place(deployment.state, self.deployment.state):
                raise _fixed("state", deployment.state.source)
            mine, theirs = self.deployment.records, deployment.records
            if not (mine is theirs or (mine is not None and mine.same(theirs))):
                raise _fixed("records", theirs.source if theirs is not None else deployment.state.source)
            if self.records is not None and learned is not None:
                self.records.learn(*learned)
            running = None if self.running is None else await self._start(deployment, self.running)
            self._take_over(deployment, running)

    def _take_over(self, deployment: Deployment, running: Running | None) -> None:
        """Nothing here waits or fails, so whoever asks finds the old state or the new one, and nothing between."""
        before, targets = self.deployment, frozenset(target.id for target in deployment.targets)
        self.health.adopt(deployment.health, targets)
        self._loads.adopt(deployment.health, targets)
        self._clearing.renew(deployment.not_before)
        self.engine.terms.deployment = deployment
        old, self.running = self.running, running
        if old is not None:
            old.retire()
            self._patience = max(self._patience, before.patience)
            leaving = asyncio.create_task(old.close(self._patience))
            self._leaving[leaving] = old
            leaving.add_done_callback(self._left)
        _tell(before, deployment)
        self._warn_of_expiries()

    def _left(self, leaving: asyncio.Task[None]) -> None:
        del self._leaving[leaving]
        error = None if leaving.cancelled() else leaving.exception()
        if error is not None:
            log.error("what was reloaded did not close as it should error=%s", type(error).__name__)

    def by_hand(self, target_id: str, event: HealthEvent) -> None:
        """What a person does to the health of a target. Raises `ValueError` for one that no route has."""
        known = {target.id for target in self.deployment.targets}
        if target_id not in known:
            message = f"no route has the target {target_id!r}; those that there are: {', '.join(sorted(known))}"
            raise ValueError(message)
        self.seen.apply(target_id, event, time.monotonic())
        log.warning("target changed by hand change=%s target=%s", event.kind, target_id)

    async def _start(self, deployment: Deployment, before: Running | None = None) -> Running:
        return await Running.start(deployment, self._stores, clock=self.clock, random=self._random, before=before)

    def _warn_of_expiries(self) -> None:
        """Lapsing must not be an outage: say so a month ahead."""
        now = self.clock()
        for name, end in sorted(self.deployment.expiries.items()):
            if end <= now:
                log.warning("attestation has expired configuration=%s", name)
            elif end - now < _WARN_AHEAD:
                log.warning("attestation expires soon configuration=%s days=%d", name, (end - now) // DAY)


def _salt_key(deployment: Deployment) -> bytes:
    """What hashes are keyed with: made of the operator's salt, or made up for as long as this router lives."""
    if deployment.salt is None:
        return secrets.token_bytes(32)
    return hashlib.blake2b(deployment.salt.open().encode(), person=b"zdr-router salt", digest_size=32).digest()


def _told(deployment: Deployment, recorders: Sequence[Recorder]) -> Sequence[Recorder]:
    """Who is handed records: those given, and OpenTelemetry's where the operator's file says so."""
    if not deployment.otel:
        return recorders
    from zdr_router.telemetry.otel import OtelRecorder  # noqa: PLC0415 - the extra `otel`

    return (*recorders, OtelRecorder())


def _fixed(section: str, source: str) -> ConfigError:
    """What is opened once is not changed by a reload. `source` is file:line."""
    place, _, line = source.rpartition(":")
    what, fix = f"`{section}` cannot be changed while a router runs", f"restart it, or put `{section}` back"
    return ConfigError(Problem(what, file=place, line=int(line or 0), fix=fix))


def _read_whole(read: Callable[[], Deployment], *, keeps: bool) -> tuple[Deployment, Lesson | None]:
    """A deployment whose digests are known, which takes a while where the registry is large."""
    deployment = read()
    _ = deployment.registry.digest
    return deployment, lesson(deployment) if keeps else None


def _tell(before: Deployment, after: Deployment) -> None:
    """One line on what took the place of what."""
    log.warning(
        "reloaded registry=%s replaced=%s policy=%s routes=%d targets=%d accounts=%d changed=%d",
        after.registry.digest,
        before.registry.digest,
        after.policies[None].digest,
        len(after.routes),
        len(after.targets),
        len(after.accounts),
        sum(
            account != before.accounts[name] or after.fingerprints[name] != before.fingerprints[name]
            for name, account in after.accounts.items()
            if name in before.accounts
        ),
    )
