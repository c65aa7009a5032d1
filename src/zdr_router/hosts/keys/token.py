"""The text of an API key, and what is kept of it.

`zdr_`, 12 characters of its id, 43 of its secret (256 random bits) and 6 of a checksum, all letters and digits: a
scanner for leaked secrets can look for `zdr_[0-9A-Za-z]{61}` and compute the checksum, and a slip of the pen is told
apart from a guess without asking anybody. The id is no secret. What is kept is a hash of the secret keyed with the
operator's pepper, which lies elsewhere: whoever copies the table can neither use a key nor test a guess.
"""

from __future__ import annotations

import secrets
import zlib
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX: Final = "zdr_"
_ID: Final = 12
_SECRET: Final = 43
_CHECK: Final = 6
LENGTH: Final = len(PREFIX) + _ID + _SECRET + _CHECK

_ID_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""No i, l, o or u: an id is read aloud."""
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_CHARACTERS: Final = frozenset(_ID_ALPHABET)


class Parts(NamedTuple):
    """A key that has the right form: its id, and its secret part sealed."""

    id: str
    secret: Sealed[str]


def new_id() -> str:
    """An id that nobody has: 60 random bits."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID))


def new_secret() -> Sealed[str]:
    """256 random bits as 43 letters and digits."""
    return Sealed(_in_base(secrets.randbits(256), _SECRET))


def written(id_: str, secret: Sealed[str]) -> Sealed[str]:
    """The key as its holder is given it."""
    body = f"{PREFIX}{id_}{secret.open()}"
    return Sealed(body + _checksum(body))


def parse(presented: str) -> Parts | None:
    """The parts of a key; None for a text that is none, or has a slip in it."""
    if len(presented) != LENGTH or not presented.startswith(PREFIX) or not presented.isascii():
        return None
    if _checksum(presented[:-_CHECK]) != presented[-_CHECK:]:
        return None
    id_ = presented[len(PREFIX) : len(PREFIX) + _ID]
    if not _ID_CHARACTERS.issuperset(id_):
        return None
    return Parts(id_, Sealed(presented[len(PREFIX) + _ID : -_CHECK]))


def looks_like_one(presented: str) -> bool:
    """Whether somebody meant to give one of our keys, right or wrong."""
    return presented.startswith(PREFIX)


def hasher(pepper: Sealed[str]) -> Callable[[Parts], bytes]:
    """What hashes the secret of a key: BLAKE2b, 32 bytes, keyed with the pepper and bound to the id."""
    begun = blake2b(key=_key_of(pepper), person=b"zdr-router key", digest_size=32)

    def hash_of(parts: Parts) -> bytes:
        state = begun.copy()
        state.update(f"{parts.id}{parts.secret.open()}".encode())
        return state.digest()

    return hash_of


def pepper_id(pepper: Sealed[str]) -> str:
    """Names a pepper, so that another one is noticed: 16 hexadecimal digits, which tell nothing of it."""
    return blake2b(key=_key_of(pepper), person=b"zdr-router name", digest_size=8).hexdigest()


def _key_of(pepper: Sealed[str]) -> bytes:
    return blake2b(pepper.open().encode(), person=b"zdr-router salt").digest()


def _checksum(body: str) -> str:
    return _in_base(zlib.crc32(body.encode()), _CHECK)


def _in_base(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
