"""One attempt at one target: encode, guard, send, decode; how it ended comes back as data."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import orjson

from zdr_router.dialects.openai import count_inputs, decode_embeddings, stream_members
from zdr_router.dialects.openai_codec import OPENAI
from zdr_router.driver.ended import Ended, unanswered
from zdr_router.driver.foreign import encode_foreign
from zdr_router.driver.headers import headers_for
from zdr_router.driver.preflight import Preflights
from zdr_router.driver.signing import sign
from zdr_router.metadata import Outcome
from zdr_router.policy.foreign import address_of
from zdr_router.policy.guard import Stopped, WireRequest, guard
from zdr_router.registry.configuration import SIGNED_HEADERS
from zdr_router.routing.rate_headers import rest
from zdr_router.transport.base import Response, SendFailure, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zdr_router.credentials.base import Signer
    from zdr_router.dialects.base import Codec, Decoded, Head
    from zdr_router.driver.timely import Readable
    from zdr_router.policy.clearance import Clearance
    from zdr_router.policy.conditions import Expectation
    from zdr_router.policy.dispatch import Dispatch

UNSIGNED: Final[Mapping[str, Signer]] = MappingProxyType({})
"""No account's requests are signed."""

OPENAI_ONLY: Final[Mapping[str, Codec]] = MappingProxyType({})
"""Nothing is spoken but OpenAI's own format."""

_OK: Final = 200
_UNAUTHORIZED: Final = 401


class Sender:
    """Sends attempts, and reads what comes back.

    `clock` gives seconds since the epoch; `signers` are by account, `codecs` by dialect.
    """

    def __init__(
        self,
        transport: Transport,
        trust: Readable,
        clock: Callable[[], float],
        signers: Mapping[str, Signer] = UNSIGNED,
        codecs: Mapping[str, Codec] = OPENAI_ONLY,
    ) -> None:
        """Nothing is opened yet."""
        self._signers = signers
        self._transport = transport
        self._trust = trust
        self._clock = clock
        self._codecs = codecs
        self._preflights = Preflights(transport, trust, clock, signers)

    def codec(self, clearance: Clearance) -> Codec:
        """What the cleared target is written to and read with."""
        return self._codecs.get(clearance.target.configuration.dialect, OPENAI)

    def rest(self, response: Response) -> float | None:
        """For how many seconds the provider's rate limits leave nothing, by the head of its answer."""
        return rest(response.headers, self._clock())

    async def ask(self, clearance: Clearance, head: Head, deadline: float) -> Ended:
        """One whole answer from the cleared target."""
        response = await self.send(clearance, deadline, stream=False)
        if isinstance(response, Ended):
            return response
        payload = await response.read()
        if isinstance(payload, SendFailure):
            return Ended(payload.outcome, payload.sent, response.status)
        if not shown(clearance.target.rules.response, response.headers, payload):
            return Ended(Outcome.CONTRADICTED, "maybe", response.status)
        if clearance.request.endpoint == "embeddings":
            decoded: Decoded[Any] | Outcome = decode_embeddings(
                payload, head, inputs=count_inputs(clearance.request.content.open().values()["input"])
            )
        else:
            decoded = self.codec(clearance).decode(payload, head)
        if isinstance(decoded, Outcome):
            return Ended(decoded, "maybe", response.status)
        wait = self.rest(response)
        return Ended(Outcome.OK, "maybe", response.status, wait, decoded)

    async def send(self, clearance: Clearance, deadline: float, *, stream: bool) -> Response | Ended:
        """The head of a 200, or how the attempt ended before there was one."""
        if clearance.target.rules.preflight:
            ended = await self._preflights.check(clearance, deadline)
            if ended is not None:
                return ended
        dispatch = self._dispatch(clearance, stream=stream)
        if clearance.target.auth in SIGNED_HEADERS and not isinstance(dispatch, Stopped):
            signer = self._signers.get(clearance.target.account_name)
            dispatch = await sign(dispatch, signer, deadline=deadline, clock=self._clock, trust=self._trust)
        if isinstance(dispatch, Stopped):
            return Ended(dispatch.outcome, "no")
        response = await self._transport.send(dispatch, deadline=deadline)
        if isinstance(response, SendFailure):
            return Ended(response.outcome, response.sent)
        if response.status == _OK:
            return response
        signer = self._signers.get(clearance.target.account_name)
        if response.status == _UNAUTHORIZED and signer is not None:
            signer.turned_down()
        return await unanswered(response, self._clock(), deadline)

    def _dispatch(self, clearance: Clearance, *, stream: bool) -> Dispatch | Stopped:
        """What leaves, encoded and guarded, but not yet signed."""
        wire = self._encode(clearance, stream=stream)
        if isinstance(wire, Outcome):
            return Stopped("the dialect has no words for it", wire)
        return guard(wire, clearance, now=self._clock(), trust=self._trust.read())

    def _encode(self, clearance: Clearance, *, stream: bool) -> WireRequest | Outcome:
        written = self.codec(clearance).encode
        if written is None:
            return encode(clearance, stream=stream)
        return encode_foreign(written, clearance, headers_for(clearance.target, "application/json"), stream=stream)


def encode(clearance: Clearance, *, stream: bool) -> WireRequest:
    """The request in OpenAI's own members, with everything set that the clearance forces."""
    target = clearance.target
    added: dict[str, object] = {"model": target.model}
    if stream:
        added.update(stream_members(clearance.request.content.open().stream_options))
    added.update(clearance.forced_members())
    accept = "text/event-stream" if stream else "application/json"
    return WireRequest("POST", address_of(clearance), headers_for(target, accept), added)


def shown(expected: tuple[Expectation, ...], headers: Mapping[str, str], payload: bytes) -> bool:
    """Whether an answer shows everything that the attestation says it will.

    Of one that is no JSON object only the head can be read. What its body would have shown nobody knows, and nobody
    gets it: it is malformed, which is bad luck and contradicts nothing.
    """
    if not expected:
        return True
    try:
        body = orjson.loads(payload)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        return all(expectation.holds(headers, {}) for expectation in expected if expectation.in_head)
    return all(expectation.holds(headers, body) for expectation in expected)
