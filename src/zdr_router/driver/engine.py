"""Reads requests, plans them, and takes those for whole answers to their end. It keeps nothing of a request."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from zdr_router.dialects.base import Head
from zdr_router.driver.course import Course
from zdr_router.driver.ledger import Ledger
from zdr_router.driver.verdicts import failure, refused
from zdr_router.errors import InvalidRequest
from zdr_router.metadata import ErrorCode, Metadata
from zdr_router.policy.clearance import Clearance
from zdr_router.policy.request import Request
from zdr_router.routing.plan import Plan, Route, make_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zdr_router.config import Deployment
    from zdr_router.dialects.base import Decoded
    from zdr_router.driver.attempt import Sender
    from zdr_router.policy.clearing import Clearing
    from zdr_router.policy.policy import Policy
    from zdr_router.records.base import Recorder
    from zdr_router.routing.health import StateStore
    from zdr_router.sealed import Sealed
    from zdr_router.state.trust import MemoryTrust

log = logging.getLogger("zdr_router")

UNKNOWN: Final = "unknown"
"""What is recorded in place of a name that configuration does not know."""

_CUSTOMER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_OK: Final = 200
_NOT_FOUND: Final = 404
_CALLER_LEFT: Final = 499


class Ask(NamedTuple):
    """What a caller of the library gives: a sealed body, and under whose name and demands it runs."""

    endpoint: str
    body: Sealed[Mapping[str, object]]
    stream: bool
    tenant: str | None
    customer: str | None
    policy: Policy | None
    timeout: float | None

    def __repr__(self) -> str:
        """Without tenant and customer, which are not known to be names before they are read."""
        return f"<ask {self.endpoint}, {self.body}>"


class Prepared(NamedTuple):
    """A request that was read, with the route that it asks for and the policy that it runs under."""

    request: Request
    route: Route
    policy: Policy
    ledger: Ledger
    deadline: float
    head: Head


class Engine:
    """Reads, clears, plans and walks. `clock` gives seconds since the epoch, `random` numbers in [0, 1)."""

    def __init__(  # noqa: PLR0913 - stores, clock and chance are arguments, never globals
        self,
        deployment: Deployment,
        *,
        clearing: Clearing,
        trust: MemoryTrust,
        health: StateStore,
        recorders: Sequence[Recorder],
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        """Nothing runs yet."""
        self.deployment = deployment
        self._clearing = clearing
        self._trust = trust
        self._health = health
        self._recorders = recorders
        self._clock = clock
        self._random = random

    def prepare(self, ask: Ask, began: float) -> Prepared:
        """Read the request; `began` is on the driver's clock. Raises `InvalidRequest`, and records that it did."""
        try:
            return self.read(ask, began)
        except InvalidRequest as error:
            fault = error
        ledger = self._ledger(ask, began, self._route(ask), self.deployment.policies[None])
        fault.metadata = ledger.close(fault.status, ErrorCode.INVALID_REQUEST, began)
        self.record(fault.metadata)
        raise fault.with_traceback(None)

    def read(self, ask: Ask, began: float) -> Prepared:
        """Read the request and record nothing. Raises `InvalidRequest`."""
        try:
            return self._read(ask, began)
        except InvalidRequest as error:
            fault = error
        # Without the frames that read the body: their locals are content.
        raise fault.with_traceback(None)

    def _read(self, ask: Ask, began: float) -> Prepared:
        policy, route = self._policy(ask), self._route(ask)
        if ask.customer is not None and not _CUSTOMER.fullmatch(ask.customer):
            raise InvalidRequest("a customer id is 1 to 128 letters, digits and ._:-", param="customer")
        if route is None:
            raise InvalidRequest("`model` names no configured route", param="model", status=_NOT_FOUND)
        request = Request.of(ask.endpoint, ask.body, ask.tenant)
        ledger = self._ledger(ask, began, route, policy)
        # In this order, in which NaN loses.
        timeout = route.timeout if ask.timeout is None else min(route.timeout, ask.timeout)
        head = Head(f"chatcmpl-{ledger.request_id}", int(ledger.time), route.name)
        return Prepared(request, route, policy, ledger, began + timeout, head)

    def plan(self, prepared: Prepared, at: float) -> Plan:
        """The plan as it stands at `at` on the driver's clock; no I/O."""
        request, route = prepared.request, prepared.route
        cleared, refusals = self._clearing.clear_all(
            route.targets, request, prepared.policy, self._trust.read(), self._clock()
        )
        return make_plan(
            route,
            cleared,
            refusals,
            request.requirements.preferences,
            store=self._health,
            now=at,
            random=self._random,
        )

    def begin(self, prepared: Prepared, at: float) -> Course:
        """Plan the request and put it on its way. Raises `Refused`."""
        plan, ledger = self.plan(prepared, at), prepared.ledger
        ledger.refusals = plan.refusals
        if not plan.clearances:
            error = refused(ledger, at)
            self.record(error.metadata)
            raise error
        return Course(
            plan,
            ledger,
            deadline=prepared.deadline,
            reclear=lambda clearance, _at: self._reclear(clearance, prepared),
            health=self._health,
            trust=self._trust,
        )

    async def answer(self, ask: Ask, sender: Sender) -> tuple[Decoded[Any], Metadata]:
        """One whole answer with its metadata, or the error that its walk ended with."""
        now = asyncio.get_running_loop().time
        prepared = self.prepare(ask, now())
        course = self.begin(prepared, now())
        while (clearance := course.current) is not None:
            course.start(clearance, now())
            try:
                ended = await sender.ask(clearance, prepared.head, prepared.deadline)
            except asyncio.CancelledError as left:
                self.abandon(course, now())
                left.__traceback__ = None  # the frames below may hold a part of the answer
                raise
            course.end(clearance, ended, now())
        if course.answer is None:
            raise self.failed(course, now())
        course.ledger.usage = course.answer.usage
        return course.answer, self.succeeded(course, now())

    def succeeded(self, course: Course, at: float) -> Metadata:
        """Close the books on a request that was answered."""
        metadata = course.ledger.close(_OK, None, at)
        self.record(metadata)
        return metadata

    def failed(self, course: Course, at: float) -> Exception:
        """Close the books on a request whose walk is done without an answer; gives the error to raise."""
        if course.done is None:
            message = "the walk is not done"
            raise RuntimeError(message)
        error = failure(course.done, course.ledger, at)
        if error.metadata is not None:
            self.record(error.metadata)
        return error

    def abandon(self, course: Course, at: float) -> Metadata:
        """Close the books on a request whose caller went away."""
        course.abandon(at)
        metadata = course.ledger.close(_CALLER_LEFT, ErrorCode.CANCELLED, at)
        self.record(metadata)
        return metadata

    def record(self, metadata: Metadata) -> None:
        """Hand the record of a request to whoever keeps it."""
        if log.isEnabledFor(logging.INFO):
            _log(metadata)
        for recorder in self._recorders:
            recorder.record(metadata)

    def _ledger(self, ask: Ask, began: float, route: Route | None, policy: Policy) -> Ledger:
        """The books of a request. Names that configuration does not know are not written down."""
        known = ask.tenant in self.deployment.policies
        valid = ask.customer is not None and _CUSTOMER.fullmatch(ask.customer) is not None
        return Ledger(
            request_id=os.urandom(12).hex(),
            time=self._clock(),
            began=began,
            endpoint=ask.endpoint,
            route=UNKNOWN if route is None else route.name,
            tenant=ask.tenant if known else UNKNOWN,
            customer=ask.customer if valid else None,
            stream=ask.stream,
            policy_digest=policy.digest,
            registry_digest=self.deployment.registry.digest,
        )

    def _policy(self, ask: Ask) -> Policy:
        policy = self.deployment.policies.get(ask.tenant)
        if policy is None:
            raise InvalidRequest("the tenant is not one that is configured", param="tenant")
        return policy if ask.policy is None else policy & ask.policy

    def _route(self, ask: Ask) -> Route | None:
        name = ask.body.open().get("model")
        return self.deployment.routes.get(name) if isinstance(name, str) else None

    def _reclear(self, clearance: Clearance, prepared: Prepared) -> Clearance | None:
        """The same clearance while it holds, else a new one; writes down why if the target no longer passes."""
        now, trust = self._clock(), self._trust.read()
        if clearance.holds(now, trust):
            return clearance
        result = self._clearing.clear(clearance.target, clearance.request, prepared.policy, trust, now)
        if isinstance(result, Clearance):
            return result
        prepared.ledger.refusals = (*prepared.ledger.refusals, *result)
        return None


def _log(metadata: Metadata) -> None:
    log.info(
        "request id=%s route=%s status=%d error=%s target=%s attempts=%d ms=%.1f",
        metadata.request_id,
        metadata.route,
        metadata.status,
        metadata.error_code or "none",
        metadata.target or "none",
        len(metadata.attempts),
        metadata.duration_ms,
    )
