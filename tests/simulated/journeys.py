"""One request as an outsider sees it: what was asked, which attempts left for it, and how it ended."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

    from simulated.fates import Kind
    from zdr_router.metadata import Metadata


@dataclass(slots=True, eq=False)
class Hop:
    """One request that left for a target. A preflight has no content; `says` is how many words a sound answer has."""

    number: int
    target: str
    at: float
    preflight: bool
    fault: str = ""
    says: int | None = None
    closed_at: float | None = None


@dataclass(slots=True, eq=False)
class Journey:
    """Everything about one request. Instants are on the loop's clock."""

    number: int
    worker: str
    kind: Kind
    route: str
    variation: str
    tenant: str | None
    call_policy: str
    body: dict[str, Any]
    began: float
    deadline: float
    random: Random
    hops: list[Hop] = field(default_factory=list)
    records: list[Metadata] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    left_at: float | None = None
    ended_at: float | None = None
    paused: float = 0.0
    verdict: str = ""
    metadata: Metadata | None = None

    @property
    def marker(self) -> bytes:
        """What its content says, so that nobody else's can be taken for it."""
        return b"journey %d." % self.number


CURRENT: ContextVar[Journey | None] = ContextVar("journey", default=None)
"""The request in whose tasks we are; tasks that it starts inherit it."""
