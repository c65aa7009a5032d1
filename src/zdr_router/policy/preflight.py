"""What may be asked of a target before content leaves for it, and for how long what it showed then counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from zdr_router.metadata import Outcome
from zdr_router.policy.dispatch import Dispatch
from zdr_router.policy.guard import Stopped, header_fault
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zdr_router.policy.clearance import Clearance
    from zdr_router.policy.guard import WireRequest
    from zdr_router.policy.trust import Trust

KEPT: Final = 300.0
"""Seconds for which what a target showed counts. A setting may be switched off meanwhile; each answer is read too."""

_HEADERS: Final = frozenset({"accept", "user-agent"})


class Shown(NamedTuple):
    """That a target showed what it must when it was asked at `at` (seconds since the epoch)."""

    at: float
    epoch: int

    def counts(self, now: float, trust: Trust | None) -> bool:
        """Whether it may be relied on at `now`: not for long, and not once anything is known that was not then."""
        return trust is not None and trust.epoch == self.epoch and self.at <= now < self.at + KEPT


def guard_preflight(wire: WireRequest, clearance: Clearance, *, now: float, trust: Trust | None) -> Dispatch | Stopped:
    """Let a preflight leave under `clearance`, or say what stops it."""
    return guard_bare(wire, clearance, clearance.target.rules.preflight, now=now, trust=trust)


def guard_bare(
    wire: WireRequest, clearance: Clearance, paths: Iterable[str], *, now: float, trust: Trust | None
) -> Dispatch | Stopped:
    """Let a GET of one of `paths` leave under `clearance`, or say what stops it: it carries a credential, and no more.

    What it is for is the clearance's target alone; the request that was cleared is not looked at.
    """
    if not clearance.holds(now, trust):
        return Stopped("the clearance has lapsed", Outcome.UNCLEARED)
    if wire.method != "GET":
        return Stopped("the method of a request without content is not GET")
    if wire.url not in [f"{clearance.target.base_url}{path}" for path in paths]:
        return Stopped("the address is not one that may be asked without content")
    if wire.added or wire.translated is not None:
        return Stopped("a request without content has a body")
    if fault := header_fault(wire.headers, clearance, _HEADERS):
        return Stopped(fault)
    return Dispatch("GET", wire.url, dict(wire.headers), Sealed(()), clearance)
