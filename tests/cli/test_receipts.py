from __future__ import annotations

import json
import stat

import pytest
from sealed_journal import Sealed, record, sealed

from zdr_router.cli.exits import Code
from zdr_router.records.receipts.keys import PublicKey, SigningKey


@pytest.fixture
def journal(tmp_path):
    made = sealed(tmp_path / "receipts")
    (tmp_path / "receipts.key").write_text(made.key.pem())
    (tmp_path / "receipts.key.pub").write_text(made.key.public.pem)
    return made


@pytest.fixture
def config(operator, journal):
    path = operator()
    path.write_text(path.read_text() + "\nreceipts: {directory: receipts, key: {file: receipts.key}}\n")
    assert journal.directory == path.parent / "receipts"
    return path


def test_keygen_writes_a_pair_and_overwrites_nothing(zdr, tmp_path):
    path = tmp_path / "my.key"
    made = json.loads(zdr("receipts", "keygen", path, "--json").stdout)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    private = path.read_text()
    assert SigningKey.read(private).id == PublicKey.read((tmp_path / "my.key.pub").read_text()).id == made["key"]
    again = zdr("receipts", "keygen", path)
    assert (again.exit_code, path.read_text()) == (Code.CONFIGURATION, private)
    assert "cannot be written: File exists" in again.stderr
    assert "PRIVATE" not in again.stderr + again.stdout


def test_a_request_s_receipt_can_be_verified_by_itself(zdr, config, tmp_path):
    shown = zdr("receipts", "show", "r4", "-c", config)
    assert shown.exit_code == Code.DONE
    receipt = tmp_path / "receipt.json"
    receipt.write_text(shown.stdout)
    told = zdr("receipts", "verify", receipt, "--key", tmp_path / "receipts.key.pub")
    assert told.exit_code == Code.DONE
    assert "the receipt holds" in told.stdout


def test_a_request_that_is_not_there_is_an_error(zdr, config):
    told = zdr("receipts", "show", "r9", "-c", config)
    assert told.exit_code == Code.USAGE
    assert "no sealed record of that request" in told.stderr


def test_a_checkpoint_is_the_newest_statement(zdr, config, journal):
    told = zdr("receipts", "checkpoint", "-c", config)
    assert told.stdout.encode() == journal.batches.read_bytes().splitlines(keepends=True)[-1]


def test_a_journal_without_a_batch_has_no_checkpoint(zdr, tmp_path):
    Sealed(tmp_path / "empty")
    (tmp_path / "empty" / "batches.jsonl").touch()
    assert "nothing is sealed yet" in zdr("receipts", "checkpoint", "-d", tmp_path / "empty").stderr
    assert "cannot be read" in zdr("receipts", "checkpoint", "-d", tmp_path / "nowhere").stderr


def test_erasing_a_customer_leaves_the_rest_verifiable(zdr, config, journal, tmp_path):
    assert "erased 2 records" in zdr("receipts", "erase", "-c", config, "--customer", "c-2").stdout
    told = zdr("receipts", "verify", journal.directory, "--key", tmp_path / "receipts.key.pub", "--json")
    assert told.exit_code == Code.DONE
    assert {name: json.loads(told.stdout)[name] for name in ("holds", "leaves", "erased")} == {
        "holds": True,
        "leaves": 6,
        "erased": 2,
    }


@pytest.mark.parametrize(
    ("args", "count"),
    [
        (("--before", "2026-11-22"), 0),
        (("--before", "2026-11-23"), 6),
        (("--before", "2026-11-23", "--customer", "c-1"), 4),
        (("--before", "2026-11-22", "--customer", "c-1"), 0),
        (("--customer", "nobody"), 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_is_erased_is_what_was_said(zdr, config, args, count):
    assert json.loads(zdr("receipts", "erase", "-c", config, *args, "--json").stdout) == {"erased": count}


def test_erasing_asks_what(zdr, config):
    told = zdr("receipts", "erase", "-c", config)
    assert (told.exit_code, "give --customer ID, or --before DATE" in told.stderr) == (Code.USAGE, True)


def test_a_key_is_rotated(zdr, config, journal, tmp_path):
    zdr("receipts", "keygen", tmp_path / "new.key")
    old, new = ("--key", tmp_path / "receipts.key"), ("--to", tmp_path / "new.key.pub")
    assert "seals from here on" in zdr("receipts", "rotate", *old, *new, "-c", config).stdout
    journal.seal(record("r6"), key=SigningKey.read((tmp_path / "new.key").read_text()))
    told = zdr("receipts", "verify", journal.directory, "--key", tmp_path / "receipts.key.pub")
    assert told.exit_code == Code.DONE
    assert (
        json.loads(
            zdr("receipts", "verify", journal.directory, "--key", tmp_path / "receipts.key.pub", "--json").stdout
        )["rotations"]
        == 1
    )
    again = zdr("receipts", "rotate", *old, *new, "-c", config)
    assert (again.exit_code, "rotated away" in again.stderr) == (Code.FAILED, True)
    same = zdr("receipts", "rotate", *old, "--to", tmp_path / "receipts.key.pub", "-c", config)
    assert "both keys are the same" in same.stderr


def test_a_file_that_asks_for_no_receipts_is_an_error_that_says_how(zdr, operator):
    told = zdr("receipts", "checkpoint", "-c", operator())
    assert told.exit_code == Code.CONFIGURATION
    assert "add `receipts: {directory: receipts, key: {file: receipts.key}}`" in told.stderr


def test_a_key_that_is_not_there_is_an_error_with_its_line(zdr, config, tmp_path):
    (tmp_path / "receipts.key").unlink()
    told = zdr("receipts", "checkpoint", "-c", config)
    assert told.exit_code == Code.CONFIGURATION
    assert "the key that seals receipts is not there" in told.stderr
    assert "provide the file receipts.key" in told.stderr
