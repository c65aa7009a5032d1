"""One request's receipt holds by itself, and nothing in it can be changed."""

from __future__ import annotations

import orjson
import pytest
from sealed_journal import record, sealed

from zdr_router.errors import AttestationError, SignerUnknown, SubjectMismatch
from zdr_router.records.receipts.keys import SigningKey
from zdr_router.records.receipts.receipt import find, is_receipt, verify_receipt
from zdr_router.records.receipts.trust import Revoked, Trust


@pytest.fixture
def journal(tmp_path):
    return sealed(tmp_path / "receipts")


def receipt(journal, name):
    return orjson.dumps(find(journal.directory, name).model_dump())


@pytest.mark.parametrize("name", ["r0", "r1", "r2", "r3", "r4", "r5"])
def test_every_record_has_a_receipt_that_holds(journal, name):
    text = receipt(journal, name)
    held = verify_receipt(text, journal.trust())
    assert (held.record["request_id"], held.signer) == (name, journal.key.id)
    assert is_receipt(text)


def test_a_receipt_tells_nothing_of_other_requests(journal):
    text = receipt(journal, "r0")
    assert b"c-2" not in text
    assert not any(name in text for name in (b'"r1"', b'"r2"'))


def test_a_receipt_outlives_the_erasure_of_the_others(journal):
    journal.book.erase(lambda each: each["customer"] == "c-2")
    assert find(journal.directory, "r1") is None
    assert verify_receipt(receipt(journal, "r0"), journal.trust()).leaf == 0


@pytest.mark.parametrize("name", ["", "r", "r00", 'r0","x":"', "unknown"])
def test_what_is_not_there_has_none(journal, name):
    assert find(journal.directory, name) is None


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda found: found["record"].update(customer="c-9"), SubjectMismatch),
        (lambda found: found["record"].pop("tenant"), SubjectMismatch),
        (lambda found: found["record"].update(more=1), SubjectMismatch),
        (lambda found: found.update(salt="0" * 64), SubjectMismatch),
        (lambda found: found.update(leaf=0), SubjectMismatch),
        (lambda found: found["path"].reverse(), SubjectMismatch),
        (lambda found: found["path"].pop(), SubjectMismatch),
        (lambda found: found.update(leaf=-1), AttestationError),
        (lambda found: found.update(salt="00"), AttestationError),
        (lambda found: found.update(more=1), AttestationError),
        (lambda found: found.pop("envelope"), AttestationError),
        (lambda found: found["envelope"].update(payload="e30="), AttestationError),
    ],
    ids=[
        "changed",
        "less",
        "more",
        "another salt",
        "another leaf",
        "another order",
        "a shorter path",
        "no leaf",
        "a short salt",
        "a member more",
        "no envelope",
        "another payload",
    ],
)
def test_a_receipt_that_was_changed_does_not_hold(journal, change, error):
    found = orjson.loads(receipt(journal, "r1"))
    change(found)
    with pytest.raises(error):
        verify_receipt(orjson.dumps(found), journal.trust())


def test_a_receipt_of_an_unknown_or_revoked_key_does_not_hold(journal):
    text = receipt(journal, "r4")
    with pytest.raises(SignerUnknown):
        verify_receipt(text, Trust.of([SigningKey.generate().public]))
    revoked = [Revoked(key=journal.key.id, since="2026-11-22T12:00:00.000Z")]
    with pytest.raises(SignerUnknown, match="does not count"):
        verify_receipt(text, journal.trust(revoked=revoked))


def test_a_change_of_keys_is_no_batch_that_a_record_could_be_in(journal):
    successor = SigningKey.generate()
    journal.book.rotate(journal.key, successor.public)
    found = orjson.loads(receipt(journal, "r0"))
    found["envelope"] = orjson.loads(journal.batches.read_bytes().splitlines()[3])
    with pytest.raises(SubjectMismatch, match="no batch"):
        verify_receipt(orjson.dumps(found), journal.trust())


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"record":1}', b"\xff"])
def test_what_is_no_receipt_is_an_error(journal, text):
    with pytest.raises(AttestationError, match="not written as a receipt"):
        verify_receipt(text, journal.trust())


def test_a_record_that_is_written_but_not_sealed_has_no_receipt_yet(journal):
    journal.seal(record("r6"))
    lines = journal.batches.read_bytes().splitlines(keepends=True)
    journal.batches.write_bytes(b"".join(lines[:3]))
    assert find(journal.directory, "r6") is None
