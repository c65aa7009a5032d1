"""A journal of receipts to look at: a few small batches, sealed by a key, with records that differ."""

from __future__ import annotations

from here import needs_extra
from test_errors import ATTEMPTS, metadata

from zdr_router.records.receipts.book import Book
from zdr_router.records.receipts.keys import SigningKey
from zdr_router.records.receipts.trust import Trust
from zdr_router.records.receipts.verify import verify

needs_extra("receipts", "cryptography")

NOON = 1_795_348_800.0  # 2026-11-22T12:00:00Z
DIGESTS = {"policy_digest": "sha256:" + "a" * 64, "registry_digest": "sha256:" + "b" * 64}


class Clock:
    def __init__(self, at=NOON):
        self.at = at

    def __call__(self):
        return self.at


def record(name, customer="c-1", **more):
    return metadata(ATTEMPTS[:1])._replace(
        request_id=name, customer=customer, time=NOON, attestation="sha256:" + "c" * 64, **DIGESTS, **more
    )


class Sealed:
    """A journal in a directory, its key, and what was sealed."""

    def __init__(self, directory, *batches):
        self.directory = directory
        self.clock = Clock()
        self.key = SigningKey.generate()
        self.book = Book(directory, clock=self.clock)
        self.book.open(self.key)
        for batch in batches:
            self.seal(*batch)

    @property
    def batches(self):
        return self.directory / "batches.jsonl"

    @property
    def leaves(self):
        return max((self.directory / "leaves").iterdir())

    def seal(self, *records, key=None):
        self.clock.at += 60
        self.book.seal(records, 0, key or self.key)

    def trust(self, *more, revoked=()):
        return Trust.of([self.key.public, *more], revoked)

    def problems(self, *, checkpoint=None, trust=None, path=None):
        """What does not hold, each with its kind."""
        found = verify(path or self.directory, trust or self.trust(), checkpoint)
        return [f"{type(each).__name__}: {each}" for each in found.problems]


def sealed(directory):
    """Three batches, of three, one and two records."""
    batches = [(record("r0"), record("r1", "c-2"), record("r2")), (record("r3"),), (record("r4", "c-2"), record("r5"))]
    return Sealed(directory, *batches)
