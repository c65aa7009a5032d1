"""A request as the codec of a foreign dialect writes it, at the address that the vocabulary gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.metadata import Outcome
from zdr_router.policy.foreign import address_of
from zdr_router.policy.guard import WireRequest
from zdr_router.registry.vocabulary.dialects import DIALECTS
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.dialects.base import Encode
    from zdr_router.policy.clearance import Clearance


def encode_foreign(
    encode: Encode, clearance: Clearance, headers: Mapping[str, str], *, stream: bool
) -> WireRequest | Outcome:
    """The request with everything set that the clearance forces, or how the attempt ends because there is none."""
    target = clearance.target
    dialect = DIALECTS[target.configuration.dialect]
    body = encode(clearance.request.content.open().plain(), model=target.model, stream=stream)
    if isinstance(body, Outcome):
        return body
    for member, word in dialect.scope.items():
        body[member] = target.account.scope[word]
    for forced in clearance.forced:
        forced.apply(body)
    said = {**headers, **dialect.headers}
    if stream:
        said["accept"] = dialect.streams_as
    return WireRequest("POST", address_of(clearance), said, {}, Sealed(body))
