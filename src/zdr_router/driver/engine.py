"""Reads requests, plans them, and takes those for whole answers to their end. It keeps nothing of a request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, TypeVar
from weakref import WeakSet

from zdr_router.dialects.base import Head
from zdr_router.driver.books import Books
from zdr_router.driver.course import Course, Stores
from zdr_router.driver.following import follow
from zdr_router.driver.gate import HealthGate
from zdr_router.driver.terms import Prepared, Terms
from zdr_router.driver.verdicts import failure, refused, unrecorded
from zdr_router.errors import InvalidRequest
from zdr_router.metadata import ErrorCode, Metadata
from zdr_router.policy.request import Request
from zdr_router.routing.plan import Luck, Plan, Route

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from zdr_router.deployment import Deployment
    from zdr_router.dialects.base import Decoded
    from zdr_router.driver.asking import Ask
    from zdr_router.driver.ended import Ended
    from zdr_router.driver.following import Open
    from zdr_router.driver.ledger import Ledger
    from zdr_router.driver.running import Running
    from zdr_router.driver.stream import StreamRun
    from zdr_router.policy.clearing import Clearing
    from zdr_router.policy.policy import Policy
    from zdr_router.records.base import Keeper, Recorder
    from zdr_router.routing.health import StateStore
    from zdr_router.routing.walk import Start
    from zdr_router.state.load import Loads
    from zdr_router.state.trust import TrustState

T = TypeVar("T", bound="Open")

_LOOK_EVERY: Final = 0.25
"""Seconds between two looks at the trust state, for the sake of streams that are under way."""

_OK: Final = 200
_NOT_FOUND: Final = 404
_CALLER_LEFT: Final = 499


class Engine:
    """Reads, clears, plans and walks. `clock` gives seconds since the epoch, `random` numbers in [0, 1)."""

    def __init__(  # noqa: PLR0913 - stores, clock and chance are arguments, never globals
        self,
        deployment: Deployment,
        *,
        clearing: Clearing,
        trust: TrustState,
        health: StateStore,
        loads: Loads,
        recorders: Sequence[Recorder],
        records: Keeper | None = None,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        """Nothing runs yet. While `records` accepts none, no request begins."""
        self.terms = Terms(deployment, clearing, trust, clock)
        self._trust = trust
        self._stores = Stores(health, loads, HealthGate(health, loads, random), trust)
        self.books = Books(recorders, records, clock)
        self._random = random
        # Weakly: one that its reader forgot to leave is not kept, nor what it holds.
        self.streams: WeakSet[StreamRun] = WeakSet()

    @property
    def deployment(self) -> Deployment:
        """What is in force."""
        return self.terms.deployment

    def prepare(self, ask: Ask, began: float) -> Prepared:
        """Read the request; `began` is on the driver's clock. Raises `InvalidRequest`, and records that it did.

        Raises `Exhausted` where the request could not be recorded.
        """
        try:
            prepared = self.read(ask, began)
        except InvalidRequest as fault:
            ledger = self.books.open(ask, began, self._route(ask), self.deployment.policies[None], self.deployment)
            fault.metadata = ledger.close(fault.status, ErrorCode.INVALID_REQUEST, began)
            self.books.record(fault.metadata)
            fault.__traceback__ = None
            raise
        self._admit(prepared.ledger, began)
        return prepared

    def _admit(self, ledger: Ledger, at: float) -> None:
        """Raise `Exhausted` while what begins could not be recorded."""
        if not self.books.accept:
            error = unrecorded(ledger, at)
            self.books.record(error.metadata)
            raise error

    def read(self, ask: Ask, began: float) -> Prepared:
        """Read the request and record nothing. Raises `InvalidRequest`."""
        try:
            return self._read(ask, began)
        except InvalidRequest as fault:
            fault.__traceback__ = None  # without the frames that read the body: their locals are content
            raise

    def _read(self, ask: Ask, began: float) -> Prepared:
        policy, route = self._policy(ask), self._route(ask)
        ledger = self.books.open(ask, began, route, policy, self.deployment)
        if ask.customer is not None and ledger.customer is None:
            raise _misnamed("customer")
        if ask.key is not None and ledger.key is None:
            raise _misnamed("key")
        if route is None:
            raise InvalidRequest("`model` names no configured route", param="model", status=_NOT_FOUND)
        request = Request.of(ask.endpoint, ask.body, ask.tenant)
        # In this order, in which NaN loses.
        timeout = route.timeout if ask.timeout is None else min(route.timeout, ask.timeout)
        head = Head(f"chatcmpl-{ledger.request_id}", int(ledger.time), route.name)
        return Prepared(request, route, policy, self.deployment, ask.policy, ledger, began + timeout, head)

    def plan(self, prepared: Prepared, at: float) -> Plan:
        """The plan as it stands at `at` on the driver's clock; no I/O."""
        return self.terms.plan(prepared.request, prepared.route, prepared.policy, self._luck(at))

    def _luck(self, at: float) -> Luck:
        return Luck(self._stores.health, at, self._random, self._stores.loads.in_flight)

    def begin(self, prepared: Prepared, at: float) -> Course:
        """Plan the request and put it on its way. Raises `Refused`."""
        plan, ledger = self.plan(prepared, at), prepared.ledger
        ledger.refusals = plan.refusals
        if not plan.clearances and not plan.resting:
            error = refused(ledger, at)
            self.books.record(error.metadata)
            raise error
        return Course(
            plan,
            prepared.route,
            ledger,
            self._stores,
            deadline=prepared.deadline,
            reclear=lambda clearance, _at: self.terms.reclear(clearance, prepared),
        )

    async def answer(self, ask: Ask, ready: Callable[[], Running]) -> tuple[Decoded[Any], Metadata]:
        """One whole answer with its metadata, or the error that its walk ended with.

        `ready` is asked at each attempt for what to send it with.
        """
        now = asyncio.get_running_loop().time
        prepared = self.prepare(ask, now())
        course = self.begin(prepared, now())

        def attempt(start: Start) -> Coroutine[Any, Any, Ended]:
            return ready().ask(start.clearance, prepared.head, course.limit(start, now()))

        try:
            await self.follow(prepared, course, attempt, now)
        except asyncio.CancelledError as left:
            metadata = self.abandon(course, now())
            if ask.left is not None:
                ask.left(metadata)
            left.__traceback__ = None  # the frames below may hold a part of the answer
            raise
        if course.answer is None:
            raise self.failed(course, now())
        course.ledger.usage = course.answer.usage
        return course.answer, self.succeeded(course, now())

    async def follow(
        self,
        prepared: Prepared,
        course: Course,
        attempt: Callable[[Start], Coroutine[Any, Any, Ended | T]],
        now: Callable[[], float],
    ) -> tuple[int, T] | None:
        """Walk, as `following.follow` does. What a reload brings to the route while it lasts is tried as well."""
        known = prepared.deployment
        while True:
            found = await follow(course, attempt, now)
            if found is not None or known is self.deployment:
                return found
            known, at = self.deployment, now()
            more = self._more(prepared, course, at)
            if more is None:
                return None
            course.go_on(*more, at)

    def _more(self, prepared: Prepared, course: Course, at: float) -> tuple[Plan, Route] | None:
        """What a request whose targets are exhausted goes on with."""
        exhausted = course.done is not None and course.done.verdict == "exhausted"
        return self.terms.more(prepared, self._luck(at)) if exhausted else None

    def succeeded(self, course: Course, at: float) -> Metadata:
        """Close the books on a request that was answered."""
        metadata = course.ledger.close(_OK, None, at)
        self.books.record(metadata)
        return metadata

    def failed(self, course: Course, at: float) -> Exception:
        """Close the books on a request whose walk is done without an answer; gives the error to raise."""
        if course.done is None:
            message = "the walk is not done"
            raise RuntimeError(message)
        error = failure(course.done, course.ledger, at, course.retry_after(at))
        if error.metadata is not None:
            self.books.record(error.metadata)
        return error

    def abandon(self, course: Course, at: float) -> Metadata:
        """Close the books on a request whose caller went away."""
        course.abandon(at)
        metadata = course.ledger.close(_CALLER_LEFT, ErrorCode.CANCELLED, at)
        self.books.record(metadata)
        return metadata

    def turned_away(self, ask: Ask, status: int, error_code: ErrorCode, duration_ms: float) -> Metadata:
        """Record a request that a host answered by itself. It has no body here, so its route is unknown."""
        policy = self.deployment.policies.get(ask.tenant, self.deployment.policies[None])
        metadata = self.books.open(ask, 0.0, None, policy, self.deployment).close(
            status, error_code, duration_ms / 1000
        )
        self.books.record(metadata)
        return metadata

    def _policy(self, ask: Ask) -> Policy:
        policy = self.deployment.policies.get(ask.tenant)
        if policy is None:
            raise InvalidRequest("the tenant is not one that is configured", param="tenant")
        return policy if ask.policy is None else policy & ask.policy

    def _route(self, ask: Ask) -> Route | None:
        name = ask.body.open().get("model")
        return self.deployment.routes.get(name) if isinstance(name, str) else None

    async def watch_trust(self) -> None:
        """For as long as it runs: when trust changes, end the streams that may no longer go on.

        While nobody can read it, nothing begins; what was cleared goes on, since nothing is known against it.
        """
        known = self._trust.read()
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            trust = self._trust.read()
            if trust is None or (known is not None and trust.epoch == known.epoch):
                continue
            known = trust
            for stream in tuple(self.streams):
                stream.cut_unless_cleared()


def _misnamed(what: str) -> InvalidRequest:
    return InvalidRequest(f"a {what} id is 1 to 128 letters, digits and ._:-", param=what)
