"""Whether a value has the shape of a `TypedDict`: every key, no other, and the types that it states."""

from __future__ import annotations

from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

if TYPE_CHECKING:
    from collections.abc import Iterator


def misshapen(value: object, shape: Any, place: str = "answer") -> Iterator[str]:  # noqa: ANN401 - a type of any form
    """Every place that is not as `shape` says; a place is named by keys of the shape alone, never by the value's."""
    origin, inner = get_origin(shape), get_args(shape)
    if is_typeddict(shape):
        yield from _members(value, shape, place)
    elif origin is NotRequired:
        yield from misshapen(value, inner[0], place)
    elif origin is list:
        if not isinstance(value, list):
            yield place
            return
        for each in value:
            yield from misshapen(each, inner[0], f"{place}[]")
    elif origin in {Union, UnionType}:
        tried = [list(misshapen(value, each, place)) for each in inner]
        yield from () if [] in tried else max(tried, key=lambda faults: len(faults[0]))
    elif not _fits(value, shape):
        yield place


def _members(value: object, shape: Any, place: str) -> Iterator[str]:  # noqa: ANN401 - as above
    if not isinstance(value, dict):
        yield place
        return
    hints = get_type_hints(shape, include_extras=True)
    for name, hint in hints.items():
        if name in value:
            yield from misshapen(value[name], hint, f"{place}.{name}")
        elif shape.__total__ and get_origin(hint) is not NotRequired:
            yield f"{place}.{name} is missing"
    if not hints.keys() >= value.keys():
        yield f"{place} has a key that is not OpenAI's"


def _fits(value: object, shape: Any) -> bool:  # noqa: ANN401 - as above
    if get_origin(shape) is Literal:
        return isinstance(value, str) and value in get_args(shape)
    if get_origin(shape) is dict:
        return isinstance(value, dict)
    return shape is object or type(value) is shape or (shape is float and type(value) is int)
