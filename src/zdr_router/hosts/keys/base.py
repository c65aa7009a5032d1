"""What a host asks of a book of API keys, in two steps, and the answers that it gets.

First whether the key is right, which takes the head of a request alone: of somebody who has none, nothing more is read.
Then whether the request may go on, for which it has to be here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zdr_router.metadata import ErrorCode, Metadata, Signal
    from zdr_router.policy.policy import Policy


@dataclass(slots=True)
class Admission:
    """A request may go on, as one of this key. `release` has to be called once it is over, however it ended.

    `key` is the id of the key; `policy` tightens the tenant's; `signals` is what was noticed besides; `headers` tell
    the caller what is left of its limits. `routes` are all that the key may ask for, None where it may ask for any: a
    list of routes shows no others.
    """

    key: str
    tenant: str | None = None
    customer: str | None = None
    policy: Policy | None = None
    signals: tuple[Signal, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    on_release: Callable[[Metadata | None], None] | None = field(default=None, repr=False)
    routes: frozenset[str] | None = None

    async def admit(self, *, endpoint: str, route: str | None, tokens: int) -> Self:  # noqa: ARG002 - as asked
        """Itself: a book without scopes and limits may give an admission for a right key at once."""
        return self

    def recognise(self, *, endpoint: str | None, route: str | None) -> Self:  # noqa: ARG002 - as asked
        """Itself, likewise."""
        return self

    def release(self, metadata: Metadata | None) -> None:
        """Give the place back, and count the tokens and the price that `metadata` tells. Again it does nothing.

        Without metadata the request is taken as never sent: the tokens that were reserved for it are given back.
        """
        settle, self.on_release = self.on_release, None
        if settle is not None:
            settle(metadata)


@dataclass(frozen=True, slots=True)
class Denied:
    """A request may not go on: the HTTP status, why (for the record, and for the caller), and headers for the answer.

    `type` and `code` are what OpenAI's clients look at in the error. The key is named where it is known.
    """

    status: int
    error_code: ErrorCode
    message: str
    type: str = "invalid_request_error"
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None
    tenant: str | None = None
    customer: str | None = None
    signals: tuple[Signal, ...] = ()


class KeyBook(Protocol):
    """Whoever knows the keys."""

    def verify(self, presented: str | None, *, address: str) -> Verified | Denied:
        """Whether this is a key, and in force.

        `presented` is what the caller gave as its key; `address` the caller's, of which nothing is kept.
        """
        ...


class Verified(Protocol):
    """Somebody who gave a right key."""

    async def admit(self, *, endpoint: str, route: str | None, tokens: int) -> Admission | Denied:
        """Whether a request of theirs may go on, now.

        `endpoint` is the operation (`chat.completions`); `route` the one that is asked for, None where it names none;
        `tokens` an estimate of what the request takes, answer included.
        """
        ...

    def recognise(self, *, endpoint: str | None, route: str | None) -> Admission | Denied:
        """As `admit`, for what asks nobody: neither counted nor held against limits. `endpoint` None: any key may."""
        ...
