"""How files are read: YAML 1.2 core scalars, no duplicate keys, no aliases, and a line for every fault.

Only `true` and `false` are booleans; `yes`, `no`, `on` and `NO` stay words. PyYAML's C parser does the reading.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import yaml
from pydantic import BaseModel, ValidationError

from zdr_router.errors import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import TypeVar

    M = TypeVar("M", bound=BaseModel)

LIMIT = 4 * 1024 * 1024
"""Bytes; a larger file is not read."""

_DEPTH = 64
"""Levels of nesting; a deeper file is not read."""

_TAG: Final = "tag:yaml.org,2002:"
_BOOLEANS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


class _CoreLoader(yaml.CSafeLoader):
    """The C parser with the core schema's idea of what a plain scalar is."""

    yaml_implicit_resolvers: Final = {}  # type: ignore[misc]


for _kind, _pattern, _first in (
    ("null", r"^(~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", list("-+0123456789")),
    (
        "float",
        r"^([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$",
        list("-+0123456789."),
    ),
):
    _CoreLoader.add_implicit_resolver(_TAG + _kind, re.compile(_pattern), _first)


class Document:
    """One parsed file: its plain value, and where in the file each part of it stands."""

    __slots__ = ("_root", "file", "value")

    def __init__(self, value: object, root: yaml.Node, file: str) -> None:
        """Keep the nodes for as long as lines may be asked for."""
        self.value = value
        self.file = file
        self._root = root

    def line(self, path: Sequence[str | int]) -> int:
        """The line, from 1, of the deepest part of `path` that is there."""
        node, line = self._root, self._root.start_mark.line + 1
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            node, line = found
        return line

    def lines(self, path: Sequence[str | int], depth: int) -> dict[str, int]:
        """Lines of everything under `path`, down to `depth` levels, keyed by dotted paths from there."""
        node: yaml.Node = self._root
        for step in path:
            found = _child(node, step)
            if found is None:
                return {}
            node = found[0]
        lines = {"": node.start_mark.line + 1}
        _collect(node, "", depth, lines)
        return lines

    def validate(self, model: type[M]) -> M:
        """The file as `model`, or a `ConfigError` with one problem for each fault."""
        return self.validate_part(model, self.value, ())

    def validate_part(self, model: type[M], value: object, at: tuple[str | int, ...]) -> M:
        """`value`, which stands at `at` in this file, as `model`."""
        try:
            return model.model_validate(value)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise ConfigError([self._problem((*at, *fault["loc"]), fault["type"], fault["msg"]) for fault in faults])

    def problem(self, path: Sequence[str | int], what: str, fix: str = "") -> Problem:
        """A fault of this file at `path`."""
        return Problem(what, file=self.file, line=self.line(path), fix=fix)

    def _problem(self, loc: tuple[int | str, ...], kind: str, message: str) -> Problem:
        place = ".".join(str(step) for step in loc)
        if kind == "extra_forbidden":
            return self.problem(loc, f"unknown key {place}", "remove it, or look for a typing error")
        if kind == "missing":
            return self.problem(loc, f"missing key {place}", "add it")
        what = message[0].lower() + message[1:]
        return self.problem(loc, f"{place}: {what}" if place else what)


def read(path: Path) -> Document:
    """Read and parse a file; any fault is a `ConfigError` with file and line."""
    try:
        return parse(path.read_bytes(), str(path))
    except OSError as error:
        fault = error.strerror or type(error).__name__
    raise ConfigError(Problem(f"cannot be read: {fault}", file=str(path)))


def parse(data: bytes, file: str) -> Document:
    """Parse one document; `file` is the name that errors give it."""
    if len(data) > LIMIT:
        raise ConfigError(Problem(f"larger than {LIMIT} bytes", file=file, fix="split it"))
    text = _decode(data, file)
    problem: Problem | None = None
    root: yaml.Node | None = None
    try:
        _check_depth(text, file)
        root = _CoreLoader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = Problem(f"not YAML: {error.problem}", file=file, line=mark.line + 1 if mark else 0)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        problem = Problem("not YAML: a control character", file=file, line=line, fix="remove it")
    if problem is not None:
        raise ConfigError(problem)
    if root is None:
        raise ConfigError(Problem("is empty", file=file, fix="declare something, or remove the file"))
    return Document(_Builder(file).build(root), root, file)


def _decode(data: bytes, file: str) -> str:
    line = 0
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    raise ConfigError(Problem("not UTF-8", file=file, line=line, fix="save the file as UTF-8"))


def _check_depth(text: str, file: str) -> None:
    """Refuse deep nesting before the C composer, which is recursive, meets it."""
    if text.count("[") + text.count("{") < _DEPTH and text.count("- - ") < _DEPTH and " " * _DEPTH not in text:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_CoreLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else 0
                raise ConfigError(Problem(f"nested deeper than {_DEPTH} levels", file=file, line=line))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Builder:
    """Plain values from nodes; a node that is met twice is an alias."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._seen: set[int] = set()

    def build(self, node: yaml.Node) -> object:
        if id(node) in self._seen:
            raise self._error(node, "an alias", "write the value out: anchors and aliases are not read")
        self._seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if isinstance(node, yaml.SequenceNode):
            self._expect(node, "seq")
            return [self.build(item) for item in node.value]
        self._expect(node, "map")
        return self._mapping(node)

    def _mapping(self, node: yaml.Node) -> dict[str, object]:
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._error(key_node, "a key that is not a word", "use plain words as keys")
            key: str = key_node.value
            if key in result:
                raise self._error(key_node, f"duplicate key {key}", "keep one of them")
            result[key] = self.build(value_node)
        return result

    def _scalar(self, node: yaml.ScalarNode) -> object:
        kind, text = node.tag.removeprefix(_TAG), node.value
        if kind == "str":
            return text
        if kind == "int":
            base = {"0o": 8, "0x": 16}.get(text[:2], 10)
            return int(text[2:] if base != 10 else text, base)  # noqa: PLR2004 - ten is ten
        if kind == "bool" and text in _BOOLEANS:
            return _BOOLEANS[text]
        if kind == "null":
            return None
        if kind == "float":
            return float(text.replace(".inf", "inf").replace(".nan", "nan"))
        raise self._error(node, "a tag", "remove it: tags are not read")

    def _expect(self, node: yaml.Node, kind: str) -> None:
        if node.tag != _TAG + kind:
            raise self._error(node, "a tag", "remove it: tags are not read")

    def _error(self, node: yaml.Node, what: str, fix: str) -> ConfigError:
        return ConfigError(Problem(what, file=self._file, line=node.start_mark.line + 1, fix=fix))


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return value, key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item, item.start_mark.line + 1
    return None


def _collect(node: yaml.Node, prefix: str, depth: int, lines: dict[str, int]) -> None:
    if depth == 0 or not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        path = f"{prefix}{key.value}"
        lines[path] = key.start_mark.line + 1
        _collect(value, f"{path}.", depth - 1, lines)
