"""Decides whether a text is anywhere in what was written: which pieces of it to look for, and in which forms."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

PIECE: Final = 16
"""Characters. A text is looked for piece by piece, so any leak of 31 of its characters in a row is found."""

_ALIGNMENTS: Final = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """That something was found: where and in which form, not what."""

    source: str
    form: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was searched, and every finding. `size` is in bytes."""

    sources: int
    size: int
    pieces: int
    forms: tuple[str, ...]
    findings: tuple[Finding, ...]


def forms(text: str) -> dict[str, frozenset[bytes]]:
    """The bytes by which `text` can be recognised, for each form that it may have been written in."""
    plain = text.encode()
    encoded = {
        "plain": {plain},
        "UTF-16": {text.encode("utf-16-le"), text.encode("utf-16-be")},
        "JSON-escaped": {json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode() for ascii_only in (True, False)},
        "URL-escaped": {quote(text, safe="").encode(), quote(text, safe="").replace("%20", "+").encode()},
        "hexadecimal": {plain.hex().encode(), plain.hex().upper().encode()},
    }
    for offset in range(_ALIGNMENTS):
        standard = _base64(plain, offset)
        encoded[f"base64 at {offset}"] = {standard, standard.translate(bytes.maketrans(b"+/", b"-_"))}
    return {name: frozenset(values) for name, values in encoded.items()}


def pieces(text: str) -> tuple[str, ...]:
    """`text` cut into pieces of `PIECE` characters; what is left over at the end is part of a last, full piece."""
    starts = {*range(0, max(len(text) - PIECE, 0) + 1, PIECE), max(len(text) - PIECE, 0)}
    return tuple(text[start : start + PIECE] for start in sorted(starts))


def search(sources: Mapping[str, bytes], texts: Iterable[str]) -> Report:
    """Look in every source for every piece of every text, in every form. Raises `ValueError` without any text."""
    sought = {piece: forms(piece) for text in texts for piece in pieces(text.strip()) if piece}
    if not sought:
        raise ValueError("a search for nothing finds nothing and proves nothing")
    found = {
        Finding(source, form): None
        for source, data in sources.items()
        for patterns in sought.values()
        for form, values in patterns.items()
        if any(value in data for value in values)
    }
    known = tuple(next(iter(sought.values())))
    return Report(len(sources), sum(map(len, sources.values())), len(sought), known, tuple(found))


def files_under(directory: Path) -> dict[str, bytes]:
    """Every file below `directory`, with its content, by its path from there."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def planted(text: str) -> bytes:
    """`text` in every form, between other bytes: what a search that works has to find."""
    return b"\n--\n".join(value for values in forms(text).values() for value in sorted(values))


def _base64(data: bytes, offset: int) -> bytes:
    """The characters that `data` alone decides when it starts `offset` bytes into a group of three."""
    encoded = base64.b64encode(bytes(offset) + data)
    first = -(-offset * 8 // 6)
    return encoded[first : (offset + len(data)) * 8 // 6]
