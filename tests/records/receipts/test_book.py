"""The files stay whole: whoever dies while writing, and however many write."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import sealed_journal
from sealed_journal import Sealed, record, sealed

from zdr_router.errors import AttestationError, SignerUnknown
from zdr_router.records.receipts import book as books
from zdr_router.records.receipts.book import Book
from zdr_router.records.receipts.keys import SigningKey
from zdr_router.records.receipts.verify import verify


@pytest.fixture
def journal(tmp_path):
    return sealed(tmp_path / "receipts")


def reopened(journal):
    book = Book(journal.directory, clock=journal.clock)
    book.open(journal.key)
    return book


def sizes(journal):
    found = verify(journal.directory, journal.trust())
    assert found.problems == ()
    return [found.chain.batches[number].size for number in sorted(found.chain.batches)]


def test_files_are_readable_by_their_owner_alone(journal):
    assert stat.S_IMODE(journal.batches.stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.leaves.stat().st_mode) == 0o600
    assert stat.S_IMODE(journal.leaves.parent.stat().st_mode) == 0o700


def test_erasing_keeps_files_to_their_owner(journal):
    journal.book.erase(lambda _: True)
    assert stat.S_IMODE(journal.leaves.stat().st_mode) == 0o600


def test_a_journal_is_continued_by_who_opens_it_again(journal):
    reopened(journal).seal([record("r6")], 0, journal.key)
    assert sizes(journal) == [3, 1, 2, 1]


@pytest.mark.parametrize("left", [1, 40, -40, -1])
def test_a_statement_that_was_broken_off_is_written_again(journal, left):
    """The leaves were on the disk, and the statement half: the records are not lost."""
    lines = journal.batches.read_bytes().splitlines(keepends=True)
    journal.batches.write_bytes(b"".join(lines[:2]) + lines[2][:left])
    assert journal.problems()
    reopened(journal).seal([record("r6")], 0, journal.key)
    assert sizes(journal) == [3, 1, 2, 1]


def test_leaves_that_were_broken_off_are_sealed_as_far_as_they_are_whole(journal):
    lines = journal.batches.read_bytes().splitlines(keepends=True)
    journal.batches.write_bytes(b"".join(lines[:2]))
    journal.leaves.write_bytes(journal.leaves.read_bytes()[:-9])
    reopened(journal).seal([record("r6")], 0, journal.key)
    assert sizes(journal) == [3, 1, 1, 1]


def test_a_first_leaf_that_was_broken_off_leaves_nothing(tmp_path):
    journal = Sealed(tmp_path / "receipts")
    (tmp_path / "receipts" / "leaves" / "000000000001.jsonl").write_bytes(b'{"batch":1,"le')
    reopened(journal).seal([record("r0")], 0, journal.key)
    assert sizes(journal) == [1]


@pytest.mark.parametrize("failing", ["leaves", "statement"])
def test_a_disk_that_fails_leaves_nothing_of_the_batch(journal, monkeypatch, failing):
    real, before = os.fsync, (journal.batches.read_bytes(), journal.leaves.read_bytes())
    calls = []

    def fsync(handle):
        calls.append(handle)
        if len(calls) == (1 if failing == "leaves" else 2):
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(books.os, "fsync", fsync)
    with pytest.raises(OSError, match="No space"):
        journal.seal(record("r6"))
    assert (journal.batches.read_bytes(), journal.leaves.read_bytes()) == before
    journal.seal(record("r6"))
    assert sizes(journal) == [3, 1, 2, 1]


def test_a_file_that_became_shorter_is_not_continued(journal):
    lines = journal.batches.read_bytes().splitlines(keepends=True)
    journal.batches.write_bytes(lines[0])
    with pytest.raises(AttestationError, match=r"shorter than it was.*zdr receipts verify"):
        journal.seal(record("r6"))


def test_a_file_whose_end_is_no_statement_is_not_continued(journal):
    with journal.batches.open("ab") as file:
        file.write(b"{}\n")
    with pytest.raises(AttestationError, match=r"cannot be continued.*zdr receipts verify"):
        reopened(journal)


def test_leaves_are_spread_over_files(tmp_path, monkeypatch):
    monkeypatch.setattr(books, "_SEGMENT", 1500)
    journal = Sealed(tmp_path / "receipts")
    for number in range(5):
        journal.seal(record(f"r{number}"))
    names = sorted(path.name for path in (journal.directory / "leaves").iterdir())
    assert names == ["000000000001.jsonl", "000000000003.jsonl", "000000000005.jsonl"]
    assert sizes(journal) == [1] * 5


def test_a_record_that_is_no_json_is_counted_as_lost(journal):
    assert journal.book.seal([record("r6"), record("r7", price=float("nan"))], 4, journal.key) == 1
    assert verify(journal.directory, journal.trust()).chain.batches[4].lost == 5
    assert journal.book.seal([record("r8", price=float("nan"))], 0, journal.key) == 1
    assert sizes(journal) == [3, 1, 2, 1]


def test_a_key_that_was_rotated_away_may_seal_no_more(journal):
    successor = SigningKey.generate()
    other = reopened(journal)
    journal.book.rotate(journal.key, successor.public)
    for book in (journal.book, other, Book(journal.directory)):
        with pytest.raises(SignerUnknown, match=r"rotated away.*seal with the newest key"):
            book.seal([record("r6")], 0, journal.key)
    other.seal([record("r6")], 0, successor)
    assert sizes(journal) == [3, 1, 2, 1]


def test_a_key_is_not_rotated_before_anything_is_sealed(tmp_path):
    journal = Sealed(tmp_path / "receipts")
    with pytest.raises(AttestationError, match="simply use the other key"):
        journal.book.rotate(journal.key, SigningKey.generate().public)


WRITER = """
import sys
from pathlib import Path
sys.path[:0] = [sys.argv[4]]
from sealed_journal import record
from zdr_router.records.receipts.book import Book
from zdr_router.records.receipts.keys import SigningKey
key, book = SigningKey.read(Path(sys.argv[2]).read_text()), Book(Path(sys.argv[1]))
book.open(key)
print("ready", flush=True)
sys.stdin.readline()
for number in range(20):
    book.seal([record(f"p{sys.argv[3]}-{number}-{each}") for each in range(3)], 0, key)
"""


def test_processes_that_seal_at_once_keep_one_chain(tmp_path):
    journal = Sealed(tmp_path / "receipts")
    key = tmp_path / "key"
    key.write_text(journal.key.pem())
    tests = str(Path(sealed_journal.__file__).parent)
    command = [sys.executable, "-c", WRITER, str(journal.directory), str(key)]
    workers = [
        subprocess.Popen([*command, str(number), tests], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for number in range(2)
    ]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.communicate("go\n", timeout=50)
    assert [worker.returncode for worker in workers] == [0, 0]
    assert sizes(journal) == [3] * 40


def test_erasing_while_others_seal_loses_nothing(journal):
    other = reopened(journal)
    assert journal.book.erase(lambda each: each["customer"] == "c-2") == 2
    other.seal([record("r6")], 0, journal.key)
    assert journal.book.erase(lambda each: each["request_id"] == "r6") == 1
    journal.seal(record("r7"))
    assert sizes(journal) == [3, 1, 2, 1, 1]
