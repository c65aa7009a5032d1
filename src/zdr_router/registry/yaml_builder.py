"""Which value each node of a YAML file has under the 1.2 core schema, and on which line it stands.

Built from the C parser's events without recursion, so that no depth of nesting reaches the C stack.
"""

from __future__ import annotations

import math
import re
from typing import Final

import yaml

from zdr_router.errors import ConfigError, Problem

_DEPTH: Final = 64
_DIGITS: Final = 400
_KEY: Final = 64
_EXACT: Final = 2**53 - 1

_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMERIC: Final = frozenset("+-.0123456789")
_INTEGER: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_ENDLESS: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class Place:
    """Where a collection stands: its line, and for each key or index the line and, if that is one, the collection."""

    __slots__ = ("inside", "line", "mapping")

    def __init__(self, line: int, *, mapping: bool) -> None:
        self.line = line
        self.mapping = mapping
        self.inside: dict[str | int, tuple[int, Place | None]] = {}


class Builder:
    """Plain values out of events. `value` and `root` are there once the last event was added."""

    def __init__(self, file: str) -> None:
        self.value: object = None
        self.root: Place | None = None
        self._file = file
        self._open: list[tuple[list[object] | dict[str, object], Place]] = []
        self._keys: list[tuple[str, int] | None] = []
        self._documents = 0

    def add(self, event: yaml.Event) -> None:
        """Take the next event."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._start(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._keys.pop()
        elif isinstance(event, yaml.AliasEvent):
            raise self._error(event, "an alias", "write the value out: anchors and aliases are not read")
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._error(event, "a second document", "keep one document in a file")

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._plain_node(event)
        if self._open and self._keys[-1] is None and isinstance(self._open[-1][0], dict):
            self._key(event, self._open[-1][0])
        else:
            self._put(event, self._resolve(event) if event.implicit[0] else event.value, None)

    def _start(self, event: yaml.CollectionStartEvent) -> None:
        self._plain_node(event)
        if len(self._open) == _DEPTH:
            raise self._error(event, f"nested deeper than {_DEPTH} levels", "flatten it")
        if self._open and self._keys[-1] is None and isinstance(self._open[-1][0], dict):
            raise self._error(event, "a key that is not a word", "use plain words as keys")
        mapping = isinstance(event, yaml.MappingStartEvent)
        value: list[object] | dict[str, object] = {} if mapping else []
        place = Place(_line(event), mapping=mapping)
        self._put(event, value, place)
        self._open.append((value, place))
        self._keys.append(None)

    def _key(self, event: yaml.ScalarEvent, mapping: dict[str, object]) -> None:
        key: str = event.value
        if key == "<<" and event.implicit[0]:
            raise self._error(event, "a merge key", "write the keys out: anchors and merges are not read")
        if key in mapping:
            raise self._error(event, f"duplicate key {shown(key)}", "keep one of them")
        self._keys[-1] = key, _line(event)

    def _put(self, event: yaml.Event, value: object, place: Place | None) -> None:
        line: int = _line(event)
        if not self._open:
            self.value, self.root = value, place or Place(line, mapping=False)
            return
        parent, around = self._open[-1]
        if isinstance(parent, list):
            around.inside[len(parent)] = line, place
            parent.append(value)
            return
        pending = self._keys[-1]
        if pending is not None:
            parent[pending[0]] = value
            around.inside[pending[0]] = pending[1], place
            self._keys[-1] = None

    def _resolve(self, event: yaml.ScalarEvent) -> object:
        """What a plain scalar is under the core schema (YAML 1.2.2, section 10.3.2), or an error where JSON cannot."""
        text: str = event.value
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in _NUMERIC:
            return text
        number = _number(text)
        if number is None:
            raise self._error(event, "a number that JSON cannot carry", "give a finite one, and less than 2^53")
        return number

    def _plain_node(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.tag is not None:
            raise self._error(event, "a tag", "remove it: tags are not read")
        if event.anchor is not None:
            raise self._error(event, "an anchor", "write the value out: anchors and aliases are not read")

    def _error(self, event: yaml.Event, what: str, fix: str) -> ConfigError:
        return ConfigError(Problem(what, file=self._file, line=_line(event), fix=fix))


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 0


def _number(text: str) -> int | float | str | None:
    """The number that `text` is; itself where it is none; None where JSON cannot carry the number exactly."""
    if _ENDLESS.fullmatch(text):
        return None
    integer = _INTEGER.fullmatch(text) is not None
    if not integer and not _FLOAT.fullmatch(text):
        return text
    if len(text) > _DIGITS:
        return None
    if not integer:
        real = float(text)
        return real if math.isfinite(real) else None
    base = {"0o": 8, "0x": 16}.get(text[:2], 10)
    whole = int(text, base)
    return whole if abs(whole) <= _EXACT else None


def shown(key: str) -> str:
    """`key` as an error may show it: on one line, and no longer than a key is."""
    return key if len(key) <= _KEY and key.isprintable() else f"{ascii(key[:_KEY])[1:-1]}…"
