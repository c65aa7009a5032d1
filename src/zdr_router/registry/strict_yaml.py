"""How files are read: YAML 1.2 core scalars, no duplicate keys, no aliases, and a line for every fault.

Only `true` and `false` are booleans; `yes`, `no`, `on` and `NO` stay words. PyYAML's C parser does the reading.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import yaml
from pydantic import BaseModel, ValidationError

from zdr_router.errors import ConfigError, Problem
from zdr_router.registry.yaml_builder import Builder, Place, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import TypeVar

    M = TypeVar("M", bound=BaseModel)

LIMIT = 4 * 1024 * 1024
"""Bytes; a larger file is not read."""

# YAML 1.1 ends a line, and with it a comment, where an editor does not; the others make text look like another one.
_DECEPTIVE: Final = re.compile("\r(?!\n)|[\x85\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")


_MESSAGES: Final = {
    "model_type": "keys and values are expected here",
    "dict_type": "keys and values are expected here",
    "bool_type": "true or false is expected here",
}


class Document:
    """One parsed file: its plain value, and where in the file each part of it stands."""

    __slots__ = ("_root", "file", "value")

    def __init__(self, value: object, root: Place, file: str) -> None:
        """Keep the places for as long as lines may be asked for."""
        self.value = value
        self.file = file
        self._root = root

    def line(self, path: Sequence[str | int]) -> int:
        """The line, from 1, of the deepest part of `path` that is there."""
        place: Place | None = self._root
        line = self._root.line
        for step in path:
            found = place.inside.get(step) if place is not None else None
            if found is None:
                break
            line, place = found
        return line

    def lines(self, path: Sequence[str | int], depth: int) -> dict[str, int]:
        """Lines of everything under `path`, down to `depth` levels, keyed by dotted paths from there."""
        place = self._place(path)
        if place is None:
            return {}
        lines = {"": self.line(path)}
        _collect(place, "", depth, lines)
        return lines

    def leaves(self, path: Sequence[str | int], depth: int) -> frozenset[str]:
        """Of the names that `lines` gives, those of whatever is not a mapping: scalars and lists."""
        place = self._place(path)
        return frozenset() if place is None else frozenset(_leaves(place, "", depth))

    def validate(self, model: type[M]) -> M:
        """The file as `model`, or a `ConfigError` with one problem for each fault, in the order of the file."""
        return self.validate_part(model, self.value, ())

    def validate_part(self, model: type[M], value: object, at: tuple[str | int, ...]) -> M:
        """`value`, which stands at `at` in this file, as `model`."""
        try:
            return model.model_validate(value)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=False, include_input=False)
        found: dict[tuple[tuple[int | str, ...], str], list[str]] = {}
        for fault in faults:
            kind = fault["type"] if fault["type"] in ("extra_forbidden", "missing") else ""
            path = (*at, *_within(value, fault["loc"], kind))
            message = _MESSAGES.get(fault["type"]) or fault["msg"][0].lower() + fault["msg"][1:]
            found.setdefault((path, kind), []).append(message)
        problems = [self._problem(path, kind, ", or ".join(messages)) for (path, kind), messages in found.items()]
        raise ConfigError(sorted(problems, key=lambda problem: problem.line))

    def problem(self, path: Sequence[str | int], what: str, fix: str = "") -> Problem:
        """A fault of this file at `path`."""
        return Problem(what, file=self.file, line=self.line(path), fix=fix)

    def _problem(self, path: tuple[int | str, ...], kind: str, message: str) -> Problem:
        place = ".".join(shown(str(step)) for step in path)
        if kind == "extra_forbidden":
            return self.problem(path, f"unknown key {place}", "remove it, or look for a typing error")
        if kind == "missing":
            return self.problem(path, f"missing key {place}", "add it")
        return self.problem(path, f"{place}: {message}" if place else message)

    def _place(self, path: Sequence[str | int]) -> Place | None:
        place: Place | None = self._root
        for step in path:
            place = place.inside.get(step, (0, None))[1] if place is not None else None
        return place


def read(path: Path) -> Document:
    """Read and parse a file; any fault is a `ConfigError` with file and line."""
    try:
        with path.open("rb") as stream:
            data = stream.read(LIMIT + 1)
    except FileNotFoundError as error:
        fault, fix = str(error.strerror), "name a file that is there"
    except OSError as error:
        fault, fix = error.strerror or type(error).__name__, ""
    except ValueError:
        fault, fix = "its name is not one", ""
    else:
        return parse(data, str(path))
    raise ConfigError(Problem(f"cannot be read: {fault}", file=str(path), fix=fix))


def parse(data: bytes, file: str) -> Document:
    """Parse one document; `file` is the name that errors give it."""
    if len(data) > LIMIT:
        raise ConfigError(Problem(f"larger than {LIMIT} bytes", file=file, fix="split it"))
    text = _decode(data, file)
    builder = Builder(file)
    problem: Problem | None = None
    try:
        for event in _events(text):
            builder.add(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = Problem(f"not YAML: {error.problem}", file=file, line=mark.line + 1 if mark else 0)
    except yaml.reader.ReaderError as error:
        line = text.encode().count(b"\n", 0, error.position) + 1
        problem = Problem("not YAML: a control character", file=file, line=line, fix="remove it")
    if problem is not None:
        raise ConfigError(problem)
    if builder.root is None or builder.value is None:
        raise ConfigError(Problem("the file is empty", file=file, fix="declare something, or remove the file"))
    return Document(builder.value, builder.root, file)


def _decode(data: bytes, file: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = Problem("not UTF-8", file=file, line=line, fix="save the file as UTF-8")
    else:
        hidden = _DECEPTIVE.search(text)
        if hidden is None:
            return text
        line = text.count("\n", 0, hidden.start()) + 1
        problem = Problem("a character that hides or breaks text", file=file, line=line, fix="remove it")
    raise ConfigError(problem)


def _events(text: str) -> Iterator[yaml.Event]:
    loader = yaml.CSafeLoader(text)
    try:
        while loader.check_event():
            event = loader.get_event()
            if event is not None:
                yield event
    finally:
        loader.dispose()


def _within(value: object, loc: Sequence[str | int], kind: str) -> tuple[str | int, ...]:
    """The part of pydantic's `loc` that is a path in `value`: without its names for branches of unions."""
    path: list[str | int] = []
    for index, step in enumerate(loc):
        inside = value if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, list) else {}
        if step in inside:
            value = inside[step]
        elif not (kind and index == len(loc) - 1):
            continue
        path.append(step)
    return tuple(path)


def _collect(place: Place, prefix: str, depth: int, lines: dict[str, int]) -> None:
    for step, (line, inner) in place.inside.items():
        path = f"{prefix}{step}"
        lines[path] = line
        if inner is not None and depth > 1:
            _collect(inner, f"{path}.", depth - 1, lines)


def _leaves(place: Place, prefix: str, depth: int) -> Iterator[str]:
    for step, (_, inner) in place.inside.items():
        path = f"{prefix}{step}"
        if inner is None or not inner.mapping:
            yield path
        if inner is not None and depth > 1:
            yield from _leaves(inner, f"{path}.", depth - 1)
