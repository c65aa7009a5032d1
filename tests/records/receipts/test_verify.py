"""Whatever is done to a journal afterwards shows, and where."""

from __future__ import annotations

import shutil

import pytest
from sealed_journal import NOON, Sealed, record, sealed

from zdr_router.records.receipts.book import Book
from zdr_router.records.receipts.keys import SigningKey
from zdr_router.records.receipts.statement import instant
from zdr_router.records.receipts.trust import Revoked, Trust
from zdr_router.records.receipts.verify import verify


@pytest.fixture
def journal(tmp_path):
    made = sealed(tmp_path / "receipts")
    assert made.problems() == []
    return made


def edit(path, change):
    lines = path.read_bytes().splitlines(keepends=True)
    change(lines)
    path.write_bytes(b"".join(lines))


def test_what_was_left_alone_holds(journal):
    found = verify(journal.directory, journal.trust())
    assert (len(found.chain.batches), found.leaves, found.erased, found.problems) == (3, 6, 0, ())
    assert found.chain.batches[2].attestations == ["sha256:" + "c" * 64]
    assert found.chain.signers == [journal.key.id]


@pytest.fixture
def small(tmp_path):
    """Two batches of one record each: every byte of it can be tried."""
    return Sealed(tmp_path / "small", (record("r0"),), (record("r1"),))


@pytest.mark.parametrize("name", ["batches", "leaves"])
def test_a_change_of_any_byte_shows(small, name):
    path = getattr(small, name)
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert small.problems(), f"byte {at} of {name} was changed unseen"
    path.write_bytes(whole)
    assert small.problems() == []


@pytest.mark.parametrize("name", ["batches", "leaves"])
def test_a_byte_less_or_more_shows(small, name):
    path = getattr(small, name)
    whole = path.read_bytes()
    for at in range(0, len(whole), 23):
        for changed in (whole[:at] + whole[at + 1 :], whole[:at] + b" " + whole[at:]):
            path.write_bytes(changed)
            assert small.problems(), f"byte {at} of {name}"
    for changed in (whole[:-1], whole + b"\n", whole + b" "):
        path.write_bytes(changed)
        assert small.problems()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines.pop(0), "line 1 (statement 2): statement 1 is missing before it"),
        (lambda lines: lines.pop(1), "line 2 (statement 3): statement 2 is missing before it"),
        (lambda lines: lines.insert(0, lines.pop(1)), "line 1 (statement 2): statement 1 is missing before it"),
        (lambda lines: lines.append(lines[1]), "line 4 (statement 2): it stands after statement 3"),
        (lambda lines: lines.__delitem__(slice(0, 2)), "line 1 (statement 3): statements 1 to 2 are missing"),
    ],
    ids=["first", "middle", "swapped", "twice", "first two"],
)
def test_statements_that_are_removed_or_moved_show(journal, change, said):
    edit(journal.batches, change)
    assert said in "\n".join(journal.problems())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: lines.pop(1), "batch 1: 3 leaves were sealed, and 2 are here"),
        (lambda lines: lines.insert(0, lines.pop(1)), "batch 1: its leaves do not give the root that was signed"),
        (lambda lines: lines.pop(3), "batch 2: its leaves are missing"),
        (lambda lines: lines.append(lines[0]), "batch 1: its leaves are not together"),
        (lambda lines: lines.append(lines[5]), "batch 3: 2 leaves were sealed, and 3 are here"),
    ],
    ids=["removed", "swapped", "a whole batch", "moved", "twice"],
)
def test_records_that_are_removed_or_moved_show(journal, change, said):
    edit(journal.leaves, change)
    assert any(said in each for each in journal.problems())


def test_a_record_that_says_something_else_is_named(journal):
    edit(journal.leaves, lambda lines: lines.__setitem__(2, lines[2].replace(b'"customer":"c-1"', b'"customer":"c-9"')))
    assert journal.problems() == ["SubjectMismatch: batch 1, leaf 2: the record or its salt was changed"]


