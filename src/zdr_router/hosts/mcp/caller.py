"""Whose call it is: what its API key says, or, without keys, what the host was started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.types import Scope

    from zdr_router.metadata import Metadata, Signal
    from zdr_router.policy.policy import Policy

_STATE: Final = "zdr_router.caller"


@dataclass(slots=True)
class Caller:
    """Whose call it is, as the router is told. `asks` says whether it was admitted to ask, and `route` where.

    With `route` None it may ask on any. `routes` are all that its key may ask for, None for any: it is told of no
    others. `is_unknown`: nobody said whose it is, so it is as the server was started. `metadata` is filled once the
    router recorded a request of this call.
    """

    tenant: str | None = None
    customer: str | None = None
    policy: Policy | None = None
    key: str | None = None
    signals: tuple[Signal, ...] = ()
    asks: bool = True
    route: str | None = None
    routes: frozenset[str] | None = None
    is_unknown: bool = False
    metadata: Metadata | None = field(default=None, repr=False)

    def may_ask(self, route: str) -> bool:
        """Whether it was admitted to ask on this route."""
        return self.asks and (self.route is None or self.route == route)

    def may_know(self, route: str) -> bool:
        """Whether it is told of this route."""
        return self.routes is None or route in self.routes

    def left(self, metadata: Metadata) -> None:
        """The record of a request whose caller went away."""
        self.metadata = metadata


def introduce(scope: Scope, caller: Caller) -> None:
    """Send `caller` along with an HTTP request."""
    scope.setdefault("state", {})[_STATE] = caller


def introduced(scope: Scope) -> Caller | None:
    """The caller that came along with an HTTP request."""
    found = scope.get("state", {}).get(_STATE)
    return found if isinstance(found, Caller) else None
