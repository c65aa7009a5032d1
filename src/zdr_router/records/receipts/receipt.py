"""The receipt of one request: its record, the salt, the path to the root, and the envelope in which that is signed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from pydantic import Field, StringConstraints, ValidationError

from zdr_router.errors import AttestationError, SubjectMismatch
from zdr_router.records.receipts.book import BATCHES, LEAVES
from zdr_router.records.receipts.commitment import canonical, commitment
from zdr_router.records.receipts.envelope import Envelope
from zdr_router.records.receipts.leaves import Leaf, lines, segments
from zdr_router.records.receipts.merkle import path as path_of
from zdr_router.records.receipts.merkle import root_along
from zdr_router.records.receipts.statement import Batch, Hex, read
from zdr_router.registry.base import Declared

if TYPE_CHECKING:
    from pathlib import Path

    from zdr_router.records.receipts.trust import Trust


class Receipt(Declared):
    """A receipt as JSON; `leaf` counts from 0, `path` goes from the leaf to the root."""

    record: dict[str, Any]
    salt: Hex
    leaf: Annotated[int, Field(ge=0)]
    path: Annotated[list[Hex], Field(max_length=64)]
    envelope: dict[str, Any]
    receipt: Annotated[str, StringConstraints(pattern=r"^v1$")] = "v1"


@dataclass(frozen=True, slots=True)
class Held:
    """What a receipt shows: that this record was sealed, where, when and by whom."""

    record: dict[str, Any]
    batch: Batch
    leaf: int
    signer: str


def find(directory: Path, request_id: str) -> Receipt | None:
    """The receipt of a request, if its record is there and sealed. Raises `OSError`, `AttestationError`."""
    asked = canonical({"request_id": request_id})[1:-1]
    for segment in segments(directory / LEAVES):
        for _, line in lines(segment):
            if asked in line:
                leaf = Leaf.read(line)
                if leaf.record is not None and leaf.record.get("request_id") == request_id:
                    return _receipt(directory, segment, leaf)
    return None


def _receipt(directory: Path, segment: Path, leaf: Leaf) -> Receipt | None:
    sealed = next((each for _, line in lines(directory / BATCHES) if (each := _batch(line, leaf.batch))), None)
    if sealed is None or leaf.record is None or leaf.salt is None:
        return None
    leaves = [Leaf.read(line) for _, line in lines(segment)]
    hashes = [each.hash for each in leaves if each.batch == leaf.batch]
    index = hashes.index(leaf.hash)
    return Receipt(
        record=dict(leaf.record),
        salt=leaf.salt.hex(),
        leaf=index,
        path=[beside.hex() for beside in path_of(hashes, index)],
        envelope=sealed.as_dict(),
    )


def _batch(line: bytes, number: int) -> Envelope | None:
    envelope = Envelope.read(line)
    statement = read(envelope.payload)
    return envelope if isinstance(statement, Batch) and statement.sequence == number else None


def is_receipt(text: bytes) -> bool:
    """Whether this is meant to be a receipt, rather than the envelopes of a journal."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return isinstance(found, dict) and "record" in found


def verify_receipt(text: bytes, trust: Trust) -> Held:
    """What a receipt shows, once it holds. Raises `AttestationError`."""
    try:
        receipt = Receipt.model_validate(orjson.loads(text))
    except (ValidationError, orjson.JSONDecodeError):
        receipt = None
    if receipt is None:
        raise AttestationError("it is not written as a receipt is")
    envelope = Envelope.read(orjson.dumps(receipt.envelope))
    key = trust.signer(envelope)
    statement = read(envelope.payload)
    if not isinstance(statement, Batch):
        raise SubjectMismatch("what is signed is no batch")
    trust.counts(key, statement)
    leaf = commitment(bytes.fromhex(receipt.salt), canonical(receipt.record))
    found = root_along(leaf, receipt.leaf, statement.size, [bytes.fromhex(each) for each in receipt.path])
    if found is None or found.hex() != statement.root:
        raise SubjectMismatch(f"the record is not the one at leaf {receipt.leaf} of batch {statement.sequence}")
    return Held(receipt.record, statement, receipt.leaf, key)
