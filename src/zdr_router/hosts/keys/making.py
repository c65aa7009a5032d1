"""Makes keys, and gives them other secrets. The text that a holder presents is handed out once and kept nowhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from zdr_router.hosts.keys.key import Key
from zdr_router.hosts.keys.token import Parts, hasher, new_id, new_secret, written

if TYPE_CHECKING:
    from zdr_router.sealed import Sealed


def make_key(name: str, pepper: Sealed[str], *, created: float, **about: Any) -> tuple[Key, Sealed[str]]:  # noqa: ANN401 - the fields of a key
    """A new key, and the text that its holder presents. `about` are further fields of `Key`."""
    id_, secret = new_id(), new_secret()
    return Key(id_, name, hasher(pepper)(Parts(id_, secret)), created, **about), written(id_, secret)


def rotate_key(key: Key, pepper: Sealed[str], *, until: float) -> tuple[Key, Sealed[str]]:
    """The same key with another secret, and its new text. The secret that it had holds until `until` besides.

    One that was rotated before and still held is gone at once: two are the most that hold together.
    """
    secret = new_secret()
    hashed = hasher(pepper)(Parts(key.id, secret))
    return replace(key, hash=hashed, former=key.hash, former_until=until), written(key.id, secret)
