"""What a reader says of a body that it cannot take: the place alone, never the caller's text.

An unknown key is `messages[].#3`, the third key as it was sent, because the key itself is the caller's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN_LIMIT: Final = 16
"""How many unknown places are noted; one is enough to refuse, so a hostile body cannot make this list long."""

_ARTICLES: Final = {"integer": "an integer", "object": "an object"}


def note(place: str, unknown: list[str]) -> None:
    """Note a place that holds what nobody knows."""
    if len(unknown) < UNKNOWN_LIMIT and place not in unknown:
        unknown.append(place)


def note_key(place: str, value: Mapping[str, object], key: str, unknown: list[str]) -> None:
    """Note an unknown key by its position in the object, counted from 1."""
    if len(unknown) < UNKNOWN_LIMIT:
        note(f"{place}.#{list(value).index(key) + 1}", unknown)


def wrong(place: str, *kinds: str) -> InvalidRequest:
    """Say what kind of value a place takes."""
    wanted = " or ".join(_ARTICLES.get(kind, f"a {kind}") for kind in kinds)
    return InvalidRequest(f"{place} must be {wanted}", param=place)


def missing(place: str) -> InvalidRequest:
    """Say what has to be there."""
    return InvalidRequest(f"{place} is missing", param=place)
