"""One look at a cleared target: opens a connection, asks for the list of models, or has a fixed word answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from zdr_router.dialects.base import Head
from zdr_router.driver.ended import Ended, unanswered
from zdr_router.driver.preflight import bare_get
from zdr_router.driver.signing import sign
from zdr_router.metadata import Outcome
from zdr_router.policy.guard import Stopped
from zdr_router.policy.probe import guard_probe, guard_reach, list_path
from zdr_router.registry.configuration import SIGNED_HEADERS
from zdr_router.transport.base import SendFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zdr_router.credentials.base import Signer
    from zdr_router.driver.attempt import Sender
    from zdr_router.driver.timely import Readable
    from zdr_router.policy.clearance import Clearance
    from zdr_router.routing.settings import ProbeMethod
    from zdr_router.transport.base import Response, Transport

LIMIT: Final = 4 * 1024 * 1024
"""Bytes of a list of models, at most."""

_OK: Final = 200
_NAMES: Final = ("id", "name")
_LISTS: Final = ("data", "models")


class Looker:
    """Looks. Arguments as for `Sender`, which it uses where a model has to answer."""

    def __init__(
        self,
        transport: Transport,
        sender: Sender,
        trust: Readable,
        clock: Callable[[], float],
        signers: Mapping[str, Signer],
    ) -> None:
        """Nothing was looked at yet."""
        self._transport = transport
        self._sender = sender
        self._trust = trust
        self._clock = clock
        self._signers = signers

    async def look(self, clearance: Clearance, by: ProbeMethod, deadline: float) -> Ended:
        """How it ended; `OK` where the connection stood, the list named the model, or the model answered."""
        if by == "completion":
            return await self._sender.ask(clearance, Head("probe", int(self._clock()), "probe"), deadline)
        return await (self._models if by == "models" else self._connect)(clearance, deadline)

    async def _connect(self, clearance: Clearance, deadline: float) -> Ended:
        address = guard_reach(clearance, now=self._clock(), trust=self._trust.read())
        if isinstance(address, Stopped):
            return Ended(address.outcome, "no")
        failure = await self._transport.reach(address, deadline=deadline)
        return Ended(Outcome.OK if failure is None else failure.outcome, "no")

    async def _models(self, clearance: Clearance, deadline: float) -> Ended:
        wire = bare_get(list_path(clearance.target), clearance)
        dispatch = guard_probe(wire, clearance, now=self._clock(), trust=self._trust.read())
        if isinstance(dispatch, Stopped):
            return Ended(dispatch.outcome, "no")
        if clearance.target.auth in SIGNED_HEADERS:
            signer = self._signers.get(clearance.target.account_name)
            dispatch = await sign(dispatch, signer, deadline=deadline, clock=self._clock, trust=self._trust)
            if isinstance(dispatch, Stopped):
                return Ended(dispatch.outcome, "no")
        response = await self._transport.send(dispatch, deadline=deadline)
        if isinstance(response, SendFailure):
            return Ended(response.outcome, response.sent)
        if response.status != _OK:
            return await unanswered(response, self._clock(), deadline)
        return Ended(await _listed(response, clearance.target.model), "maybe", _OK)


async def _listed(response: Response, model: str) -> Outcome:
    """Whether the list names the model. One that is not understood is `MALFORMED`."""
    payload = bytearray()
    try:
        while (piece := await response.next_chunk()) is not None:
            if isinstance(piece, SendFailure):
                return piece.outcome
            payload += piece
            if len(payload) > LIMIT:
                return Outcome.MALFORMED
    finally:
        response.close()
    names = names_in(bytes(payload))
    if names is None:
        return Outcome.MALFORMED
    return Outcome.OK if model in names else Outcome.MODEL_GONE


def names_in(payload: bytes) -> frozenset[str] | None:
    """The models that a list names, as OpenAI, Anthropic, Cohere and Google write it; None where it is none."""
    try:
        body = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    entries = body
    if isinstance(body, dict):
        entries = next((body[key] for key in _LISTS if isinstance(body.get(key), list)), None)
    if not isinstance(entries, list):
        return None
    named = (each.get(key) for each in entries if isinstance(each, dict) for key in _NAMES)
    return frozenset(name.removeprefix("models/") for name in named if isinstance(name, str))
