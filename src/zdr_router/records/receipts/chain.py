"""Whether the envelopes of a journal are whole, in order and signed, and reach as far as a checkpoint says."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zdr_router.errors import AttestationError, ConfigError, RouterError, SignerUnknown
from zdr_router.records.receipts.envelope import Envelope
from zdr_router.records.receipts.statement import Batch, Rotation, read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zdr_router.records.receipts.trust import Trust


@dataclass
class Chain:
    """What was read. `problems` is in the order of the file; it is empty where everything holds."""

    batches: dict[int, Batch] = field(default_factory=dict)
    digests: dict[int, str] = field(default_factory=dict)
    rotations: int = 0
    last: Batch | Rotation | None = None
    signers: list[str] = field(default_factory=list)
    problems: list[AttestationError] = field(default_factory=list)

    @property
    def leaves(self) -> int:
        """How many leaves are sealed, those whose batches are not here included."""
        if self.last is None:
            return 0
        return self.last.first_leaf + (self.last.size if isinstance(self.last, Batch) else 0)


def read_chain(lines: Iterable[tuple[int, bytes]], trust: Trust, checkpoint: bytes | None = None) -> Chain:
    """Read the lines of `batches.jsonl`, and say everything that is wrong with them."""
    chain, before = Chain(), None
    for number, line in lines:
        before = _link(chain, number, line, before, trust)
    if not chain.digests and not chain.problems:
        chain.problems.append(AttestationError("there is nothing: no batch was sealed, or all of them are gone"))
    if checkpoint is not None:
        _reach(chain, checkpoint, trust)
    return chain


def _link(chain: Chain, number: int, line: bytes, before: str | None, trust: Trust) -> str:
    """Read one line, which has to follow what came before; give its digest."""
    digest = "sha256:" + hashlib.sha256(line).hexdigest()
    where = f"line {number}"
    try:
        envelope = Envelope.read(line)
        if envelope.text() != line:
            raise AttestationError("it is not written as a journal writes it")  # noqa: TRY301 - told with its line
        key = trust.signer(envelope)
        statement = read(envelope.payload)
        where = f"line {number} (statement {statement.sequence})"
        _follows(chain, statement, before)
        trust.counts(key, statement)
        if isinstance(statement, Rotation):
            trust.rotate(key, statement)
    except (AttestationError, ConfigError) as error:
        kind = type(error) if isinstance(error, AttestationError) else AttestationError
        chain.problems.append(kind(f"{where}: {error}"))
        chain.last = _said(line) or chain.last
        return digest
    _take(chain, statement, digest, key)
    return digest


def _take(chain: Chain, statement: Batch | Rotation, digest: str, key: str) -> None:
    chain.last = statement
    chain.digests[statement.sequence] = digest
    if key not in chain.signers:
        chain.signers.append(key)
    if isinstance(statement, Batch):
        chain.batches[statement.sequence] = statement
    else:
        chain.rotations += 1


def _said(line: bytes) -> Batch | Rotation | None:
    """What a line says that does not hold: only so that one fault is not told again for each line after it."""
    try:
        return read(Envelope.read(line).payload)
    except RouterError:
        return None


def _follows(chain: Chain, statement: Batch | Rotation, before: str | None) -> None:
    last = chain.last
    due = 1 if last is None else last.sequence + 1
    if last is not None and statement.journal != last.journal:
        raise AttestationError("it belongs to another journal")
    if statement.sequence > due:
        gone = _those(due, statement.sequence - 1)
        raise AttestationError(f"{gone} missing before it")
    if statement.sequence < due:
        raise AttestationError(f"it stands after statement {due - 1}: out of order, or twice")
    if statement.previous != before:
        raise AttestationError("it follows another statement than the one before it, which was changed or replaced")
    if last is not None and statement.sealed_at < last.sealed_at:
        raise AttestationError("it is dated before the one that it follows")
    if statement.first_leaf != chain.leaves:
        raise AttestationError(f"it counts {statement.first_leaf} leaves before it, where there are {chain.leaves}")


def _those(first: int, last: int) -> str:
    return f"statement {first} is" if first == last else f"statements {first} to {last} are"


def _reach(chain: Chain, text: bytes, trust: Trust) -> None:
    """Hold the chain against a checkpoint: an envelope of it that was exported at some time."""
    try:
        envelope = Envelope.read(text.strip())
        statement = read(envelope.payload)
        # Its key may have come with a rotation that is gone, or have gone with one that is here.
        with contextlib.suppress(SignerUnknown):
            envelope.signer(trust.keys)
    except AttestationError as error:
        chain.problems.append(type(error)(f"the checkpoint: {error}"))
        return
    at, last = statement.sequence, chain.last
    what = None
    if last is not None and last.journal != statement.journal:
        what = "it belongs to another journal"
    elif last is None or last.sequence < at:
        what = f"{_those(1 if last is None else last.sequence + 1, at)} missing at the end: the tail was cut off"
    elif chain.digests.get(at, envelope.digest) != envelope.digest:
        what = f"statement {at} was another one when it was exported"
    if what is not None:
        chain.problems.append(AttestationError(f"the checkpoint: {what}"))
