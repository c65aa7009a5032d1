"""Sets one key, or adds one item, in a YAML text and leaves every other character of it as it was.

Where that cannot be done without losing something, it is `Unsafe`, and nothing is changed. Every result is parsed
again and compared with what it has to say.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from zdr_router.errors import ConfigError
from zdr_router.registry.strict_yaml import parse

Path = tuple[str | int, ...]

_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*|[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_BLOCK_SCALARS: Final = frozenset({"|", ">"})
_REST: Final = re.compile(r"[ \t]*(#[^\r\n]*)?(?=\r?\n|\Z)")
_COMMENT: Final = re.compile(r"(^|\s)#")


class Unsafe(Exception):
    """The text cannot be changed here without a risk; the message says why."""


def put(text: str, path: Path, key: str, value: Mapping[str, object]) -> str:
    """`text` with `key` of the mapping at `path` set to `value`. Raises `Unsafe`."""
    mapping = _node(text, path)
    if not isinstance(mapping, yaml.MappingNode) or not mapping.value:
        raise Unsafe("keys and values are expected there")
    found = next(((name, each) for name, each in mapping.value if name.value == key), None)
    if mapping.flow_style:
        new = _in_flow(text, mapping, found, key, value)
    else:
        new = _in_block(text, mapping, found, key, value)
    wanted = copy.deepcopy(_value(text))
    _at(wanted, path)[key] = dict(value)
    return _checked(new, wanted)


def append(text: str, path: Path, value: Mapping[str, object]) -> str:
    """`text` with `value` added to the list at `path`. Raises `Unsafe`."""
    sequence = _node(text, path)
    if not isinstance(sequence, yaml.SequenceNode) or not sequence.value:
        raise Unsafe("a list is expected there")
    end = _end(sequence.value[-1])
    if sequence.flow_style:
        new = f"{text[:end]}, {flow(value)}{text[end:]}"
    else:
        lines = block(value)
        lines = [f"- {lines[0]}", *(f"  {line}" for line in lines[1:])]
        new = _after_line(text, end, lines, sequence.start_mark.column)
    wanted = copy.deepcopy(_value(text))
    _at(wanted, path).append(dict(value))
    return _checked(new, wanted)


def block(value: Mapping[str, object]) -> list[str]:
    """A mapping as lines, one key each; what is inside it is written in one line."""
    return [f"{_scalar(key)}: {flow(each)}" for key, each in value.items()]


def flow(value: object) -> str:
    """A value in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(each) for each in value) + "]"
    return _scalar(value)


def _scalar(value: object) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=not value.isprintable())


def _in_flow(text: str, mapping: yaml.MappingNode, found: Any, key: str, value: Mapping[str, object]) -> str:  # noqa: ANN401 - a pair of nodes, or None
    if found is None:
        end = _end(mapping.value[-1][1])
        return f"{text[:end]}, {_scalar(key)}: {flow(value)}{text[end:]}"
    start, end = _segment(text, *found)
    return f"{text[:start]}{_scalar(key)}: {flow(value)}{text[end:]}"


def _in_block(text: str, mapping: yaml.MappingNode, found: Any, key: str, value: Mapping[str, object]) -> str:  # noqa: ANN401 - as above
    lines = [f"{_scalar(key)}:", *(f"  {line}" for line in block(value))]
    if found is None:
        return _after_line(text, _end(mapping.value[-1][1]), lines, mapping.start_mark.column)
    start, end = _segment(text, *found)
    indented = _joined(text, lines, found[0].start_mark.column).lstrip(" ")
    return f"{text[:start]}{indented}{text[end:]}"


def _segment(text: str, key: yaml.Node, value: yaml.Node) -> tuple[int, int]:
    """From where to where a key and its value stand, if nothing but them would be lost."""
    start, end = key.start_mark.index, _end(value)
    if _COMMENT.search(text[start:end]):
        raise Unsafe("there is a comment inside what would be replaced")
    return start, end


def _after_line(text: str, end: int, lines: Sequence[str], column: int) -> str:
    rest = _REST.match(text, end)
    if rest is None:
        raise Unsafe("something else stands on the line after which it would go")
    return f"{text[: rest.end()]}{_newline(text)}{_joined(text, lines, column)}{text[rest.end() :]}"


def _joined(text: str, lines: Sequence[str], column: int) -> str:
    return _newline(text).join(" " * column + line for line in lines)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _end(node: yaml.Node) -> int:
    """Where the last character of a node stands; PyYAML's own mark of a block lies behind the comments after it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    if isinstance(node, yaml.ScalarNode) and node.style in _BLOCK_SCALARS:
        raise Unsafe("a text of several lines stands before it")
    end: int = node.end_mark.index
    return end


def _node(text: str, path: Path) -> yaml.Node:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for step in path:
        if isinstance(node, yaml.MappingNode):
            node = next((each for name, each in node.value if name.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        else:
            node = None
    if node is None:
        raise Unsafe("the place to change is not there")
    return node


def _value(text: str) -> object:
    return parse(text.encode(), "text").value


def _at(value: Any, path: Path) -> Any:  # noqa: ANN401 - plain YAML values
    for step in path:
        value = value[step]
    return value


def _checked(new: str, wanted: object) -> str:
    try:
        same = _value(new) == wanted
    except ConfigError:
        same = False
    if not same:
        raise Unsafe("the file is written in a way that cannot be changed line by line")
    return new
