"""Which words are planted where: one of its own for each place of each path, made from a seed alone.

Whoever knows the seed can say a word, so none of them has to be kept, sent about or written down.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.leaks.forms import Needles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PLACES: Final[Mapping[str, str]] = {
    "system": "the system prompt",
    "prompt": "what the user asked",
    "tool": "the arguments of a tool call in the request, its result and the tool's description",
    "image": "the bytes of an image in the request",
    "name": "names and values that do not belong in a request",
    "answer": "a whole answer",
    "delta": "the pieces of a streamed answer",
    "call": "the arguments of a tool call in the answer",
    "error": "the body of a provider's error",
    "header": "a provider's headers",
}
"""Where words are planted, with what each place is."""

_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"


class Canaries:
    """The words of one run. `seed` is chance made once; a word is no secret, but must not occur by chance."""

    def __init__(self, seed: str) -> None:
        """Nothing is kept but the seed."""
        self.seed = seed

    def word(self, path: str, place: str) -> str:
        """The word of a place on a path; those of one place begin alike."""
        return self._stem(place) + self._letters(f"{path}/{place}", 10)

    def of(self, path: str) -> Words:
        """The words of a path."""
        return Words(self, path)

    def needles(self, paths: Iterable[str]) -> Needles:
        """The words of these paths, each named `path/place`."""
        return Needles({f"{path}/{place}": self.word(path, place) for path in paths for place in PLACES})

    def stems(self) -> Needles:
        """What the words of each place begin with, whichever path they are of: fewer forms, for much memory."""
        return Needles({place: self._stem(place) for place in PLACES})

    def _stem(self, place: str) -> str:
        # A run's words begin alike, so that looking for all of them is looking for one beginning.
        return self._letters("", 6) + self._letters(place, 6)

    def _letters(self, text: str, count: int) -> str:
        digest = hashlib.blake2b(text.encode(), key=self.seed.encode(), digest_size=count).digest()
        return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest)


class Words:
    """The words of one path, by place. They are made when asked for, so that whoever asks is the one that has them."""

    def __init__(self, canaries: Canaries, path: str) -> None:
        """Nothing is made yet."""
        self._canaries = canaries
        self._path = path

    def __getitem__(self, place: str) -> str:
        """The word of a place. Raises `KeyError` for what is no place."""
        if place not in PLACES:
            raise KeyError(place)
        return self._canaries.word(self._path, place)
