"""One run of a scenario: workers with the real engine, callers, providers, and what happens to all of them."""

# ruff: noqa: S311 - a seed brings the same run again, which is what this is for

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from simulated.breakers import WatchedHealth
from simulated.callers import draw, travel
from simulated.clockwork import StuckError, VirtualLoop, Wall
from simulated.declared import MIDNIGHT, deployment
from simulated.fleet import SharedFile, SharedServer, Truth
from simulated.journeys import CURRENT
from simulated.scenarios import SCENARIOS, Scenario
from simulated.upstreams import Upstreams
from simulated.weather import Weather
from simulated.witness import LEAVES_WITHIN, Violation, Witness
from zdr_router.driver.attempt import Sender
from zdr_router.driver.engine import Engine
from zdr_router.driver.running import Running, TrustInForce
from zdr_router.driver.timely import TimelyTrust
from zdr_router.policy.clearing import Clearing
from zdr_router.state.load import Loads

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Coroutine

    from simulated.callers import Manner
    from simulated.journeys import Journey
    from zdr_router.config import Deployment
    from zdr_router.metadata import Metadata

ISOLATED = ("alder/m", "cedar/m", "iris/m")
LONG_BEFORE = 12 * 3600.0
PATIENCE = 600.0
"""Seconds after which nobody can still wait for an answer; the deadlines of all routes are shorter."""

