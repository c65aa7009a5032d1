from __future__ import annotations

import json

import pytest
from sealed_journal import record, sealed

from zdr_router.cli.exits import Code


@pytest.fixture
def journal(tmp_path):
    made = sealed(tmp_path / "receipts")
    (tmp_path / "key.pub").write_text(made.key.public.pem)
    return made


@pytest.fixture
def verify(zdr, journal, tmp_path):
    def run(*args, path=journal.directory):
        return zdr("receipts", "verify", path, "--key", tmp_path / "key.pub", *args)

    return run


def test_what_holds_is_summed_up(verify, journal):
    told = verify()
    assert told.exit_code == Code.DONE
    assert "everything holds" in told.stdout
    assert journal.key.id in told.stdout


def test_what_does_not_hold_is_said_with_its_place(verify, journal):
    journal.leaves.write_bytes(journal.leaves.read_bytes().replace(b'"c-2"', b'"c-3"', 1))
    told = verify()
    assert told.exit_code == Code.REFUSED
    assert "1 thing does not hold" in told.stderr
    assert "batch 1, leaf 1: the record or its salt was changed" in told.stderr
    assert told.stdout == ""
    (problem,) = json.loads(verify("--json").stdout)["problems"]
    assert problem["kind"] == "SubjectMismatch"


def test_many_problems_are_counted(verify, journal):
    journal.seal(*(record(f"more{number}") for number in range(30)))
    journal.leaves.write_bytes(journal.leaves.read_bytes().replace(b'"salt":"', b'"salt":"00').replace(b'00"}', b'"}'))
    told = verify()
    assert told.exit_code == Code.REFUSED
    assert "more; --json lists all of them" in told.stderr
    assert len(told.stderr.splitlines()) == 22


def test_a_cut_tail_shows_against_a_checkpoint(verify, zdr, journal, tmp_path):
    checkpoint = tmp_path / "checkpoint.json"
    checkpoint.write_text(zdr("receipts", "checkpoint", "-d", journal.directory).stdout)
    assert verify("--checkpoint", checkpoint).exit_code == Code.DONE
    lines = journal.batches.read_bytes().splitlines(keepends=True)
    journal.batches.write_bytes(lines[0])
    leaves = journal.leaves.read_bytes().splitlines(keepends=True)
    journal.leaves.write_bytes(b"".join(leaves[:3]))
    assert verify().exit_code == Code.DONE
    told = verify("--checkpoint", checkpoint)
    assert told.exit_code == Code.REFUSED
    assert "statements 2 to 3 are missing at the end: the tail was cut off" in told.stderr


def test_statements_alone_are_said_to_be_alone(verify, journal):
    told = verify(path=journal.batches)
    assert told.exit_code == Code.DONE
    assert "not the records" in told.stderr


def test_a_revoked_key_does_not_count(verify, journal, tmp_path):
    revoked = tmp_path / "revoked.json"
    revoked.write_text(json.dumps([{"key": journal.key.id, "since": "2026-11-22T12:02:30Z", "why": "INC-1"}]))
    told = verify("--revoked", revoked)
    assert told.exit_code == Code.REFUSED
    assert "line 3 (statement 3): sealed at 2026-11-22T12:03:00.000Z" in told.stderr
    assert "statement 2)" not in told.stderr


@pytest.mark.parametrize("text", ["", "{}", '[{"key": "x", "since": "2026-11-22"}]', "[1]"])
def test_a_list_of_revoked_keys_that_is_none_is_an_error(verify, tmp_path, text):
    path = tmp_path / "revoked.json"
    path.write_text(text)
    told = verify("--revoked", path)
    assert told.exit_code == Code.CONFIGURATION
    assert "no list of revoked keys" in told.stderr


def test_a_receipt_that_was_changed_does_not_hold(verify, zdr, journal, tmp_path):
    path = tmp_path / "receipt.json"
    path.write_text(zdr("receipts", "show", "r0", "-d", journal.directory).stdout.replace('"c-1"', '"c-9"'))
    told = verify(path=path)
    assert told.exit_code == Code.REFUSED
    assert "the record is not the one at leaf 0 of batch 1" in told.stderr
    assert json.loads(verify("--json", path=path).stdout)["holds"] is False


def test_a_key_is_needed_and_has_to_be_one(zdr, journal, tmp_path):
    assert zdr("receipts", "verify", journal.directory).exit_code == Code.USAGE
    (tmp_path / "no.pub").write_text("canary")
    told = zdr("receipts", "verify", journal.directory, "--key", tmp_path / "no.pub")
    assert (told.exit_code, "canary" in told.stderr) == (Code.CONFIGURATION, False)
    assert "no.pub" in told.stderr


def test_what_is_not_there_is_an_error(verify, tmp_path):
    assert verify(path=tmp_path / "nowhere").exit_code == Code.CONFIGURATION
    assert verify("--checkpoint", tmp_path / "nowhere").exit_code == Code.CONFIGURATION


def test_verifying_needs_no_operator_s_file_and_writes_nothing(process, journal, tmp_path):
    before = sorted(path.stat().st_mtime_ns for path in journal.directory.rglob("*"))
    told = process("receipts", "verify", journal.directory, "--key", tmp_path / "key.pub", env={"HOME": "/nonexistent"})
    assert (told.returncode, told.stderr) == (Code.DONE, "")
    assert sorted(path.stat().st_mtime_ns for path in journal.directory.rglob("*")) == before
