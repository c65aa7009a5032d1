"""Whether what is kept of a journal is what was sealed: the chain first, then every leaf against its batch."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from zdr_router.errors import AttestationError, SubjectMismatch
from zdr_router.records.receipts.book import BATCHES, LEAVES, digests, named
from zdr_router.records.receipts.chain import Chain, read_chain
from zdr_router.records.receipts.leaves import Leaf, lines, segments, torn
from zdr_router.records.receipts.merkle import root

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from zdr_router.records.receipts.statement import Batch
    from zdr_router.records.receipts.trust import Trust


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at, and what is wrong. `leaves` is None where only the chain was there to look at."""

    chain: Chain
    leaves: int | None
    erased: int
    problems: tuple[AttestationError, ...]


def verify(path: Path, trust: Trust, checkpoint: bytes | None = None) -> Verified:
    """Look at a journal: its directory, or its `batches.jsonl` alone. Raises `OSError`."""
    batches = path if path.is_file() else path / BATCHES
    chain = read_chain(lines(batches), trust, checkpoint)
    chain.problems += _torn(batches)
    if path.is_file() or not chain.batches:
        return Verified(chain, None, 0, tuple(chain.problems))
    found = _Found(chain, [], set())
    files = segments(path / LEAVES)
    for number, group in groupby(_leaves(files, found.problems), lambda leaf: leaf.batch):
        found.batch(number, list(group))
    for number in sorted(chain.batches.keys() - found.seen):
        found.problems.append(SubjectMismatch(f"batch {number}: its leaves are missing"))
    found.problems += _torn(*files)
    return Verified(chain, found.leaves, found.erased, (*chain.problems, *found.problems))


def _torn(*files: Path) -> list[AttestationError]:
    what = "the last line is not whole: its writer broke off, or it was cut; whoever seals next mends the former"
    return [AttestationError(f"{each.name}: {what}") for each in files if torn(each)]


@dataclass
class _Found:
    """What the leaves come to, batch by batch."""

    chain: Chain
    problems: list[AttestationError]
    seen: set[int]
    leaves: int = 0
    erased: int = 0

    def batch(self, number: int, leaves: Sequence[Leaf]) -> None:
        self.leaves += len(leaves)
        self.erased += sum(leaf.erased for leaf in leaves)
        sealed = self.chain.batches.get(number)
        if sealed is None:
            what = "are under no statement that holds: not sealed yet, or its statement is gone"
            self._say(f"batch {number}: its {len(leaves)} leaves {what}")
        elif number in self.seen:
            self._say(f"batch {number}: its leaves are not together")
        else:
            self._compare(number, sealed, leaves)
        self.seen.add(number)

    def _compare(self, number: int, sealed: Batch, leaves: Sequence[Leaf]) -> None:
        changed = [index for index, leaf in enumerate(leaves) if not leaf.holds]
        for index in changed:
            self._say(f"batch {number}, leaf {index}: the record or its salt was changed")
        if len(leaves) != sealed.size:
            self._say(f"batch {number}: {sealed.size} leaves were sealed, and {len(leaves)} are here")
        elif root([leaf.hash for leaf in leaves]).hex() != sealed.root:
            self._say(f"batch {number}: its leaves do not give the root that was signed: replaced, or out of order")
        told = digests({named(leaf.record) for leaf in leaves if leaf.record is not None})
        if not changed and any(set(each) - set(getattr(sealed, kind)) for kind, each in told.items()):
            self._say(f"batch {number}: a record names a digest that the statement does not")

    def _say(self, what: str) -> None:
        self.problems.append(SubjectMismatch(what))


def _leaves(paths: Sequence[Path], problems: list[AttestationError]) -> Iterator[Leaf]:
    for path in paths:
        for number, line in lines(path):
            try:
                yield Leaf.read(line)
            except AttestationError as error:
                problems.append(type(error)(f"{path.name}, line {number}: {error}"))
