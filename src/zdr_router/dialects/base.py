"""What every dialect is given and gives back, whatever its wire format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

import orjson

from zdr_router.metadata import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from zdr_router.dialects.shapes import ChatChunk, ChatCompletionBody
    from zdr_router.sealed import Sealed

B = TypeVar("B")


class Head(NamedTuple):
    """How a normalised answer introduces itself: made here or configured, never what a provider sent."""

    id: str
    created: int
    model: str


class Usage(NamedTuple):
    """Tokens, as far as metadata keeps them. `cached_tokens` is None where the provider does not say."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int | None


class Decoded(NamedTuple, Generic[B]):
    """A whole answer in OpenAI's shape; sealed, so that the object may be shown."""

    body: Sealed[B]
    usage: Usage | None


class Unusable(Exception):
    """What a provider sent is no answer. Raised and caught within a dialect; it carries no content."""

    def __init__(self, outcome: Outcome) -> None:
        """`outcome` is how the attempt ended."""
        self.outcome = outcome
        super().__init__(outcome)


def parsed(payload: bytes) -> dict[str, object]:
    """The JSON object of an answer or event; raises `Unusable` where it is none."""
    try:
        raw = orjson.loads(payload)
    except ValueError:
        raw = None  # raised below, so that no error is tied to one that holds the payload
    if not isinstance(raw, dict):
        raise Unusable(Outcome.MALFORMED)
    return raw


class StreamDecoder(Protocol):
    """Turns the bytes of a streamed answer into chunks in OpenAI's shape, and says how it ended."""

    @property
    def committed(self) -> bool:
        """Whether a chunk with content was seen."""
        ...

    @property
    def failed(self) -> Outcome | None:
        """Why the stream cannot end well, as soon as that is known."""
        ...

    @property
    def done(self) -> bool:
        """Whether the stream said that it is over."""
        ...

    @property
    def usage(self) -> Usage | None:
        """The last token counts seen."""
        ...

    def feed(self, data: bytes) -> list[ChatChunk]:
        """The chunks that `data` completes, in order."""
        ...

    def end(self) -> Outcome:
        """How the attempt ended, once the bytes have."""
        ...


class StreamSetting(NamedTuple):
    """What a decoder of streams is told: the caller's wishes, and what the attestation demands of every event."""

    head: Head
    show_usage: bool
    choices: int
    accept: Callable[[dict[str, object]], bool] | None


class Encode(Protocol):
    """Writes a request for the target's model."""

    def __call__(self, body: dict[str, object], *, model: str, stream: bool) -> dict[str, object] | Outcome:
        """The wire's body, or how the attempt ends because there is none. `body` is the codec's own."""
        ...


class Codec(NamedTuple):
    """A dialect's chat: what a request becomes on the wire, and what the bytes that come back mean.

    `encode` is None where the members that leave are the request's own.
    """

    encode: Encode | None
    decode: Callable[[bytes, Head], Decoded[ChatCompletionBody] | Outcome]
    stream: Callable[[StreamSetting], StreamDecoder]
