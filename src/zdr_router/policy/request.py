"""A caller's request, read: its body stays sealed, what it uses and asks for is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zdr_router.errors import InvalidRequest
from zdr_router.policy.requirements import Requirements, read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.sealed import Sealed


class Request(NamedTuple):
    """One request of one tenant (None: the operator itself)."""

    endpoint: str
    body: Sealed[Mapping[str, object]]
    requirements: Requirements
    tenant: str | None

    @classmethod
    def of(cls, endpoint: str, body: Sealed[Mapping[str, object]], tenant: str | None = None) -> Request:
        """Read `body`; raises `InvalidRequest` for what no provider could serve."""
        return cls(endpoint, body, read(endpoint, body.open()), tenant)

    def unchanged(self) -> bool:
        """Whether the body still uses what it used when it was read: a caller may hold on to it and change it."""
        try:
            return read(self.endpoint, self.body.open()) == self.requirements
        except InvalidRequest:
            return False
