"""A key that is wrong is an error, and told as such.

The prompt is sent with a made-up key, never with the account's own; the attempt ends as `credential`. Some providers
count such attempts against an address, so it is done only when asked for (`--with-bad-key`).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.verdict import failed, passed, skipped
from zdr_router.registry.configuration import AUTH_HEADERS
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from zdr_router.conformance.contract.session import Session
    from zdr_router.conformance.contract.verdict import Verdict

ID: Final = "ZDC106"
REQUESTS: Final = 1
MADE_UP: Final = "zdr-conform-made-up-key"


async def check(session: Session) -> Verdict:
    """One request."""
    target = session.target
    if target.auth not in AUTH_HEADERS:
        return skipped("the account sends no key" if target.auth == "none" else "its requests are signed, not keyed")
    if (await session.answer()).refusals:
        return skipped("it may not be asked (ZDC101)")
    # The fingerprint stays that of the account's own key, which is the one that the grant is bound to.
    told = await session.ask_as(dataclasses.replace(target, credential=Sealed(MADE_UP)))
    if told.outcome == "ok":
        return failed("a made-up key was taken for a real one")
    return passed("it came to credential") if told.outcome == "credential" else failed(f"it came to {told.how}")
