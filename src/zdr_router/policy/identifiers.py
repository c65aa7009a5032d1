"""What becomes of identifiers that a caller gives (`user`, `safety_identifier`, `metadata`): refused, or replaced.

A provider that may learn of a user learns a keyed hash in place of the name. The same user has another one for each
tenant and each provider, so that nobody can join what several of them know. Labels are always refused: their names are
the caller's own words, and their values would be of no use as hashes.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import orjson

from zdr_router.policy.conditions import Forced

if TYPE_CHECKING:
    from zdr_router.policy.policy import Policy
    from zdr_router.policy.request import Request
    from zdr_router.policy.standing import Standing

NAMING: Final = frozenset({"user", "safety_identifier"})
"""The parameters that name the caller's user."""

ADVICE: Final = {
    "end_user": "leave `user` and `safety_identifier` out, or set `identifiers: pseudonym` in the policy",
    "labels": "leave `metadata` out",
}
"""What to do, by the feature that a policy withholds."""


def withheld(policy: Policy) -> frozenset[str]:
    """The features that do not leave under `policy`, whatever a configuration permits."""
    return frozenset({"labels"} if policy.identifiers == "pseudonym" else ADVICE)


def pseudonyms(request: Request, standing: Standing, key: bytes) -> tuple[Forced, ...]:
    """What leaves in place of the names that `request` gives. What a configuration sets itself stays as it is."""
    given = (request.requirements.parameters & NAMING) - standing.router_sets
    if not given:
        return ()
    values, provider = request.content.open().values(), standing.target.configuration.provider
    return tuple(Forced((name,), _pseudonym(request.tenant, provider, values[name], key)) for name in sorted(given))


def _pseudonym(tenant: str | None, provider: str, name: object, key: bytes) -> str:
    # As JSON, so that no two of them read the same.
    about = orjson.dumps([tenant, provider, name])
    return hashlib.blake2b(about, key=key[:64], digest_size=16, person=b"identifier").hexdigest()
