"""What of a large registry is built at all: only what somebody asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import Generic, TypeVar

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Later(Generic[V]):
    """A value that is still to be made."""

    make: Callable[[], V]


def made(value: V | Later[V]) -> V:
    """The value itself."""
    return value.make() if isinstance(value, Later) else value


class Deferred(MutableMapping[str, V]):
    """A mapping whose values may be put in as `Later`, and are then made when first asked for.

    Two threads that ask at once may both make a value; values are equal and immutable, so either may stay.
    """

    __slots__ = ("_values",)

    def __init__(self) -> None:
        """Empty."""
        self._values: dict[str, V | Later[V]] = {}

    def __getitem__(self, name: str) -> V:
        value = self._values[name]
        if isinstance(value, Later):
            # Replaced, not added, so that whoever is iterating is not disturbed; and what it was made of can go.
            value = self._values[name] = value.make()
        return value

    def __setitem__(self, name: str, value: V | Later[V]) -> None:
        self._values[name] = value

    def __delitem__(self, name: str) -> None:
        del self._values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(dict(self))