def test_a_file_of_leaves_that_is_gone_shows(journal):
    journal.leaves.unlink()
    assert [each.split(": ", 1)[1] for each in journal.problems()] == [
        f"batch {number}: its leaves are missing" for number in (1, 2, 3)
    ]


def test_a_tail_that_was_cut_shows_against_a_checkpoint_and_only_there(journal):
    checkpoint = journal.batches.read_bytes().splitlines()[2]
    edit(journal.batches, lambda lines: lines.__delitem__(slice(1, None)))
    edit(journal.leaves, lambda lines: lines.__delitem__(slice(3, None)))
    assert journal.problems() == []
    said = "AttestationError: the checkpoint: statements 2 to 3 are missing at the end: the tail was cut off"
    assert journal.problems(checkpoint=checkpoint) == [said]


def test_a_tail_that_was_written_anew_shows_against_a_checkpoint(journal):
    """Whoever holds the key can cut, and sign something else in the place: nothing but the checkpoint shows that."""
    checkpoint = journal.batches.read_bytes().splitlines()[2]
    edit(journal.batches, lambda lines: lines.pop())
    edit(journal.leaves, lambda lines: lines.__delitem__(slice(4, None)))
    again = Book(journal.directory, clock=journal.clock)
    again.open(journal.key)
    again.seal([record("another")], 0, journal.key)
    assert journal.problems() == []
    said = "AttestationError: the checkpoint: statement 3 was another one when it was exported"
    assert journal.problems(checkpoint=checkpoint) == [said]


def test_a_statement_in_the_middle_that_was_signed_anew_shows(journal):
    """By whoever holds the key, with as many records: the link of the next one does not lead to it."""
    kept, leaves = (
        journal.batches.read_bytes().splitlines(keepends=True),
        journal.leaves.read_bytes().splitlines(keepends=True),
    )
    edit(journal.batches, lambda lines: lines.__delitem__(slice(1, None)))
    edit(journal.leaves, lambda lines: lines.__delitem__(slice(3, None)))
    journal.clock.at -= 90
    again = Book(journal.directory, clock=journal.clock)
    again.open(journal.key)
    again.seal([record("another")], 0, journal.key)
    edit(journal.batches, lambda lines: lines.append(kept[2]))
    edit(journal.leaves, lambda lines: lines.extend(leaves[4:]))
    said = "line 3 (statement 3): it follows another statement than the one before it, which was changed or replaced"
    assert said in journal.problems()[0]


def test_a_journal_that_reaches_beyond_its_checkpoint_holds(journal):
    checkpoint = journal.batches.read_bytes().splitlines()[1]
    journal.seal(record("later"))
    assert journal.problems(checkpoint=checkpoint + b"\n") == []


def test_a_checkpoint_of_another_journal_shows(journal, tmp_path):
    other = sealed(tmp_path / "other").batches.read_bytes().splitlines()[0]
    assert "another journal" in journal.problems(checkpoint=other)[0]
    assert "no DSSE envelope" in journal.problems(checkpoint=b"{}")[0]


def test_a_batch_of_another_journal_by_the_same_key_shows(journal, tmp_path):
    other = Book(tmp_path / "other", clock=journal.clock)
    other.open(journal.key)
    for number in range(4):
        other.seal([record(f"o{number}")], 0, journal.key)
    foreign = (tmp_path / "other" / "batches.jsonl").read_bytes().splitlines(keepends=True)[3]
    edit(journal.batches, lambda lines: lines.append(foreign))
    assert "line 4 (statement 4): it belongs to another journal" in "\n".join(journal.problems())


def test_an_empty_journal_shows_nothing_and_is_no_success(journal):
    journal.batches.write_bytes(b"")
    assert "there is nothing" in journal.problems()[0]


def test_statements_alone_can_be_looked_at(journal, tmp_path):
    path = shutil.copy(journal.batches, tmp_path / "batches.jsonl")
    found = verify(path, journal.trust())
    assert (found.leaves, found.problems, found.chain.leaves) == (None, (), 6)


