"""What every dialect is given and gives back, whatever its wire format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from zdr_router.metadata import Outcome
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
