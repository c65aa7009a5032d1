"""What a message is about, as far as a key has to know: whether it asks, on which route, and about how much.

The tools hold every call to what was admitted for it, so a reader that understands a message otherwise gains nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

if TYPE_CHECKING:
    from zdr_router.sealed import Sealed

_CHARACTERS_PER_TOKEN: Final = 4
_ANSWER: Final = 1024
"""Tokens that an answer is taken to have where the call does not say how long it may be."""


class Called(NamedTuple):
    """Whether a message calls `ask`, on which route, and how many tokens that may take."""

    asks: bool = False
    route: str | None = None
    tokens: int = 0


def peek(body: Sealed[bytes]) -> Called | None:
    """What the message in `body` calls; None where it is none."""
    try:
        message = orjson.loads(body.open())
    except orjson.JSONDecodeError:
        message = None
    if not isinstance(message, dict):
        return None
    given = message.get("params")
    if message.get("method") != "tools/call" or not isinstance(given, dict) or given.get("name") != "ask":
        return Called()
    arguments = given.get("arguments")
    return _asked(arguments if isinstance(arguments, dict) else {})


def _asked(arguments: dict[str, Any]) -> Called:
    """A route that is no text is none; the tool will say so."""
    route = arguments.get("route")
    longest = arguments.get("max_tokens")
    characters = sum(len(text) for text in (arguments.get("prompt"), arguments.get("system")) if isinstance(text, str))
    answer = longest if isinstance(longest, int) and longest > 0 else _ANSWER
    return Called(
        asks=True, route=route if isinstance(route, str) else "", tokens=characters // _CHARACTERS_PER_TOKEN + answer
    )
