"""Where a journal stands: what its next statement has to follow."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import orjson

from zdr_router.errors import AttestationError
from zdr_router.records.receipts.envelope import Envelope
from zdr_router.records.receipts.statement import ROTATION, Batch, read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MAY_ROTATE: Final = ROTATION.encode()
_LOOK: Final = "look at it with: zdr receipts verify"


@dataclass(frozen=True, slots=True)
class Tail:
    """The last statement of a journal, and by which keys nothing may be sealed any more. `offset` is the file's end."""

    journal: str = ""
    sequence: int = 0
    previous: str | None = None
    sealed_at: str = ""
    leaves: int = 0
    retired: frozenset[str] = frozenset()
    offset: int = 0

    def read_on(self, path: Path) -> Tail:
        """Where it stands now, by what was appended since.

        A last line that is not whole does not count: its writer broke off. Raises `OSError`, and `AttestationError`
        for a file to which nothing may be appended.
        """
        size = path.stat().st_size if path.exists() else 0
        if size < self.offset:
            raise AttestationError(f"{path} is shorter than it was; {_LOOK} {path.parent}")
        if size == self.offset:
            return self
        with path.open("rb") as file:
            file.seek(self.offset)
            added = file.read()
        lines = added[: added.rfind(b"\n") + 1].splitlines()
        try:
            tail = _after(self, lines)
        except (ValueError, KeyError, TypeError, AttestationError):
            pass
        else:
            return replace(tail, offset=self.offset + sum(len(line) + 1 for line in lines))
        raise AttestationError(f"{path} cannot be continued: it is not whole; {_LOOK} {path.parent}")


def _after(tail: Tail, lines: Sequence[bytes]) -> Tail:
    """What these lines make of it. Only the last is built upon; of the others, a change of keys is what matters."""
    for line in lines[:-1]:
        if _MAY_ROTATE in base64.b64decode(orjson.loads(line)["payload"]):
            tail = _after_one(tail, line)
    return _after_one(tail, lines[-1]) if lines else tail


def _after_one(tail: Tail, line: bytes) -> Tail:
    envelope = Envelope.read(line)
    statement = read(envelope.payload)
    key = envelope.signatures[0][0] if envelope.signatures else None
    batch = isinstance(statement, Batch)
    return Tail(
        journal=statement.journal,
        sequence=statement.sequence,
        previous="sha256:" + hashlib.sha256(line).hexdigest(),
        sealed_at=statement.sealed_at,
        leaves=statement.first_leaf + (statement.size if isinstance(statement, Batch) else 0),
        retired=tail.retired if batch or key is None else tail.retired | {key},
    )