SUBJECTS = (
    "provider:alder",
    "configuration:cedar/zdr",
    "account:birch",
    "target:iris/m",
    "target:hazel/m",
    "configuration:dogwood/zdr",
    "account:elder",
)


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to. `trail` is a digest of everything that happened, in order."""

    scenario: str
    seed: int
    counts: Counter[str]
    faults: Counter[str]
    violations: list[Violation]
    trail: int


class Worker:
    """One process of the fleet: an engine with its own health, and its own view of trust."""

    def __init__(self, name: str, world: World, made: Deployment) -> None:
        loop, wall = world.loop, world.wall
        self.name = name
        self.started_at = loop.time()
        self.trust = world.shared.join(name)
        self.health = WatchedHealth(made.health, loop.time, world.witness)
        clearing = Clearing(dialects=frozenset({"openai"}), salt_key=bytes(32))
        self.engine = Engine(
            made,
            clearing=clearing,
            trust=self.trust,
            health=self.health,
            loads=Loads(made.health),
            recorders=[self],
            clock=wall.now,
            random=Random(f"{world.key}/{name}/{loop.time()}").random,
        )
        trust = TrustInForce(self.trust, TimelyTrust(self.trust, clearing, wall.now))
        sender = Sender(Upstreams(self, world.weather, world.witness), trust, wall.now)
        self.running = Running(sender, trust, None, contextlib.AsyncExitStack())
        self.callers: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        await self.trust.open()
        self._watch = asyncio.create_task(self.engine.watch_trust())

    async def close(self) -> None:
        self._watch.cancel()
        await asyncio.gather(self._watch, return_exceptions=True)
        await self.trust.close()

    def record(self, metadata: Metadata) -> None:
        journey = CURRENT.get()
        if journey is not None:
            journey.records.append(metadata)


class World:
    """Everything of one run. It depends on scenario and seed alone."""

    def __init__(self, name: str, seed: int, scenario: Scenario | None = None) -> None:
        self.name, self.seed = name, seed
        self.scenario = scenario or SCENARIOS[name]
        self.key = f"{seed}/{name}"
        self.loop = VirtualLoop()
        before = self.scenario.before_midnight
        self.wall = Wall(self.loop, MIDNIGHT - (LONG_BEFORE if before is None else before))
        self.truth = Truth(self.loop.time)
        self._folder = tempfile.TemporaryDirectory()
        stored = (self.truth, self.loop.time, self.wall.now)
        self.shared: SharedFile | SharedServer = (
            SharedServer(Random(f"{self.key}/redis"), *stored)
            if self.scenario.redis
            else SharedFile(Path(self._folder.name), *stored)
        )
        self.weather = Weather(self.key, self.loop.time(), self.scenario.moods)
        self.witness = Witness(self.truth, self.weather, self.loop.time, self.wall.now, recovery=self.scenario.recovery)
        self.trail = 0
        self._made = deployment()
        self._turns: list[asyncio.Task[None]] = []
        self._random = Random(self.key)
        self.workers = [Worker(f"worker {number}", self, self._made) for number in range(self.scenario.workers)]

    def run(self, requests: int, *, enough: int | None = None) -> Report:
        """Let so many requests be made, and everything end; the last one once `enough` rules were broken."""
        try:
            self.loop.run_until_complete(self._live(requests, enough or requests))
        except StuckError:
            self.witness.broken("no task left", -1, "everybody waits for ever")
        finally:
            self.loop.run_until_complete(_cancel_all())
            self.loop.close()
            self._folder.cleanup()
        witness = self.witness
        return Report(self.name, self.seed, witness.counts, witness.faults, witness.violations, self.trail)

    async def _live(self, requests: int, enough: int) -> None:
        for worker in self.workers:
            await worker.open()
        chores = [asyncio.create_task(each) for each in self._chores()]
        for number in range(requests):
            await asyncio.sleep(self._random.expovariate(1 / self.scenario.every))
            worker = self._random.choice(self.workers)
            journey, how = draw(number, worker.name, self.scenario, Random(f"{self.key}/{number}"), self.loop.time())
            self._send_on_its_way(worker, journey, how)
            if self.witness.counts["violations"] >= enough:
                break
        pending = {task for worker in self.workers for task in worker.callers}
        if pending:
            await asyncio.wait(pending, timeout=PATIENCE)
        await asyncio.sleep(10 * LEAVES_WITHIN)
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)
        await asyncio.gather(*self._turns)
        for worker in self.workers:
            await worker.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            self.witness.broken("no task left", -1, f"{task.get_coro()!r} is still running")

    def _send_on_its_way(self, worker: Worker, journey: Journey, how: Manner) -> None:
        task = asyncio.create_task(travel(worker, journey, how))
        worker.callers.add(task)
        if how.leaves_after is not None:
            self.loop.call_later(how.leaves_after, self._leave, journey, task)
        task.add_done_callback(lambda task: self._arrived(worker, journey, task))

    def _leave(self, journey: Journey, task: asyncio.Task[None]) -> None:
        if not task.done() and journey.left_at is None:
            journey.left_at = self.loop.time()
            task.cancel()

    def _arrived(self, worker: Worker, journey: Journey, task: asyncio.Task[None]) -> None:
        worker.callers.discard(task)
        journey.ended_at = self.loop.time()
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.witness.broken("foreign error", journey.number, repr(error))
            return
        self.witness.ended(worker, journey)
        happened = (journey.number, journey.verdict, round(journey.ended_at, 6), *(hop.target for hop in journey.hops))
        self.trail = _mix(self.trail, happened)
        self.loop.call_later(LEAVES_WITHIN, self.witness.closed, journey)

    # --- what happens to the fleet meanwhile ---------------------------------------------------------------------

    def _chores(self) -> list[Coroutine[None, None, None]]:
        scenario = self.scenario
        chores: list[Coroutine[None, None, None]] = []
        events: tuple[tuple[float | None, str, Callable[[Random], None]], ...] = (
            (scenario.revoked_every, "revocations", self._revoke_or_release),
            (scenario.unreadable_every, "unreadable", self._lose_trust),
            (scenario.jump_every, "jumps", self._jump),
            (scenario.partition_every, "partitions", self._part),
            (scenario.restart_every, "restarts", self._restart),
            (scenario.isolated_every, "isolations", self._isolate),
        )
        return chores + [self._now_and_then(every, name, what) for every, name, what in events if every is not None]

    async def _now_and_then(self, every: float, name: str, what: Callable[[Random], None]) -> None:
        random = Random(f"{self.key}/{name}")
        while True:
            await asyncio.sleep(random.expovariate(1 / every))
            self.witness.counts[name] += 1
            what(random)

    def _revoke_or_release(self, random: Random) -> None:
        latest = self.truth.latest
        against = sorted(latest.revoked | latest.contradicted)
        if against and random.random() < 0.7:
            self.shared.change("release", random.choice(against))
        else:
            self.shared.change("revoke", random.choice(SUBJECTS))

    def _lose_trust(self, random: Random) -> None:
        """What is shared cannot be read by anybody, for a while."""
        if not self.shared.lost:
            self.shared.lose(random)
            for worker in self.workers:
                worker.trust.contact.lost(self.loop.time())
                if self.scenario.redis:
                    worker.trust.part()
            self.loop.call_later(random.choice([0.3, 1.0, 4.0, 9.0]), self._find_trust)

    def _find_trust(self) -> None:
        self.shared.find()
        for worker in self.workers:
            worker.trust.rejoin(readable=True)

    def _part(self, random: Random) -> None:
        worker = random.choice(self.workers)
        worker.trust.part()
        self.loop.call_later(random.choice([0.1, 0.5, 3.0, 12.0]), self._join, worker)

    def _join(self, worker: Worker) -> None:
        if worker in self.workers and not (self.shared.lost and self.scenario.redis):
            worker.trust.rejoin(readable=not self.shared.lost)

    def _jump(self, random: Random) -> None:
        """Forward for good; back for a while, since nothing is cleared until the clock is right again."""
        seconds = random.choice([-86_400.0, -3600.0, -60.0, -5.0, 2.0, 30.0, 3600.0])
        self.wall.jump(seconds)
        if seconds < 0:
            self.loop.call_later(random.choice([0.5, 2.0, 5.0]), self.wall.jump, -seconds)

    def _isolate(self, random: Random) -> None:
        worker, target = random.choice(self.workers), random.choice(ISOLATED)
        worker.health.isolate(target, isolated=True)
        self.loop.call_later(random.choice([1.0, 20.0]), partial(worker.health.isolate, target, isolated=False))

    def _restart(self, random: Random) -> None:
        """A worker ends with all that it was doing; another takes its place, and can read what it left behind."""
        if self.shared.lost:
            return
        number = random.randrange(len(self.workers))
        old = self.workers[number]
        for task in list(old.callers):
            task.cancel()
        self.witness.restarted(old.name)
        self.workers[number] = worker = Worker(old.name, self, self._made)
        self._turns = [*self._turns, asyncio.create_task(old.close()), asyncio.create_task(worker.open())]


async def _cancel_all() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def _mix(trail: int, happened: tuple[object, ...]) -> int:
    """A digest that does not depend on how this process hashes strings."""
    for byte in repr(happened).encode():
        trail = (trail * 1_000_003 ^ byte) & 0xFFFF_FFFF_FFFF_FFFF
    return trail