def test_a_key_that_was_not_given_signs_nothing(journal):
    problems = journal.problems(trust=Trust.of([SigningKey.generate().public]))
    assert len(problems) == 3
    assert all(each.startswith("SignerUnknown") and journal.key.id in each for each in problems)


def test_erasing_a_customer_keeps_the_rest_verifiable(journal):
    assert journal.book.erase(lambda record: record["customer"] == "c-2") == 2
    found = verify(journal.directory, journal.trust())
    assert (found.leaves, found.erased, found.problems) == (6, 2, ())
    assert b"c-2" not in journal.leaves.read_bytes()
    assert journal.book.erase(lambda record: record["customer"] == "c-2") == 0
    journal.seal(record("after"))
    assert journal.problems() == []


def test_what_is_left_of_an_erased_record_is_a_hash_without_its_salt(journal):
    before = journal.leaves.read_bytes().splitlines()[1]
    journal.book.erase(lambda record: record["customer"] == "c-2")
    after = journal.leaves.read_bytes().splitlines()[1]
    assert after == before[: before.index(b',"record"')] + b"}"


def rotated(journal):
    successor = SigningKey.generate()
    journal.book.rotate(journal.key, successor.public)
    journal.seal(record("by the new key"), key=successor)
    return successor


def test_a_rotation_names_the_key_that_follows(journal):
    checkpoint = journal.batches.read_bytes().splitlines()[2]
    successor = rotated(journal)
    found = verify(journal.directory, journal.trust(), checkpoint)
    assert (found.problems, found.chain.rotations) == ((), 1)
    assert found.chain.signers == [journal.key.id, successor.id]


def test_the_new_key_alone_does_not_speak_for_what_the_old_one_signed(journal):
    successor = rotated(journal)
    assert len(journal.problems(trust=Trust.of([successor.public]))) >= 4


def test_a_key_that_was_rotated_away_signs_nothing_more(journal, monkeypatch):
    rotated(journal)
    monkeypatch.setattr("zdr_router.records.receipts.tail._MAY_ROTATE", b"never")
    rogue = Book(journal.directory, clock=journal.clock)
    rogue.open(journal.key)
    rogue.seal([record("late")], 0, journal.key)
    (problem, *_) = journal.problems()
    assert problem.startswith("SignerUnknown: line 6")
    assert "was rotated away in statement 4" in problem


def test_batches_that_were_sealed_after_a_revocation_do_not_count(journal):
    since = instant(NOON + 120)
    revoked = [Revoked(key=journal.key.id, since=since, why="INC-1")]
    problems = journal.problems(trust=journal.trust(revoked=revoked))
    assert [each[: each.index(":")] for each in problems[:2]] == ["SignerUnknown", "SignerUnknown"]
    assert problems[0].startswith("SignerUnknown: line 2 (statement 2)")
    assert f"revoked since {since} (INC-1): it does not count" in problems[0]
    assert not any("statement 1" in each for each in problems)


def test_a_revoked_key_cannot_name_its_successor(journal):
    revoked = [Revoked(key=journal.key.id, since=instant(journal.clock.at), why="it leaked")]
    journal.clock.at += 1
    rotated(journal)
    problems = "\n".join(journal.problems(trust=journal.trust(revoked=revoked)))
    assert "line 4 (statement 4): sealed at" in problems
    assert "line 5: signed by" in problems


def test_a_new_key_that_was_given_continues_after_a_revocation(journal):
    successor = SigningKey.generate()
    journal.clock.at += 60
    journal.seal(record("by the new key"), key=successor)
    since = instant(journal.clock.at - 1)
    revoked = [Revoked(key=journal.key.id, since=since, why="it leaked")]
    assert journal.problems(trust=journal.trust(successor.public, revoked=revoked)) == []


def test_dating_back_behind_a_later_batch_shows(journal, monkeypatch):
    monkeypatch.setattr("zdr_router.records.receipts.book.max", lambda now, _: now, raising=False)
    journal.clock.at -= 3600
    journal.seal(record("dated back"))
    assert "it is dated before the one that it follows" in journal.problems()[0]
