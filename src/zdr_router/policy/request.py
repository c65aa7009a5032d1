"""A caller's request, read: its content stays sealed, what it uses and asks for is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zdr_router.policy.content import Content
from zdr_router.policy.requirements import Requirements, read
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Mapping


class Request(NamedTuple):
    """One request of one tenant (None: the operator itself)."""

    endpoint: str
    content: Sealed[Content]
    requirements: Requirements
    tenant: str | None

    @classmethod
    def of(cls, endpoint: str, body: Sealed[Mapping[str, object]], tenant: str | None = None) -> Request:
        """Read `body`; raises `InvalidRequest` for what no provider could serve."""
        opened = body.open()
        requirements = read(endpoint, opened)
        return cls(endpoint, Sealed(Content(opened, requirements.parameters)), requirements, tenant)
