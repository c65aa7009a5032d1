"""One digest over many leaves, and how one leaf is shown to be under it, as RFC 9162 (section 2.1) has it.

A leaf and an inner node are hashed behind different first bytes, so that neither can be passed off as the other.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def leaf_hash(data: bytes) -> bytes:
    """What stands in the tree for an entry."""
    return sha256(b"\x00" + data).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The digest over the hashes of leaves, in their order."""
    if not leaves:
        return sha256().digest()
    level = leaves
    while len(level) > 1:
        level = _above(level)
    return level[0]


def path(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The hashes with which the leaf at `index` comes to the root, from the bottom up."""
    found = []
    level = leaves
    while len(level) > 1:
        beside = index ^ 1
        if beside < len(level):
            found.append(level[beside])
        level, index = _above(level), index >> 1
    return tuple(found)


def root_along(leaf: bytes, index: int, size: int, along: Sequence[bytes]) -> bytes | None:
    """The root to which a leaf comes along a path in a tree of `size` leaves; None if there is no such path."""
    if not 0 <= index < size:
        return None
    at, last, found = index, size - 1, leaf
    for beside in along:
        if last == 0:
            return None
        if at & 1 or at == last:
            found = _node(beside, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = _node(found, beside)
        at, last = at >> 1, last >> 1
    return found if last == 0 else None


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _above(level: Sequence[bytes]) -> list[bytes]:
    """The next level. One that is left over moves up as it is, which gives the splits of the RFC."""
    pairs = [_node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return [*pairs, level[-1]] if len(level) % 2 else pairs
