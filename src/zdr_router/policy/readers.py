"""Compiles the vocabulary's shapes into readers, which look at types, keys and closed words and at nothing else.

Readers run for every request, so whatever can be decided from a shape is decided once, when it is compiled.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final

from zdr_router.errors import InvalidRequest
from zdr_router.policy.unread import missing, note, note_key, wrong
from zdr_router.registry.vocabulary import FEATURES
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

Reader = Callable[[object, set[str], list[str]], None]
"""Looks at one value; adds the features it finds and the places it does not know."""

_TYPES: Final[dict[str, type]] = {"string": str, "integer": int, "boolean": bool, "list": list, "object": dict}
_BASE64: Final = re.compile(r"[A-Za-z0-9+/=\s]*")


def _inert(value: object, features: set[str], unknown: list[str]) -> None:
    """Read what may be any JSON, or was read already."""


def compiled(shape: Shape, place: str) -> Reader:  # noqa: C901, PLR0911 - one row for each shape
    """Turn a table into a reader; `place` is where in the body it stands."""
    match shape:
        case Scalar():
            return _scalar(shape, place)
        case Opaque():
            return _opaque(shape)
        case Nothing():
            return _nothing(place)
        case Words():
            return _words(shape, place)
        case Switch():
            return _switch(shape, place)
        case Address():
            return _address(shape, place)
        case Items():
            return _items(shape, place)
        case Table():
            return _table(shape, place)
        case Object():
            return _object(shape, place)
        case Tagged():
            return _tagged(shape, place)
        case Either():
            return _either(shape, place)


def recorded(feature: str) -> str:
    """Return the feature if policy asks for it; a name that the vocabulary lacks is a KeyError at import."""
    return feature if feature and FEATURES[feature].effect != "router" else ""


def _scalar(shape: Scalar, place: str) -> Reader:
    if shape.kind == "number":
        return _number(place, recorded(shape.feature))
    kind, expected, feature = shape.kind, _TYPES[shape.kind], recorded(shape.feature)

    def read_scalar(value: object, features: set[str], unknown: list[str]) -> None:  # noqa: ARG001
        if type(value) is not expected:
            raise wrong(place, kind)
        if feature:
            features.add(feature)

    return read_scalar


def _number(place: str, feature: str) -> Reader:
    def read_number(value: object, features: set[str], unknown: list[str]) -> None:  # noqa: ARG001
        if type(value) is float:
            if not math.isfinite(value):
                raise InvalidRequest(f"{place} must be a finite number", param=place)
        elif type(value) is not int:
            raise wrong(place, "number")
        if feature:
            features.add(feature)

    return read_number


def _opaque(shape: Opaque) -> Reader:
    feature = recorded(shape.feature)

    def read_opaque(value: object, features: set[str], unknown: list[str]) -> None:  # noqa: ARG001
        features.add(feature)

    return read_opaque if feature else _inert


def _nothing(place: str) -> Reader:
    def read_nothing(value: object, features: set[str], unknown: list[str]) -> None:  # noqa: ARG001
        note(place, unknown)

    return read_nothing


def _words(shape: Words, place: str) -> Reader:
    words = {word: recorded(feature) for word, feature in shape.words.items()}

    def read_word(value: object, features: set[str], unknown: list[str]) -> None:
        if type(value) is not str:
            raise wrong(place, "string")
        feature = words.get(value)
        if feature:
            features.add(feature)
        elif feature is None:
            note(place, unknown)

    return read_word


def _switch(shape: Switch, place: str) -> Reader:
    on, off = recorded(shape.on), recorded(shape.off)

    def read_switch(value: object, features: set[str], unknown: list[str]) -> None:  # noqa: ARG001
        if type(value) is not bool:
            raise wrong(place, "boolean")
        feature = on if value else off
        if feature:
            features.add(feature)

    return read_switch


def _address(shape: Address, place: str) -> Reader:
    inline, remote, bare = recorded(shape.inline), recorded(shape.remote), recorded(shape.bare)

    def read_address(value: object, features: set[str], unknown: list[str]) -> None:
        if type(value) is not str:
            raise wrong(place, "string")
        if value.startswith("data:"):
            features.add(inline)
        elif value.startswith(("https://", "http://")):
            features.add(remote)
        elif bare and _BASE64.fullmatch(value[:64]):
            features.add(bare)
        else:
            note(place, unknown)

    return read_address


def _items(shape: Items, place: str) -> Reader:
    feature, at_least = recorded(shape.feature), shape.at_least
    item = compiled(shape.item, f"{place}[]")
    # Long lists of tokens: when every element is of a type whose value does not matter, none is looked at singly.
    inert = _inert_types(shape.item)

    def read_items(value: object, features: set[str], unknown: list[str]) -> None:
        if type(value) is not list:
            raise wrong(place, "list")
        if len(value) < at_least:
            raise InvalidRequest(f"{place} must not be empty", param=place)
        if feature and value:
            features.add(feature)
        if inert and inert.issuperset(map(type, value)):
            return
        for element in value:
            item(element, features, unknown)

    return read_items


def _inert_types(shape: Shape) -> frozenset[type]:
    """Types that need no look at the value: JSON's own, where nothing depends on it."""
    if isinstance(shape, Scalar) and not shape.feature and shape.kind != "number":
        return frozenset({_TYPES[shape.kind]})
    if isinstance(shape, Either):
        return frozenset[type]().union(*map(_inert_types, shape.cases.values()))
    return frozenset()


