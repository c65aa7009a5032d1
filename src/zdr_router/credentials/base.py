"""What every way to sign has in common: it is shown a request, and gives the headers that prove whose it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.metadata import Outcome
    from zdr_router.policy.errand import Errand
    from zdr_router.policy.signing import Unsigned
    from zdr_router.sealed import Sealed


class Signer(Protocol):
    """Proves whose a request is."""

    async def sign(self, request: Unsigned, *, deadline: float) -> Mapping[str, str] | Outcome:
        """The headers to add, or why there are none. `deadline` is an instant of the running loop's clock."""
        ...

    def turned_down(self) -> None:
        """The provider did not accept what was signed: whatever was kept to sign with is not to be used again."""
        ...


class Reply(NamedTuple):
    """What a token endpoint answered."""

    status: int
    body: Sealed[bytes]


class Fetch(Protocol):
    """Takes an errand to its endpoint, and nowhere else: redirects are not followed."""

    async def __call__(self, errand: Errand, *, deadline: float) -> Reply | None:
        """The answer, or None when no whole one came by the deadline."""
        ...
