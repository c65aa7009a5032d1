"""The port through which bytes leave: it sends a guarded request, or opens a connection; failures are data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.metadata import Outcome, Sent
    from zdr_router.policy.dispatch import Dispatch
    from zdr_router.policy.errand import Errand


@dataclass(frozen=True, slots=True)
class SendFailure:
    """Why there is no answer, or no more of it, and whether the provider may have seen the request."""

    outcome: Outcome
    sent: Sent


class Response(Protocol):
    """An answer whose head has come. Whoever holds it must `close()` it; reading to the end does so too."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""

    def allow(self, *, until: float, gap: float | None = None) -> None:
        """Bound the waits for the body from now on; each call replaces what the one before it allowed.

        No byte is waited for beyond `until`, an instant of the running loop's clock, which takes the place of the
        deadline of the call: one that ends with the head may be followed by a longer one. No wait for the next bytes
        lasts longer than `gap` seconds (more than 0). It counts only while somebody waits, so a slow reader is not
        taken for a slow provider. What is cut short is a TIMEOUT, and its socket is closed.
        """
        ...

    async def read(self) -> bytes | SendFailure:
        """The whole body, up to the transport's limit."""
        ...

    async def next_chunk(self) -> bytes | SendFailure | None:
        """The next bytes as they come, or None at the end of a complete body."""
        ...

    def close(self) -> None:
        """Give the connection back if the body was read to its end, else close its socket."""
        ...


class Transport(Protocol):
    """Sends what the guard let through, and errands for tokens.

    Never follows a redirect, keeps a cookie or asks the environment.
    """

    async def send(self, dispatch: Dispatch | Errand, *, deadline: float) -> Response | SendFailure:
        """Send once, without a retry. `deadline` is an instant of the running loop's clock and covers the body too."""
        ...

    async def reach(self, url: str, *, deadline: float) -> SendFailure | None:
        """Open a new connection to where a guarded URL leads, TLS included, and say nothing on it. None: it stands.

        It is kept for the next request, in place of those that idled there.
        """
        ...
