"""The files of a journal of receipts: appended to by one process at a time, whole after whatever breaks off.

`batches.jsonl` holds the envelopes, `leaves/` the records with their salts. Leaves are on the disk before the envelope
that seals them; those that were written and not sealed, because somebody died in between, are sealed by who comes next.
"""

from __future__ import annotations

import os
import time
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from zdr_router.atomic_file import locked, remember, replace
from zdr_router.errors import AttestationError, SignerUnknown
from zdr_router.records.receipts.commitment import SALT, canonical_of, commitment
from zdr_router.records.receipts.envelope import Envelope
from zdr_router.records.receipts.leaves import Leaf, lines, segment, segments, written
from zdr_router.records.receipts.merkle import root
from zdr_router.records.receipts.statement import Batch, Rotation, instant, payload
from zdr_router.records.receipts.tail import Tail

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from zdr_router.metadata import Metadata
    from zdr_router.records.receipts.keys import PublicKey, SigningKey

BATCHES: Final = "batches.jsonl"
LEAVES: Final = "leaves"

Named: TypeAlias = "tuple[str, str, str | None]"
"""The digests of policy, registry and attestation."""

_WAIT: Final = 10.0
_SEGMENT: Final = 64 * 2**20
_BREATH: Final = 64
_CHUNK: Final = 64 * 1024


