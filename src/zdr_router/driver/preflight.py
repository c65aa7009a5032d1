"""Asks a target for what it has to show before content leaves for it: by a request without content, once for all calls.

Of the calls that wait, one asks, under its own clearance and within its own deadline, and tells the others. There is
no task that outlives a call and would keep its clearance, and with it its content; a call that leaves while it asks
closes the connection as ever, and the next one asks in its place.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from zdr_router.driver.ended import Ended, unanswered
from zdr_router.driver.headers import headers_for
from zdr_router.driver.signing import sign
from zdr_router.metadata import Outcome
from zdr_router.policy.guard import Stopped, WireRequest
from zdr_router.policy.preflight import Shown, guard_preflight
from zdr_router.registry.configuration import SIGNED_HEADERS
from zdr_router.registry.vocabulary.dialects import DIALECTS
from zdr_router.routing.failures import CONSEQUENCES
from zdr_router.transport.base import SendFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zdr_router.credentials.base import Signer
    from zdr_router.driver.timely import Readable
    from zdr_router.policy.clearance import Clearance
    from zdr_router.policy.conditions import Expectation
    from zdr_router.transport.base import Transport

_SUCCESS: Final = range(200, 300)
_OF_THE_CALL: Final = frozenset({Outcome.CANCELLED, Outcome.TIMEOUT, Outcome.UNCLEARED, Outcome.GUARDED})
"""What says something about the call that asked, and nothing about the target: the next one asks for itself."""


class Preflights:
    """What targets have shown, by their name and the credential that was used. Arguments as for `Sender`."""

    def __init__(
        self, transport: Transport, trust: Readable, clock: Callable[[], float], signers: Mapping[str, Signer]
    ) -> None:
        """Nothing was asked yet."""
        self._transport = transport
        self._trust = trust
        self._clock = clock
        self._signers = signers
        self._shown: dict[tuple[str, str | None], Shown] = {}
        self._asking: dict[tuple[str, str | None], asyncio.Future[Ended | None]] = {}

    async def check(self, clearance: Clearance, deadline: float) -> Ended | None:
        """None once the cleared target has shown all it has to; else how the attempt ended, with nothing sent."""
        key = (clearance.target.id, clearance.target.credential_fingerprint)
        loop = asyncio.get_running_loop()
        while (shown := self._shown.get(key)) is None or not shown.counts(self._clock(), self._trust.read()):
            asking = self._asking.get(key)
            if asking is None:
                return await self._ask(key, clearance, deadline)
            await asyncio.wait({asking}, timeout=max(0.0, deadline - loop.time()))
            if not asking.done():
                return Ended(Outcome.TIMEOUT, "no")
            ended = asking.result()
            if ended is None or ended.outcome not in _OF_THE_CALL:
                return ended
        return None

    async def _ask(self, key: tuple[str, str | None], clearance: Clearance, deadline: float) -> Ended | None:
        """Ask, and tell those who wait how it ended."""
        asking = self._asking[key] = asyncio.get_running_loop().create_future()
        ended: Ended | None = Ended(Outcome.CANCELLED, "no")
        try:
            began, trust = self._clock(), self._trust.read()
            ended = await self._ask_all(clearance, deadline)
            if ended is None and trust is not None:
                self._shown[key] = Shown(began, trust.epoch)
            return ended
        finally:
            del self._asking[key]
            asking.set_result(ended)

    async def _ask_all(self, clearance: Clearance, deadline: float) -> Ended | None:
        for path, expected in clearance.target.rules.preflight.items():
            ended = await self._ask_at(path, expected, clearance, deadline)
            if ended is not None:
                return ended
        return None

    async def _ask_at(
        self, path: str, expected: tuple[Expectation, ...], clearance: Clearance, deadline: float
    ) -> Ended | None:
        target = clearance.target
        dispatch = guard_preflight(bare_get(path, clearance), clearance, now=self._clock(), trust=self._trust.read())
        if isinstance(dispatch, Stopped):
            return Ended(dispatch.outcome, "no")
        if target.auth in SIGNED_HEADERS:
            signer = self._signers.get(target.account_name)
            dispatch = await sign(dispatch, signer, deadline=deadline, clock=self._clock, trust=self._trust)
            if isinstance(dispatch, Stopped):
                return Ended(dispatch.outcome, "no")
        response = await self._transport.send(dispatch, deadline=deadline)
        if isinstance(response, SendFailure):
            return Ended(response.outcome, "no")
        if response.status not in _SUCCESS:
            return _nothing_sent(await unanswered(response, self._clock(), deadline))
        response.close()  # its head says it all
        if all(expectation.holds(response.headers, {}) for expectation in expected):
            return None
        return Ended(Outcome.CONTRADICTED, "no", response.status)


def bare_get(path: str, clearance: Clearance) -> WireRequest:
    """A GET with the headers of every request, but for the one about a body."""
    target = clearance.target
    headers = headers_for(target, "application/json")
    del headers["content-type"]
    dialect = DIALECTS.get(target.configuration.dialect)
    if dialect is not None:
        headers.update(dialect.headers)
    return WireRequest("GET", f"{target.base_url}{path}", headers, {})


def _nothing_sent(ended: Ended) -> Ended:
    """An error in the place of an answer, as of a preflight: it cannot be about a request that was not sent."""
    about_the_request = not CONSEQUENCES[ended.outcome].moves_on or ended.outcome is Outcome.CONTEXT_TOO_LONG
    return ended._replace(outcome=Outcome.MALFORMED if about_the_request else ended.outcome, sent="no")
