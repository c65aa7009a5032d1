"""What may leave to find out whether a target is well: a connection, or a GET of its list of models. Never content.

A probe is cleared like any request: for its target, now, under the policy of whoever owns the target's account. What it
asks clearing about is a request that uses nothing, so whatever else would refuse the target refuses its probe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.metadata import Outcome
from zdr_router.policy.content import Content
from zdr_router.policy.guard import Stopped
from zdr_router.policy.preflight import guard_bare
from zdr_router.policy.request import Request
from zdr_router.policy.requirements import Requirements
from zdr_router.registry.vocabulary import ENDPOINTS
from zdr_router.registry.vocabulary.dialects import DIALECTS
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from zdr_router.policy.clearance import Clearance
    from zdr_router.policy.dispatch import Dispatch
    from zdr_router.policy.guard import WireRequest
    from zdr_router.policy.target import Target
    from zdr_router.policy.trust import Trust

_CHAT: Final = "chat.completions"
_LIMITS: Final = ("max_tokens", "max_completion_tokens")
_LENGTH: Final = 16
"""Tokens of a billed answer at most: models that think before they answer refuse a limit of one."""

SPELLINGS: Final = len(_LIMITS)
"""In how many ways a billed probe can be written. OpenAI's newer models refuse the first; others ignore the second."""


def probe_request(target: Target) -> Request:
    """A request that uses nothing, to an endpoint that the target's configuration covers."""
    covered = target.configuration.endpoints
    endpoint = _CHAT if _CHAT in covered else covered[0]
    return Request(endpoint, Sealed(Content({}, ())), Requirements.probe(endpoint), target.tenant)


def billed_request(target: Target, spelling: int) -> Request:
    """A chat of one fixed word, the same for every target and at every time."""
    body = {"model": "probe", "messages": [{"role": "user", "content": "ping"}], _LIMITS[spelling]: _LENGTH}
    return Request.of(_CHAT, Sealed(body), target.tenant)


def list_path(target: Target) -> str:
    """Where the target's list of models is, after its base URL; "" where its dialect is not known to have one."""
    dialect = DIALECTS.get(target.configuration.dialect)
    return ENDPOINTS["models"].path if dialect is None else dialect.lists


def guard_probe(wire: WireRequest, clearance: Clearance, *, now: float, trust: Trust | None) -> Dispatch | Stopped:
    """Let a GET of the list of models leave under `clearance`, or say what stops it."""
    path = list_path(clearance.target)
    return guard_bare(wire, clearance, (path,) if path else (), now=now, trust=trust)


def guard_reach(clearance: Clearance, *, now: float, trust: Trust | None) -> str | Stopped:
    """The address to which a connection may be opened under `clearance`, or what stops it."""
    if not clearance.holds(now, trust):
        return Stopped("the clearance has lapsed", Outcome.UNCLEARED)
    address = clearance.target.base_url
    return address or Stopped("nobody says at which host")
