"""What is kept for the leaves of a tree: one line each, with the record and its salt until they are erased."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import orjson

from zdr_router.errors import AttestationError
from zdr_router.records.receipts.commitment import SALT, canonical, commitment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_HASH: Final = 32


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf of a batch; `record` and `salt` are None once they are erased."""

    batch: int
    hash: bytes
    record: Mapping[str, Any] | None = None
    salt: bytes | None = None

    @classmethod
    def read(cls, line: bytes) -> Self:
        """From a line as `line` writes it, without its end. Raises `AttestationError`."""
        try:
            found = orjson.loads(line)
            salt = found.get("salt")
            leaf = cls(
                found["batch"],
                bytes.fromhex(found["leaf"]),
                found.get("record"),
                None if salt is None else bytes.fromhex(salt),
            )
            whole = len(leaf.hash) == _HASH and (salt is None or len(leaf.salt or b"") == SALT)
            if whole and type(leaf.batch) is int and leaf.line() == line + b"\n":
                return leaf
        except (KeyError, TypeError, ValueError, AttributeError):
            pass
        raise AttestationError("it is not written as a leaf is")

    def line(self) -> bytes:
        """The line that is kept, with its end."""
        if self.record is None or self.salt is None:
            return b'{"batch":%d,"leaf":"%b"}\n' % (self.batch, self.hash.hex().encode())
        return written(self.batch, self.hash, canonical(self.record), self.salt)

    @property
    def erased(self) -> bool:
        """Whether nothing is left of it but the hash."""
        return self.record is None

    @property
    def holds(self) -> bool:
        """Whether the hash is that of the record, if there is one."""
        if self.record is None or self.salt is None:
            return True
        return commitment(self.salt, canonical(self.record)) == self.hash

    def bare(self) -> Leaf:
        """What stays of it when it is erased."""
        return Leaf(self.batch, self.hash)


def written(batch: int, leaf: bytes, record: bytes, salt: bytes) -> bytes:
    """The line of a leaf whose record is in canonical JSON."""
    hexed = leaf.hex().encode(), record, salt.hex().encode()
    return b'{"batch":%d,"leaf":"%b","record":%b,"salt":"%b"}\n' % (batch, *hexed)


def segments(directory: Path) -> list[Path]:
    """The files of leaves, in their order; each is named for the first batch in it."""
    return sorted(directory.glob("[0-9]*.jsonl"))


def segment(directory: Path, batch: int) -> Path:
    """The file that begins with this batch."""
    return directory / f"{batch:012}.jsonl"


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Number, from 1, and line, without its end, of every whole line of a file."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.endswith(b"\n"):
                yield number, line[:-1]


def torn(path: Path) -> bool:
    """Whether the last line of a file is not whole."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 1))
        return file.read() not in {b"", b"\n"}
