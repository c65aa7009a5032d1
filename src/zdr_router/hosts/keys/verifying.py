"""Whether what a caller presents is a key, and whose. Nothing of what was presented is in any answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from hmac import compare_digest
from typing import TYPE_CHECKING, Final

from zdr_router.hosts.keys.token import looks_like_one, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zdr_router.hosts.keys.key import Key
    from zdr_router.hosts.keys.token import Parts

_NOBODY: Final = bytes(32)
"""What is compared where no key has the id: so an id that exists takes as long as one that does not."""


class Wrong(Enum):
    """Why what was presented is not taken."""

    ABSENT = "absent"
    MISTYPED = "mistyped"
    UNKNOWN = "unknown"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Shown:
    """What was presented, as far as it is kept while a request is read: the id of a key, and a hash of the secret."""

    id: str
    hashed: bytes = field(repr=False)


def read(presented: str | None, hash_of: Callable[[Parts], bytes]) -> Shown | Wrong:
    """What was presented, if it has the form of a key."""
    if not presented:
        return Wrong.ABSENT
    parts = parse(presented)
    if parts is None:
        return Wrong.MISTYPED if looks_like_one(presented) else Wrong.UNKNOWN
    return Shown(parts.id, hash_of(parts))


def verify(shown: Shown, keys: Mapping[str, Key], now: float) -> tuple[Key | None, Wrong | None]:
    """The key, if the secret is its own; and what is wrong with it, if anything. `now` is in seconds since the epoch.

    That a key is revoked or has expired is said only to those who hold its secret.
    """
    key, hashed = keys.get(shown.id), shown.hashed
    if key is None:
        compare_digest(hashed, _NOBODY)
        return None, Wrong.UNKNOWN
    if compare_digest(hashed, key.hash):
        until = key.expires
    elif key.former is not None and compare_digest(hashed, key.former):
        until = key.former_until if key.expires is None else min(key.former_until, key.expires)
    else:
        return None, Wrong.UNKNOWN
    return key, _over(key, until, now)


def _over(key: Key, until: float | None, now: float) -> Wrong | None:
    if key.revoked is not None:
        return Wrong.REVOKED
    return Wrong.EXPIRED if until is not None and now >= until else None
