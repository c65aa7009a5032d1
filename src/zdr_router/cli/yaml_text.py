"""Writes a document as YAML for people to read on: short parts in one line, and comments where they are wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from zdr_router.cli.yaml_edit import flow

Path = tuple[str | int, ...]

_WIDTH: Final = 160


def text(document: Mapping[str, object], comments: Mapping[Path, tuple[str, ...]]) -> str:
    """The document, with the comments that belong to a path before the part that stands there."""
    lines = list(_comment(comments, (), ""))
    return "\n".join([*lines, *_mapping(document, (), "", comments), ""])


def _mapping(
    value: Mapping[str, object], path: Path, indent: str, comments: Mapping[Path, tuple[str, ...]]
) -> Iterator[str]:
    for key, each in value.items():
        place = (*path, key)
        yield from _comment(comments, place, indent)
        name = flow(key)
        if not _opens(each, place, indent + name, comments):
            yield f"{indent}{name}: {flow(each)}"
        elif isinstance(each, Mapping):
            yield f"{indent}{name}:"
            yield from _mapping(each, place, f"{indent}  ", comments)
        else:
            yield f"{indent}{name}:"
            yield from _list(each, place, f"{indent}  ", comments)


def _list(value: object, path: Path, indent: str, comments: Mapping[Path, tuple[str, ...]]) -> Iterator[str]:
    for index, each in enumerate(value if isinstance(value, list) else []):
        place = (*path, index)
        yield from _comment(comments, place, indent)
        if isinstance(each, Mapping) and _opens(each, place, f"{indent}- ", comments):
            first, *rest = _mapping(each, place, f"{indent}  ", comments)
            yield f"{indent}- {first.lstrip()}"
            yield from rest
        else:
            yield f"{indent}- {flow(each)}"


def _opens(value: object, path: Path, before: str, comments: Mapping[Path, tuple[str, ...]]) -> bool:
    """Whether a part takes lines of its own: it is too long for one, or has a comment inside."""
    if not isinstance(value, Mapping | list) or not value:
        return False
    inside = any(len(place) > len(path) and place[: len(path)] == path for place in comments)
    several = isinstance(value, list) and len(value) > 1 and isinstance(value[0], Mapping)
    return inside or several or len(before) + len(flow(value)) > _WIDTH


def _comment(comments: Mapping[Path, tuple[str, ...]], place: Path, indent: str) -> Iterator[str]:
    """What is said before a place. A line break inside a text must not end the comment."""
    for each in comments.get(place, ()):
        yield f"{indent}# {' '.join(each.split())}"
