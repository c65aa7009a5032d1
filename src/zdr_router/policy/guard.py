"""The last room before the socket: reads what is about to leave, holds it against the clearance, and serialises it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from zdr_router.metadata import Outcome
from zdr_router.policy.asked import failing_checks
from zdr_router.policy.dispatch import Dispatch
from zdr_router.policy.foreign import address_of, is_header_of, is_translated, translated_fault
from zdr_router.registry.configuration import AUTH_HEADERS
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.policy.clearance import Clearance
    from zdr_router.policy.trust import Trust

_HEADERS: Final = frozenset({"content-type", "accept", "user-agent"})
_ROUTER_SETS: Final = frozenset({"model", "stream", "stream_options"})


@dataclass(frozen=True, slots=True)
class WireRequest:
    """A request as a dialect encoded it, not yet read by the guard. Header names are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Sealed[dict[str, object]]


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why the guard let nothing leave, in a fixed sentence, and how the attempt ended by that."""

    sentence: str
    outcome: Outcome = Outcome.GUARDED


def guard(wire: WireRequest, clearance: Clearance, *, now: float, trust: Trust | None) -> Dispatch | Stopped:
    """Let `wire` leave under `clearance` at `now` (seconds since the epoch), or say what stops it.

    Checks instant and trust, that the request is still the one that was cleared, method, address, headers, every
    member of the body, what is forced and what is forbidden; then serialises the body itself, so that what was
    read is what leaves.
    """
    if not clearance.holds(now, trust):
        return Stopped("the clearance has lapsed", Outcome.UNCLEARED)
    if not clearance.request.unchanged():
        return Stopped("the request was changed after it was cleared", Outcome.CALLER_FAULT)
    body = wire.body.open()
    members = translated_fault if is_translated(clearance) else _members
    if fault := _address(wire, clearance) or _headers(wire, clearance) or members(body, clearance):
        return Stopped(fault)
    if fault := _conditions(wire.body, clearance):
        return Stopped(fault)
    try:
        data = orjson.dumps(body)
    except TypeError:
        return Stopped("the body is not JSON", Outcome.CALLER_FAULT)
    return Dispatch(wire.method, wire.url, dict(wire.headers), Sealed(data), clearance)


def _address(wire: WireRequest, clearance: Clearance) -> str:
    if wire.method != "POST":
        return "the method is not POST"
    return "" if wire.url == address_of(clearance) else "the address is not the one that was cleared"


def _headers(wire: WireRequest, clearance: Clearance) -> str:
    auth = AUTH_HEADERS.get(clearance.target.auth)
    credential = clearance.target.credential
    for name, value in wire.headers.items():
        if name not in _HEADERS and name != auth and not is_header_of(clearance, name, value):
            return "a header is not on the allow-list"
        if not value.isprintable():
            return "a header has a control character in it"
        if name == auth and (credential is None or value.removeprefix("Bearer ") != credential.open()):
            return "the credential is not that of the account"
    return ""


def _members(body: dict[str, object], clearance: Clearance) -> str:
    """Every member is the very object that was cleared, or one that the router sets."""
    if body.get("model") != clearance.target.model:
        return "the model is not the one that was cleared"
    cleared = clearance.request.body.open()
    allowed = clearance.request.requirements.parameters
    forced: dict[str, object] = {}
    for each in clearance.forced:
        if each.path[0] in allowed:
            forced.setdefault(each.path[0], cleared[each.path[0]])
        each.apply(forced)
    for name, value in body.items():
        if name in forced:
            if value != forced[name]:
                return "what is forced is not what the router set"
        elif name not in _ROUTER_SETS and (name not in allowed or value is not cleared.get(name)):
            return "a member of the body is not the one that was cleared"
    # What is left out can say something too: without `store: false` an answer may be stored.
    if not body.keys() >= allowed - _ROUTER_SETS:
        return "a member that was cleared is missing from the body"
    return _stream(body, cleared)


def _conditions(body: Sealed[dict[str, object]], clearance: Clearance) -> str:
    """What is forced is there, and nothing that voids is."""
    for forced in clearance.forced:
        if not forced.holds(body.open()):
            return f"the forced parameter {forced.name} is not set"
    for check in failing_checks(clearance.target, body):
        return f"the body {check.says}"
    return ""


def _stream(body: dict[str, object], cleared: Mapping[str, object]) -> str:
    """What the router sets for streams carries nothing of anybody's."""
    if type(body.get("stream", False)) is not bool:
        return "`stream` is not true or false"
    if "stream_options" not in body:
        return ""
    given = cleared.get("stream_options")
    options = {**given, "include_usage": True} if isinstance(given, dict) else {"include_usage": True}
    return "" if body["stream_options"] == options else "`stream_options` is not what the router set"
