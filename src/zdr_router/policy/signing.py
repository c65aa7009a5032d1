"""The guard once more, after a request was signed: nothing but the signature is new, and the clearance still holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from zdr_router.metadata import Outcome
from zdr_router.policy.dispatch import Dispatch
from zdr_router.policy.guard import Stopped
from zdr_router.registry.configuration import SIGNED_HEADERS, SIGNED_ONCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.policy.trust import Trust
    from zdr_router.sealed import Sealed

_SIGNATURE: Final = "authorization"


@dataclass(frozen=True, slots=True)
class Unsigned:
    """What a signer is shown: a copy of what the guard let through. No transport sends it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Sealed[tuple[bytes | memoryview, ...]]

    @classmethod
    def of(cls, dispatch: Dispatch) -> Unsigned:
        """A copy, so that the dispatch itself is in no signer's hands."""
        return cls(dispatch.method, dispatch.url, dict(dispatch.headers), dispatch.body)

    def is_still(self, dispatch: Dispatch) -> bool:
        """Whether it reads as it did when it was copied."""
        same = (self.method, self.url, self.headers) == (dispatch.method, dispatch.url, dispatch.headers)
        return same and self.body.open() == dispatch.body.open()

    def __repr__(self) -> str:
        """Where it goes."""
        return f"<unsigned request to {self.url}>"


def countersign(
    dispatch: Dispatch, shown: Unsigned, added: Mapping[str, str], *, now: float, trust: Trust | None
) -> Dispatch | Stopped:
    """Let `dispatch` leave with the headers that a signer `added` to what it was `shown`, or say what stops it.

    Scheme, host, path, query, headers and body are those that the guard let through. Time may have passed, so the
    clearance is read again.
    """
    clearance = dispatch.clearance
    if not clearance.holds(now, trust):
        return Stopped("the clearance has lapsed", Outcome.UNCLEARED)
    if not shown.is_still(dispatch):
        return Stopped("the request was changed while it was signed")
    allowed = SIGNED_HEADERS.get(clearance.target.auth, frozenset())
    for name, value in added.items():
        if name not in allowed:
            return Stopped("the signature has a header that is not one of its own")
        if not (value.isprintable() and value.isascii()):
            return Stopped("a header of the signature has a control character in it")
    if _SIGNATURE not in added:
        return Stopped("the request was not signed")
    headers = {**dispatch.headers, **added}
    once = clearance.target.auth in SIGNED_ONCE
    return Dispatch(dispatch.method, dispatch.url, headers, dispatch.body, clearance, once)
