"""Where the path of a condition leads in the bodies that the vocabulary knows, and what can stand there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from zdr_router.registry.vocabulary import REQUESTS
from zdr_router.registry.vocabulary.shapes import (
    Address,
    Either,
    Items,
    Object,
    Opaque,
    Scalar,
    Switch,
    Table,
    Tagged,
    Words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from zdr_router.registry import Configuration
    from zdr_router.registry.vocabulary.shapes import Shape

_TYPES: Final[dict[str, Callable[[object], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
}


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a path ends.

    `shapes` is what can stand there, nothing where the path leads nowhere. `lost` is the part of it that no body
    has, and `closed` the part that is a list and is not opened by `[]`.
    """

    shapes: tuple[Shape, ...]
    lost: str = ""
    closed: str = ""


def bodies(configuration: Configuration) -> Mapping[str, Object]:
    """The covered requests that can be looked into; dialects other than openai have words of their own."""
    if configuration.dialect != "openai":
        return {}
    return {name: REQUESTS[name] for name in configuration.endpoints if name in REQUESTS}


def reach(starts: Iterable[Shape], path: str) -> Reach:
    """Follow `path` through all of `starts` at once."""
    here = list(starts)
    steps = path.split(".")
    closed = ""
    for index, step in enumerate(steps):
        name, so_far = step.removesuffix("[]"), ".".join(steps[: index + 1])
        found = [case for shape in here for inner in _inside(shape, name) for case in _cases(inner)]
        if not found:
            return Reach((), lost=so_far, closed=closed)
        lists = [shape for shape in found if isinstance(shape, Items)]
        if step.endswith("[]"):
            opened = [case for shape in lists for case in _cases(shape.item)]
            here = [*opened, *(shape for shape in found if not isinstance(shape, Items))]
        else:
            here = found
            closed = closed or (so_far if lists else "")
    return Reach(tuple(here), closed=closed)


def can_be(shape: Shape, value: object) -> bool:
    """Whether `value` can stand where `shape` does. Objects are not looked into: no condition has one as its value."""
    match shape:
        case Scalar():
            return _TYPES[shape.kind](value)
        case Words():
            return isinstance(value, str) and value in shape.words
        case Items():
            cases = tuple(_cases(shape.item))
            return isinstance(value, list) and all(any(can_be(case, each) for case in cases) for each in value)
        case _:
            types = {Opaque: object, Switch: bool, Address: str}
            return type(shape) in types and isinstance(value, types[type(shape)])


def can_match(shape: Shape, pattern: str) -> bool:
    """Whether a string that `pattern` finds itself in can stand where `shape` does."""
    if isinstance(shape, Words):
        return any(re.search(pattern, word) for word in shape.words)
    return holds_text(shape)


def holds_text(shape: Shape) -> bool:
    """Whether a string can stand where `shape` does."""
    return isinstance(shape, Opaque | Words | Address) or (isinstance(shape, Scalar) and shape.kind == "string")


def _cases(shape: Shape) -> Iterator[Shape]:
    if isinstance(shape, Either):
        for case in shape.cases.values():
            yield from _cases(case)
    else:
        yield shape


def _inside(shape: Shape, name: str) -> Iterator[Shape]:
    match shape:
        case Object() if name in shape.keys:
            yield shape.keys[name]
        case Tagged():
            if name == shape.tag:
                yield Words(dict.fromkeys(shape.kinds, ""))
            for kind in shape.kinds.values():
                yield from _inside(kind, name)
        case Table():
            yield shape.value
        case Opaque():
            yield shape
        case _:
            return
