"""What a wire format has to be able to say for the contract to be tested in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, object]
Event = tuple[str, Json]
"""The kind of an event ("" where its format has none), and its payload."""

WORDS: Final = ("red, yellow", " and blue")
"""The answer of every server of the kit, in the pieces in which it is streamed."""

TEXT: Final = "".join(WORDS)
TOKENS: Final = (7, 3)
"""Tokens of the prompt and of the answer, as every server of the kit counts them."""


class Whole(Protocol):
    """Makes the body of a whole answer."""

    def __call__(self, *, finished: bool) -> Json:
        """`finished`: whether it has a finish reason."""
        ...


class Events(Protocol):
    """Makes the events of a streamed answer."""

    def __call__(self, *, finished: bool) -> list[Event]:
        """`finished`: whether a finish reason comes, and what follows it."""
        ...


class Speech(NamedTuple):
    """A wire format.

    `framed` puts an event into bytes; `ending` follows the last event; `garbled` is an event that cannot be read;
    `kind` is the media type of a stream.
    """

    whole: Whole
    events: Events
    framed: Callable[[Event], bytes]
    ending: bytes = b""
    garbled: bytes = b'data: {"choices": [\n\n'
    kind: str = "text/event-stream"


def sse(event: Event) -> bytes:
    """A server-sent event."""
    kind, payload = event
    named = f"event: {kind}\n".encode() if kind else b""
    return b"%bdata: %b\n\n" % (named, orjson.dumps(payload))
