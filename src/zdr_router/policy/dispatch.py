"""What leaves: a wire request that the guard has read, together with the clearance under which it may go."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.policy.clearance import Clearance
    from zdr_router.sealed import Sealed


class Dispatch(NamedTuple):
    """A request as it goes on the wire. Made by `guard()` alone; a transport sends nothing else.

    `body` is in pieces, written one after the other. `once` tells that no other request has the same headers.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: Sealed[tuple[bytes | memoryview, ...]]
    clearance: Clearance
    once: bool = False

    def __repr__(self) -> str:
        """Where it goes; no header, since one of them is the credential."""
        return f"<dispatch to {self.clearance.target.id}>"
