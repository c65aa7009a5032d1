"""How a request that the guard let through gets its signature, and how a token is fetched over the same connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.credentials.base import Reply
from zdr_router.metadata import Outcome
from zdr_router.policy.guard import Stopped
from zdr_router.policy.signing import Unsigned, countersign
from zdr_router.sealed import Sealed
from zdr_router.transport.base import SendFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from zdr_router.credentials.base import Fetch, Signer
    from zdr_router.driver.timely import Readable
    from zdr_router.policy.dispatch import Dispatch
    from zdr_router.policy.errand import Errand
    from zdr_router.transport.base import Transport

LIMIT: Final = 64 * 1024
"""Bytes of an answer with a token, at most."""


async def sign(
    dispatch: Dispatch, signer: Signer | None, *, deadline: float, clock: Callable[[], float], trust: Readable
) -> Dispatch | Stopped:
    """The request with its signature, read once more by the guard; nothing of it has left if it is stopped."""
    if signer is None:
        return Stopped("nobody signs for the account")
    shown = Unsigned.of(dispatch)
    added = await signer.sign(shown, deadline=deadline)
    if isinstance(added, Outcome):
        return Stopped("no token was to be had", added)
    return countersign(dispatch, shown, added, now=clock(), trust=trust.read())


def fetch_over(transport: Transport) -> Fetch:
    """Takes errands over the transport that requests take: its trust store and proxy, no redirects."""

    async def fetch(errand: Errand, *, deadline: float) -> Reply | None:
        response = await transport.send(errand, deadline=deadline)
        if isinstance(response, SendFailure):
            return None
        try:
            body = bytearray()
            while (piece := await response.next_chunk()) is not None:
                if isinstance(piece, SendFailure):
                    return None
                body += piece
                if len(body) > LIMIT:
                    return None
            return Reply(response.status, Sealed(bytes(body)))
        finally:
            response.close()

    return fetch
