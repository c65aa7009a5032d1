"""A key as the book knows it: whose it is, what it may ask for, and until when. Its secret is not in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import datetime as dt

    from zdr_router.policy.policy import Policy


class Limits(NamedTuple):
    """How much a key may ask for; None is no limit. Money is in US dollars, days and months are those of UTC."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrent: int | None = None
    usd_per_day: float | None = None
    usd_per_month: float | None = None

    @property
    def counted(self) -> bool:
        """Whether requests have to be counted before they go on."""
        return not (self.requests_per_minute is None and self.tokens_per_minute is None and self.concurrent is None)

    @property
    def capped(self) -> bool:
        """Whether what is spent has to be known."""
        return not (self.usd_per_day is None and self.usd_per_month is None)


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True)
class Key:
    """One key. Instants are seconds since the epoch; `last_used` is a day, and no finer.

    `routes` and `endpoints` are all that it may ask for, None where it may ask for any. `hash` is that of its secret;
    after a rotation `former` is that of the one before, which holds until `former_until`.
    """

    id: str
    name: str
    hash: bytes = field(repr=False)
    created: float
    tenant: str | None = None
    customer: str | None = None
    routes: frozenset[str] | None = None
    endpoints: frozenset[str] | None = None
    policy: Policy | None = None
    limits: Limits = UNLIMITED
    expires: float | None = None
    revoked: float | None = None
    former: bytes | None = field(default=None, repr=False)
    former_until: float = 0.0
    last_used: dt.date | None = None


ENDPOINTS: Final = ("chat.completions", "responses", "embeddings", "models", "explain")
"""What a host can be asked for, and so what a key can be made for."""