class Book:
    """A journal in a directory. Several processes may hold one each; they take turns."""

    def __init__(
        self,
        directory: Path,
        *,
        clock: Callable[[], float] = time.time,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """Nothing is touched yet."""
        self.directory = directory
        self.batches = directory / BATCHES
        self.leaves = directory / LEAVES
        self._clock = clock
        self._entropy = entropy
        self._tail = Tail()
        self._left: tuple[Path, int] | None = None

    def open(self, key: SigningKey) -> None:
        """Make the directory, and seal what a process that died had left. Raises `OSError`, `AttestationError`."""
        self.leaves.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(self.batches, wait=_WAIT):
            self._catch_up(key)

    def seal(self, records: Sequence[Metadata], lost: int, key: SigningKey) -> int:
        """Seal records as the next batch, and say how many could not be written at all.

        Raises `OSError` or `AttestationError`; nothing of the batch is kept then.
        """
        with locked(self.batches, wait=_WAIT):
            self._catch_up(key)
            leaves, text, names = self._committed(records)
            if not leaves:
                return len(records)
            path = self._current()
            before = path.stat().st_size if path.exists() else 0
            try:
                _append(path, text)
                self._sign(leaves, names, key, lost + len(records) - len(leaves))
            except BaseException:
                if path.exists():
                    os.truncate(path, before)
                self._left = None
                raise
            self._left = path, path.stat().st_size
            return len(records) - len(leaves)

    def rotate(self, key: SigningKey, successor: PublicKey) -> None:
        """Let another key seal from here on; `key` is done then. Raises `OSError`, `AttestationError`."""
        with locked(self.batches, wait=_WAIT):
            self._catch_up(key)
            if not self._tail.sequence:
                raise AttestationError("nothing is sealed yet: simply use the other key")
            change = Rotation.model_validate({**self._place(), "key": successor.id, "pem": successor.pem})
            self._write(Envelope.seal(payload(change), key))

    def erase(self, gone: Callable[[Mapping[str, object]], bool]) -> int:
        """Erase the records that are `gone`, with their salts, and say how many. Raises `OSError`, `AttestationError`.

        Each file is replaced whole, so what breaks off half-way can be done again.
        """
        count = 0
        with locked(self.batches, wait=_WAIT):
            for path in segments(self.leaves):
                kept, erased = [], 0
                for _, line in lines(path):
                    leaf = Leaf.read(line)
                    hit = leaf.record is not None and gone(leaf.record)
                    kept.append(leaf.bare().line() if hit else line + b"\n")
                    erased += hit
                if erased:
                    replace(path, b"".join(kept))
                count += erased
        return count

    def _catch_up(self, key: SigningKey) -> None:
        """Read on what others have appended, and seal what was left unsealed."""
        self._tail = self._tail.read_on(self.batches)
        if self.batches.exists() and self.batches.stat().st_size > self._tail.offset:
            os.truncate(self.batches, self._tail.offset)
        if key.id in self._tail.retired:
            fix = "seal with the newest key"
            raise SignerUnknown(f"the key {key.id} was rotated away, and may seal nothing any more; {fix}")
        found = segments(self.leaves)
        if not found or self._left == (found[-1], found[-1].stat().st_size):
            return
        end = _whole(found[-1])
        os.truncate(found[-1], end)
        if _last_batch(found[-1]) > self._tail.sequence:
            self._rescue(found[-1], key)
        self._left = found[-1], end

    def _rescue(self, path: Path, key: SigningKey) -> None:
        leaves = [Leaf.read(line) for _, line in lines(path)]
        for number, group in groupby(leaves, lambda leaf: leaf.batch):
            if number <= self._tail.sequence:
                continue
            if number > self._tail.sequence + 1:
                raise AttestationError(f"{path} has leaves of batch {number}, which cannot be the next")
            left = list(group)
            self._sign([each.hash for each in left], {named(each.record or {}) for each in left}, key, 0)

    def _committed(self, records: Sequence[Metadata]) -> tuple[list[bytes], bytes, set[Named]]:
        """The hashes of the leaves, their lines, and the digests that the records name."""
        number, salts = self._tail.sequence + 1, self._entropy(SALT * len(records))
        hashes, text, names = [], [], set()
        for index, metadata in enumerate(records):
            if index % _BREATH == 0:
                time.sleep(0)  # the event loop, in another thread, waits for no more than these few
            salt = salts[SALT * index : SALT * (index + 1)]
            try:
                data = canonical_of(metadata)
            except (TypeError, ValueError):
                continue
            leaf = commitment(salt, data)
            hashes.append(leaf)
            text.append(written(number, leaf, data, salt))
            names.add((metadata.policy_digest, metadata.registry_digest, metadata.attestation))
        return hashes, b"".join(text), names

    def _current(self) -> Path:
        """The file that the next leaves belong into."""
        found = segments(self.leaves)
        if found and found[-1].stat().st_size < _SEGMENT:
            return found[-1]
        return segment(self.leaves, self._tail.sequence + 1)

    def _place(self) -> dict[str, object]:
        tail = self._tail
        # A clock that went back must not let a batch seem older than the one that it follows.
        return {
            "journal": tail.journal or self._entropy(16).hex(),
            "sequence": tail.sequence + 1,
            "previous": tail.previous,
            "sealed_at": max(instant(self._clock()), tail.sealed_at),
            "first_leaf": tail.leaves,
        }

    def _sign(self, leaves: Sequence[bytes], names: set[Named], key: SigningKey, lost: int) -> None:
        summed = {"root": root(leaves).hex(), "size": len(leaves), "lost": lost, **digests(names)}
        self._write(Envelope.seal(payload(Batch.model_validate({**self._place(), **summed})), key))

    def _write(self, envelope: Envelope) -> None:
        before = self._tail.offset
        try:
            _append(self.batches, envelope.text() + b"\n")
        except BaseException:
            if self.batches.exists():
                os.truncate(self.batches, before)
            raise
        self._tail = self._tail.read_on(self.batches)


def named(record: Mapping[str, Any]) -> Named:
    """What a record says it was decided by."""
    return str(record.get("policy_digest")), str(record.get("registry_digest")), record.get("attestation")


def digests(names: Collection[Named]) -> dict[str, list[str]]:
    """The digests of policies, registries and attestations, each once."""
    policies, registries, attestations = zip(*names, strict=True) if names else ((), (), ())
    return {
        "policies": sorted(set(policies)),
        "registries": sorted(set(registries)),
        "attestations": sorted({each for each in attestations if each is not None}),
    }


def _append(path: Path, data: bytes) -> None:
    """Onto the disk, at the end of a file that its owner alone may read."""
    new = not path.exists()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if new:
        remember(path.parent)


def _whole(path: Path) -> int:
    """Where the last whole line of a file ends."""
    at = path.stat().st_size
    with path.open("rb") as file:
        while at:
            start = max(0, at - _CHUNK)
            file.seek(start)
            found = file.read(at - start).rfind(b"\n")
            if found >= 0:
                return start + found + 1
            at = start
    return 0


def _last_batch(path: Path) -> int:
    """The batch of the last line of a file whose lines are whole; 0 if it is empty."""
    end, size = path.stat().st_size, _CHUNK
    with path.open("rb") as file:
        while end:
            start = max(0, end - size)
            file.seek(start)
            found = file.read(end - start)
            if start == 0 or found.count(b"\n") > 1:
                return Leaf.read(found.rstrip(b"\n").rpartition(b"\n")[2]).batch
            size *= 2
    return 0
