"""A value put at the path of a condition, in a request that is as whole as the vocabulary can make it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.examples import plain
from zdr_router.registry.vocabulary.chat import CHAT
from zdr_router.registry.vocabulary.shapes import Either, Items, Object, Shape, Table, Tagged

if TYPE_CHECKING:
    from zdr_router.conformance.contract.speech.base import Json

PRESENT: Final = object()
"""Stands for a condition on a member that merely is there."""

_SOMETHING: Final = "zdr"
_GROUP: Final = re.compile(r"\((?:\?:)?([^()|]*)(?:\|[^()]*)?\)")
_CLASS: Final = re.compile(r"\[([^^\]\\])[^\]]*\]")
_TIMES: Final = re.compile(r"(.)\{(\d+)(?:,\d*)?\}")
_ESCAPED: Final = re.compile(r"\\(.)|[*+?]|(\.)")
_CLASSES: Final = {"d": "0", "w": "z", "s": " ", "b": ""}


def placed(path: str, value: object) -> Json:
    """The member of a chat that has `value` at `path`."""
    made = _into(CHAT, path.split("."), value)
    root = path.partition(".")[0].removesuffix("[]")
    return {root: made[root]}


def known(path: str) -> bool:
    """Whether a caller can send the member in which `path` begins at all."""
    return path.partition(".")[0].removesuffix("[]") in CHAT.keys


def example_of(pattern: str) -> str | None:
    """A text that the pattern matches, or None where none is found: patterns of conditions are simple ones."""
    text = pattern.removeprefix("^").removesuffix("$")
    while (shorter := _GROUP.sub(r"\1", text)) != text:
        text = shorter
    text = _TIMES.sub(lambda found: found[1] * int(found[2]), _CLASS.sub(r"\1", text))
    text = _ESCAPED.sub(lambda found: _CLASSES.get(found[1], found[1]) if found[1] else "z" if found[2] else "", text)
    return text if re.search(pattern, text) else None


def _into(shape: Shape | None, steps: list[str], value: object) -> Json:
    """An object of this shape with `value` where the steps lead."""
    name, many = steps[0].removesuffix("[]"), steps[0].endswith("[]")
    made, inner = _around(shape, name, value if len(steps) == 1 else None)
    if many:
        inner = _case(inner, "list")
        inner = inner.item if isinstance(inner, Items) else None
    if len(steps) > 1:
        reached: object = _into(_case(inner, "object"), steps[1:], value)
    else:
        reached = _present(inner) if value is PRESENT else value
    return {**made, name: [reached] if many else reached}


def _around(shape: Shape | None, name: str, value: object) -> tuple[Json, Shape | None]:
    """The smallest object of this shape that can have this key, and the shape of the key."""
    if isinstance(shape, Object):
        required = {key: plain(shape.keys[key]) for key in shape.required}
        return required, shape.keys.get(name)
    if not isinstance(shape, Tagged):
        return {}, None
    if name == shape.tag:
        kind = shape.kinds.get(value) if isinstance(value, str) else None
        return ({} if kind is None else _around(kind, name, None)[0]), None
    word = next((word for word, kind in shape.kinds.items() if name in kind.keys), next(iter(shape.kinds)))
    made, inner = _around(shape.kinds[word], name, None)
    return {shape.tag: word, **made}, inner


def _case(shape: Shape | None, kind: str) -> Shape | None:
    if not isinstance(shape, Either):
        return shape
    return next((case for json, case in shape.cases.items() if json == kind), None)


def _present(shape: Shape | None) -> object:
    """A value that is there: not null, not empty."""
    if isinstance(shape, Items):
        return [_present(shape.item)]
    if isinstance(shape, Table):
        return {_SOMETHING: _present(shape.value)}
    made = None if shape is None else plain(shape)
    return _SOMETHING if made is None else made
