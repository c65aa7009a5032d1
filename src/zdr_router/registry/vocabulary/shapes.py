"""The forms a part of a request can take, and which feature each form is: the grammar the tables are written in.

A shape that names no feature (`feature=""`) is inert: it shapes nothing that policy would ask about.
Null is inert everywhere. Whatever no shape allows for is unknown, and unknown is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = Literal["string", "integer", "boolean", "list", "object"]
"""The JSON types by which `Either` tells its cases apart."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One string, number or boolean, whose value changes nothing."""

    kind: Literal["string", "number", "integer", "boolean"]
    feature: str = ""


@dataclass(frozen=True, slots=True)
class Opaque:
    """Any JSON, never looked into: a schema, arguments, what a model said before."""

    feature: str = ""


@dataclass(frozen=True, slots=True)
class Nothing:
    """A key that is known and has to stay empty here: whatever stands there is unknown, and noted by its name."""


@dataclass(frozen=True, slots=True)
class Words:
    """A string out of a closed list, each with the feature it is; any other string is unknown."""

    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Switch:
    """A boolean that turns something on (or, rarely, off)."""

    on: str = ""
    off: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    """A string that holds something or points at it: its scheme decides, and no more than its beginning is read.

    A string that begins like base64 is `bare`; where `bare` is empty, and for every other beginning, it is unknown.
    """

    inline: str
    remote: str
    bare: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """A list, every element of which has this shape."""

    item: Shape
    feature: str = ""
    at_least: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """An object whose keys the caller invents, every value of which has this shape."""

    value: Shape
    feature: str = ""


@dataclass(frozen=True, slots=True)
class Object:
    """An object with these keys; any other key is unknown. `absent`: what it means to leave a key out."""

    keys: Mapping[str, Shape]
    feature: str = ""
    required: tuple[str, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tagged:
    """An object that says by one of its keys which of these objects it is; any other word is unknown."""

    tag: str
    kinds: Mapping[str, Object]
    default: str = ""


@dataclass(frozen=True, slots=True)
class Either:
    """One of several shapes, told apart by JSON type."""

    cases: Mapping[Json, Shape]


Shape = Scalar | Opaque | Nothing | Words | Switch | Address | Items | Table | Object | Tagged | Either

TEXT: Final = Scalar("string")
NUMBER: Final = Scalar("number")
INTEGER: Final = Scalar("integer")
FLAG: Final = Scalar("boolean")
ANYTHING: Final = Opaque()
NOTHING: Final = Nothing()
TEXTS: Final = Items(TEXT)
