"""The last room before the socket: reads what is about to leave, holds it against the clearance, and serialises it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from zdr_router.metadata import Outcome
from zdr_router.policy.asked import failing_checks
from zdr_router.policy.conditions import same
from zdr_router.policy.dispatch import Dispatch
from zdr_router.policy.foreign import address_of, is_header_of, is_translated, translated_fault
from zdr_router.registry.configuration import AUTH_HEADERS
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.policy.clearance import Clearance
    from zdr_router.policy.content import Content
    from zdr_router.policy.request import Request
    from zdr_router.policy.trust import Trust

_HEADERS: Final = frozenset({"content-type", "accept", "user-agent"})
_ROUTER_SETS: Final = frozenset({"model", "stream", "stream_options"})
_JOINED: Final = 64 * 1024
"""Bytes up to which a body is put together at once; a longer one leaves in two pieces rather than be copied."""


class WireRequest(NamedTuple):
    """A request as a dialect encoded it, not yet read by the guard. Header names are in lower case.

    `added` are the members that the router puts beside those that were cleared; those a dialect never touches.
    `translated` is the whole body of a dialect that has a format of its own.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    added: dict[str, object]
    translated: Sealed[dict[str, object]] | None = None

    def __repr__(self) -> str:
        """Where it goes; no header, since one of them is the credential."""
        return f"<wire request to {self.url}>"


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why the guard let nothing leave, in a fixed sentence, and how the attempt ended by that."""

    sentence: str
    outcome: Outcome = Outcome.GUARDED


def guard(wire: WireRequest, clearance: Clearance, *, now: float, trust: Trust | None) -> Dispatch | Stopped:
    """Let `wire` leave under `clearance` at `now` (seconds since the epoch), or say what stops it.

    Checks instant and trust, method, address, headers, every member that is added to what was cleared, what is forced
    and what is forbidden; then puts the body together itself, so that what was read is what leaves.
    """
    if not clearance.holds(now, trust):
        return Stopped("the clearance has lapsed", Outcome.UNCLEARED)
    if fault := _address(wire, clearance) or header_fault(wire.headers, clearance, _HEADERS):
        return Stopped(fault)
    if fault := _translated(wire, clearance) if is_translated(clearance) else _completed(wire, clearance):
        return Stopped(fault)
    try:
        pieces = (
            _serialised(wire.added, clearance.request)
            if wire.translated is None
            else (orjson.dumps(wire.translated.open()),)
        )
    except TypeError:
        return Stopped("the body is not JSON")
    return Dispatch(wire.method, wire.url, dict(wire.headers), Sealed(pieces), clearance)


def _completed(wire: WireRequest, clearance: Clearance) -> str:
    """What is wrong with what the router adds to the members that were cleared."""
    if wire.translated is not None:
        return "the body is not the one that was cleared"
    if fault := _added(wire.added, clearance):
        return fault
    for check in failing_checks(clearance.target, wire.added, clearance.request):
        return f"the body {check.says}"
    return ""


def _translated(wire: WireRequest, clearance: Clearance) -> str:
    """What is wrong with a body in a format of its own."""
    if wire.translated is None or wire.added:
        return "the body is not in the format of its dialect"
    return translated_fault(wire.translated.open(), clearance)


def _serialised(added: dict[str, object], request: Request) -> tuple[bytes | memoryview, ...]:
    """What was cleared, byte for byte, after what the router adds."""
    content = request.content.open()
    if not added.keys().isdisjoint(request.requirements.parameters - _ROUTER_SETS):
        return (orjson.dumps({**content.plain(), **added}),)
    opening, cleared = orjson.dumps(added), content.json
    if cleared == b"{}":
        return (opening,)
    if len(cleared) < _JOINED:
        return (b"%b,%b" % (opening[:-1], cleared[1:]),)
    return (b"%b," % opening[:-1], memoryview(cleared)[1:])


def _address(wire: WireRequest, clearance: Clearance) -> str:
    if wire.method != "POST":
        return "the method is not POST"
    return "" if wire.url == address_of(clearance) else "the address is not the one that was cleared"


def header_fault(headers: Mapping[str, str], clearance: Clearance, allowed: frozenset[str]) -> str:
    """What is wrong with the headers, of which the credential and those of the dialect are `allowed` as well, or ""."""
    auth = AUTH_HEADERS.get(clearance.target.auth)
    credential = clearance.target.credential
    for name, value in headers.items():
        if name not in allowed and name != auth and not is_header_of(clearance, name, value):
            return "a header is not on the allow-list"
        if not value.isprintable():
            return "a header has a control character in it"
        if name == auth and (credential is None or value.removeprefix("Bearer ") != credential.open()):
            return "the credential is not that of the account"
    return ""


def _added(added: dict[str, object], clearance: Clearance) -> str:
    """Every member is one that the router sets, with the value that it sets."""
    if added.get("model") != clearance.target.model:
        return "the model is not the one that was cleared"
    forced = clearance.forced_members()
    for name, value in added.items():
        if name in forced:
            if not same(value, forced[name]):
                return "what is forced is not what the router set"
        elif name not in _ROUTER_SETS:
            return "a member of the body is not one that the router sets"
    if not added.keys() >= forced.keys():
        return "a forced parameter is not set"
    return _stream(added, clearance.request.content.open())


def _stream(added: dict[str, object], content: Content) -> str:
    """What the router sets for streams carries nothing of anybody's."""
    if type(added.get("stream", False)) is not bool:
        return "`stream` is not true or false"
    if "stream_options" not in added:
        return ""
    options = {**content.stream_options, "include_usage": True}
    return "" if added["stream_options"] == options else "`stream_options` is not what the router set"
