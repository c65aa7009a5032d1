"""Looks at targets that no request has used for a while, and at ejected ones before requests are let in again.

One task, which the host starts with the router and ends with it. No target is looked at that is not cleared at that
moment, under the policy of whoever owns its account.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from zdr_router.driver.ended import Ended
from zdr_router.driver.ledger import Ledger
from zdr_router.metadata import ErrorCode, Outcome
from zdr_router.policy.clearance import Clearance
from zdr_router.policy.probe import SPELLINGS, billed_request, list_path, probe_request
from zdr_router.routing.health import HealthEvent
from zdr_router.routing.probing import Found, Watched, first, is_due, judge, next_look, settled, used

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from zdr_router.deployment import Deployment
    from zdr_router.driver.looking import Looker
    from zdr_router.policy.clearing import Clearing
    from zdr_router.policy.target import Target
    from zdr_router.records.base import Recorder
    from zdr_router.routing.health import StateStore
    from zdr_router.routing.settings import ProbeMethod, ProbeSettings
    from zdr_router.state.trust import TrustState

log = logging.getLogger("zdr_router")

PROBE: Final = "probe"
"""What the record of a billed look has for endpoint and route, since no caller asked for it."""

AT_ONCE: Final = 16
"""Looks under way at any moment, at most."""

_PATIENCE: Final[dict[ProbeMethod, float]] = {"connect": 5.0, "models": 5.0, "completion": 30.0}
"""Seconds that a look may take."""

_LONGEST_TICK: Final = 0.5
_TICKS: Final = 10
_ASKED: Final = HealthEvent("asked")
_PROBED: Final = HealthEvent("probed")
_ABANDONED: Final = HealthEvent("abandoned")
_OK: Final = 200
_CALLER_LEFT: Final = 499
_BAD_GATEWAY: Final = 502


class Surroundings(NamedTuple):
    """What decides and what is kept up to date. `recorders` are told of looks that are billed."""

    clearing: Clearing
    trust: TrustState
    health: StateStore
    recorders: Sequence[Recorder]


class Prober:
    """`async with Prober(…)`: looks at the targets of one deployment until the block is left, if it asks for that.

    `clock` gives seconds since the epoch, `random` numbers in [0, 1).
    """

    def __init__(
        self,
        deployment: Deployment,
        stores: Surroundings,
        looker: Looker,
        *,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        """Nothing runs yet."""
        self._deployment = deployment
        self._stores = stores
        self._looker = looker
        self._clock = clock
        self._random = random
        self._targets = deployment.targets
        self._watched: dict[str, Watched] = {}
        self._running: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin."""
        if self._deployment.probe is not None:
            self._task = asyncio.create_task(self._watch(self._deployment.probe))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, with whatever is under way. A fault of this library that ended it before is raised here."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()

    async def _watch(self, settings: ProbeSettings) -> None:
        now = asyncio.get_running_loop().time
        tick = _tick(settings, self._deployment)
        try:
            async with asyncio.TaskGroup() as looks:
                while True:
                    for target in self._due(settings, now(), 2 * tick):
                        self._running.add(target.id)
                        looks.create_task(self._look(target, settings))
                    await asyncio.sleep(tick)
        except Exception as error:
            log.error("probing has ended error=%s", type(error).__name__)  # noqa: TRY400 - a traceback has locals
            raise

    def _due(self, settings: ProbeSettings, now: float, ahead: float) -> list[Target]:
        due: list[Target] = []
        for target in self._targets:
            watched = self._watched.get(target.id)
            if watched is None:
                by = "connect" if settings.by == "models" and not list_path(target) else settings.by
                watched = self._watched[target.id] = first(by, now, settings.every, self._random())
            if target.id in self._running:
                continue
            health = self._stores.health.apply(target.id, _ASKED, now)
            if is_due(watched, health, used(health), now, ahead):
                due.append(target)
        due.sort(key=lambda target: self._watched[target.id].looked)
        return due[: AT_ONCE - len(self._running)]

    async def _look(self, target: Target, settings: ProbeSettings) -> None:
        """Look at one target if it is cleared; one that is not is not even connected to."""
        now = asyncio.get_running_loop().time
        health = self._stores.health.apply(target.id, _ASKED, now())
        watched = after = settled(self._watched[target.id], used(health))
        try:
            clearance = self._clear(target, watched)
            if clearance is not None:
                after = await self._ask(clearance, watched)
        finally:
            self._watched[target.id] = next_look(after, now(), settings.every, self._random())
            self._running.discard(target.id)

    async def _ask(self, clearance: Clearance, watched: Watched) -> Watched:
        """Look, tell health, and account for what is billed."""
        now = asyncio.get_running_loop().time
        target, health, began = clearance.target, self._stores.health, now()
        ended, after, event = Ended(Outcome.CANCELLED, "maybe"), watched, _ABANDONED
        health.apply(target.id, _PROBED, began)
        try:
            ended = await self._looker.look(clearance, watched.by, began + _PATIENCE[watched.by])
            found = Found(ended.outcome, ended.http_status, ended.wait)
            after, event = judge(watched, found, now(), SPELLINGS)
        finally:
            at = now()
            health.apply(target.id, event, at)
            if watched.by == "completion":
                self._account(clearance, ended, began, at)
        if ended.outcome is Outcome.CONTRADICTED:
            self._stores.trust.contradict(f"target:{target.id}", "an answer did not show what its attestation says")
            log.warning("contradicted target=%s configuration=%s", target.id, target.configuration.id)
        _tell(target, watched, after, ended)
        return after

    def _clear(self, target: Target, watched: Watched) -> Clearance | None:
        billed = watched.by == "completion"
        request = billed_request(target, watched.spelling) if billed else probe_request(target)
        policy = self._deployment.policies[target.tenant]
        trust, at = self._stores.trust.read(), self._clock()
        result = self._stores.clearing.clear(target, request, policy, trust, at)
        return result if isinstance(result, Clearance) else None

    def _account(self, clearance: Clearance, ended: Ended, began: float, at: float) -> None:
        """Record a look that is billed as a request is recorded. It is nobody's, so no route is charged with it."""
        deployment = self._deployment
        target, answered, cancelled = clearance.target, ended.answer is not None, ended.outcome is Outcome.CANCELLED
        ledger = Ledger(
            request_id=os.urandom(12).hex(),
            time=self._clock(),
            began=began,
            endpoint=PROBE,
            route=PROBE,
            tenant=target.tenant,
            customer=None,
            stream=False,
            policy_digest=deployment.policies[target.tenant].digest,
            registry_digest=deployment.registry.digest,
            usage=None if ended.answer is None else ended.answer.usage,
            answered=target if answered else None,
        )
        ledger.attempted(clearance, ended, began, at, None)
        status, code = (_CALLER_LEFT, ErrorCode.CANCELLED) if cancelled else (_BAD_GATEWAY, ErrorCode.EXHAUSTED)
        metadata = ledger.close(_OK, None, at) if answered else ledger.close(status, code, at)
        for recorder in self._stores.recorders:
            recorder.record(metadata)


def _tick(settings: ProbeSettings, deployment: Deployment) -> float:
    """Seconds between two rounds: short beside the interval, and beside the shortest ejection."""
    return min(_LONGEST_TICK, settings.every / _TICKS, deployment.health.eject_for / _TICKS)


def _tell(target: Target, before: Watched, after: Watched, ended: Ended) -> None:
    """One line where something has changed, and none where it has not."""
    if after.by != before.by:
        log.warning("probes do not work there, connecting instead by=%s target=%s", before.by, target.id)
    if after.unwell and not before.unwell:
        log.warning("probe failed target=%s by=%s outcome=%s", target.id, before.by, ended.outcome)
    elif before.unwell and not after.unwell:
        log.info("probe succeeded again target=%s by=%s", target.id, before.by)
