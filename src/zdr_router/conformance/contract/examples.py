"""Smallest requests, made from the vocabulary's own tables: one for each way to use each feature."""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from typing import TYPE_CHECKING, Final, NamedTuple

from zdr_router.registry.vocabulary import FEATURES
from zdr_router.registry.vocabulary.chat import CHAT
from zdr_router.registry.vocabulary.shapes import (
    Address,
    Either,
    Items,
    Nothing,
    Object,
    Opaque,
    Scalar,
    Shape,
    Switch,
    Table,
    Tagged,
    Words,
)

if TYPE_CHECKING:
    from zdr_router.conformance.contract.speech.base import Json

_SCALARS: Final[dict[str, object]] = {"string": "zdr", "number": 1.0, "integer": 1, "boolean": True}
_DATA: Final = "data:text/plain;base64,emRy"
_ADDRESS: Final = "https://example.invalid/zdr"
_BARE: Final = "emRy"
_HARMLESS: Final = frozenset({"inference", "router"})


class Example(NamedTuple):
    """A feature, the place where it is used, and the members of a request that use it."""

    feature: str
    place: str
    members: Json


def voiding() -> Iterator[Example]:
    """Every way in which a chat can name, label, cache, keep or send elsewhere, each in a request of its own."""
    for name, shape in CHAT.keys.items():
        for feature, value in uses(shape):
            if feature and FEATURES[feature].effect not in _HARMLESS:
                yield Example(feature, name, {name: value})


@singledispatch
def plain(shape: Shape) -> object:
    """The smallest value of this shape, with as few features as can be."""
    raise TypeError(type(shape))


@plain.register
def _(shape: Scalar) -> object:
    return _SCALARS[shape.kind]


@plain.register
def _(shape: Opaque) -> object:  # noqa: ARG001 - any JSON will do
    return {}


@plain.register
def _(shape: Nothing) -> object:  # noqa: ARG001 - nothing will do
    return None


@plain.register
def _(shape: Words) -> object:
    return next((word for word, feature in shape.words.items() if not feature), next(iter(shape.words)))


@plain.register
def _(shape: Switch) -> object:
    return bool(shape.off) and not shape.on


@plain.register
def _(shape: Address) -> object:  # noqa: ARG001 - every address may be inline
    return _DATA


@plain.register
def _(shape: Items) -> object:
    return [plain(shape.item)] if shape.at_least else []


@plain.register
def _(shape: Table) -> object:  # noqa: ARG001 - an empty one will do
    return {}


@plain.register
def _(shape: Object) -> object:
    return _members(shape)


@plain.register
def _(shape: Tagged) -> object:
    word, kind = next(iter(shape.kinds.items()))
    return {shape.tag: word, **_members(kind)}


@plain.register
def _(shape: Either) -> object:
    return plain(next(iter(shape.cases.values())))


def _members(shape: Object) -> Json:
    return {name: plain(shape.keys[name]) for name in shape.required}


@singledispatch
def uses(shape: Shape) -> Iterator[tuple[str, object]]:  # noqa: ARG001 - most shapes can be used in no way
    """Each way to use a feature in a value of this shape; "" where the value uses none."""
    yield from ()


@uses.register
def _(shape: Scalar) -> Iterator[tuple[str, object]]:
    yield shape.feature, plain(shape)


@uses.register
def _(shape: Opaque) -> Iterator[tuple[str, object]]:
    yield shape.feature, plain(shape)


@uses.register
def _(shape: Words) -> Iterator[tuple[str, object]]:
    yield from ((feature, word) for word, feature in shape.words.items())


@uses.register
def _(shape: Switch) -> Iterator[tuple[str, object]]:
    yield from ((shape.on, True), (shape.off, False))


@uses.register
def _(shape: Address) -> Iterator[tuple[str, object]]:
    yield from ((shape.inline, _DATA), (shape.remote, _ADDRESS))
    if shape.bare:
        yield shape.bare, _BARE


@uses.register
def _(shape: Items) -> Iterator[tuple[str, object]]:
    yield shape.feature, [plain(shape.item)]
    yield from ((feature, [value]) for feature, value in uses(shape.item))


@uses.register
def _(shape: Table) -> Iterator[tuple[str, object]]:
    yield shape.feature, {"zdr": plain(shape.value)}
    yield from ((feature, {"zdr": value}) for feature, value in uses(shape.value))


@uses.register
def _(shape: Object) -> Iterator[tuple[str, object]]:
    yield from _uses_of(shape, {})


@uses.register
def _(shape: Tagged) -> Iterator[tuple[str, object]]:
    for word, kind in shape.kinds.items():
        yield from _uses_of(kind, {shape.tag: word})


@uses.register
def _(shape: Either) -> Iterator[tuple[str, object]]:
    for case in shape.cases.values():
        yield from uses(case)


def _uses_of(shape: Object, tag: Json) -> Iterator[tuple[str, object]]:
    smallest = {**tag, **_members(shape)}
    yield shape.feature, smallest
    for name, feature in shape.absent.items():
        yield feature, {key: value for key, value in smallest.items() if key != name}
    for name, inner in shape.keys.items():
        for feature, value in uses(inner):
            yield feature, {**smallest, name: value}