def _table(shape: Table, place: str) -> Reader:
    feature = recorded(shape.feature)
    entry = compiled(shape.value, f"{place}[]")

    def read_table(value: object, features: set[str], unknown: list[str]) -> None:
        if type(value) is not dict:
            raise wrong(place, "object")
        if feature and value:
            features.add(feature)
        for element in value.values():
            if element is not None:
                entry(element, features, unknown)

    return read_table


def _object(shape: Object, place: str, *, tag: str = "") -> Reader:  # noqa: C901 - the hot path has no calls to spare
    """`tag` is a key that was read before this object was chosen by it."""
    readers = {name: compiled(inner, f"{place}.{name}") for name, inner in shape.keys.items()}
    if tag:
        readers[tag] = _inert
    feature, required = recorded(shape.feature), shape.required
    absent = tuple((name, recorded(what)) for name, what in shape.absent.items())

    def read_object(value: object, features: set[str], unknown: list[str]) -> None:
        if type(value) is not dict:
            raise wrong(place, "object")
        for name, inner in value.items():
            reader = readers.get(name)
            if reader is None:
                note_key(place, value, name, unknown)
            elif inner is not None and reader is not _inert:
                reader(inner, features, unknown)
        for name in required:
            if value.get(name) is None:
                raise missing(f"{place}.{name}")
        for name, what in absent:
            if value.get(name) is None:
                features.add(what)
        if feature:
            features.add(feature)

    return read_object


def _tagged(shape: Tagged, place: str) -> Reader:
    tag, place_of_tag = shape.tag, f"{place}.{shape.tag}"
    kinds = {word: _object(kind, place, tag=tag) for word, kind in shape.kinds.items()}
    default = shape.default

    def read_tagged(value: object, features: set[str], unknown: list[str]) -> None:
        if type(value) is not dict:
            raise wrong(place, "object")
        word = value.get(tag)
        if type(word) is not str:
            if word is not None:
                raise wrong(place_of_tag, "string")
            if not default:
                raise missing(place_of_tag)
            word = default
        kind = kinds.get(word)
        if kind is None:
            note(place_of_tag, unknown)
        else:
            kind(value, features, unknown)

    return read_tagged


def _either(shape: Either, place: str) -> Reader:
    inert = _inert_types(shape)
    readers = {
        _TYPES[kind]: _inert if _TYPES[kind] in inert else compiled(case, place) for kind, case in shape.cases.items()
    }
    kinds = tuple(shape.cases)

    def read_either(value: object, features: set[str], unknown: list[str]) -> None:
        reader = readers.get(type(value))
        if reader is None:
            raise wrong(place, *kinds)
        if reader is not _inert:
            reader(value, features, unknown)

    return read_either
