"""What a host asks of a book of API keys, and the two answers that it gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

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

    async def admit(
        self, presented: str | None, *, endpoint: str, route: str | None, address: str, tokens: int
    ) -> Admission | Denied:
        """Whether a request may go on.

        `presented` is what the caller gave as its key; `endpoint` the operation (`chat.completions`); `route` the one
        that is asked for, None where the request names none; `address` the caller's, of which nothing is kept; `tokens`
        an estimate of what the request takes, answer included.
        """
        ...


class RecognisingBook(KeyBook, Protocol):
    """One that also says whose a key is, for what asks nobody: the MCP server needs it."""

    def recognise(
        self, presented: str | None, *, endpoint: str | None, route: str | None, address: str
    ) -> Admission | Denied:
        """As `admit`, but neither counted nor held against the limits of the key; `endpoint` None is for every key."""
        ...
