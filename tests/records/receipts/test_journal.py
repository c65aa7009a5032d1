"""Records are taken in at once and sealed beside the requests; nothing is lost on the way but what is counted."""

from __future__ import annotations

import asyncio
import logging
import os

import pytest
from here import needs_extra
from sealed_journal import record

from zdr_router.errors import ConfigError
from zdr_router.records.receipts import book as books
from zdr_router.records.receipts.journal import ReceiptJournal
from zdr_router.records.receipts.keys import SigningKey
from zdr_router.records.receipts.settings import ReceiptSettings
from zdr_router.records.receipts.trust import Trust
from zdr_router.records.receipts.verify import verify
from zdr_router.sealed import Sealed

needs_extra("receipts", "cryptography")

KEY = SigningKey.generate()


@pytest.fixture
def made(tmp_path):
    def make(every=60.0, at=1000, **more):
        settings = ReceiptSettings(tmp_path / "receipts", Sealed(KEY.pem()), every, at, "zdr.yaml:9")
        return ReceiptJournal(settings, **more)

    return make


@pytest.fixture
def found(tmp_path):
    def look():
        path = tmp_path / "receipts"
        result = verify(path, Trust.of([KEY.public]))
        assert result.problems == ()
        return [(batch.size, batch.lost) for batch in result.chain.batches.values()]

    return look


@pytest.fixture
def sealed(tmp_path):
    """Whether a batch is there whole; before that, what is there cannot be verified."""
    batches = tmp_path / "receipts" / "batches.jsonl"
    return lambda: batches.exists() and batches.read_bytes().endswith(b"\n")


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not come to be within ten seconds")


async def test_what_was_recorded_is_sealed_when_the_block_ends(made, found):
    async with made() as journal:
        for number in range(5):
            journal.record(record(f"r{number}"))
        assert journal.waiting == 5
    assert found() == [(5, 0)]


async def test_a_batch_that_is_full_is_sealed(made, found, sealed):
    async with made(at=3) as journal:
        for number in range(3):
            journal.record(record(f"r{number}"))
        await until(sealed)
        assert found() == [(3, 0)]


async def test_a_batch_that_is_old_is_sealed(made, found, sealed):
    async with made(every=0.05) as journal:
        journal.record(record("r0"))
        await until(sealed)
        assert found() == [(1, 0)]


async def test_nothing_is_sealed_where_nothing_was_recorded(made, tmp_path):
    async with made(every=0.01):
        await asyncio.sleep(0.05)
    assert not (tmp_path / "receipts" / "batches.jsonl").exists()


async def test_what_cannot_be_sealed_waits_and_is_sealed_later(made, found, monkeypatch, caplog):
    def full(_):
        raise OSError(28, "No space left on device")

    with caplog.at_level(logging.WARNING, "zdr_router"):
        async with made(every=0.02) as journal:
            with monkeypatch.context() as broken:
                broken.setattr(books.os, "fsync", full)
                journal.record(record("r0"))
                await until(lambda: caplog.messages)
                await asyncio.sleep(0.1)
            await until(lambda: len(caplog.messages) > 1)
    assert caplog.messages == [
        "receipts cannot be sealed; they wait cause=No space left on device",
        "receipts are sealed again",
    ]
    assert found() == [(1, 0)]


async def test_more_than_can_wait_is_counted_in_the_next_batch(made, found):
    async with made(most=2) as journal:
        for number in range(5):
            journal.record(record(f"r{number}"))
        assert (journal.waiting, journal.lost) == (2, 3)
    assert found() == [(2, 3)]


async def test_what_is_not_sealed_at_the_end_is_said(made, monkeypatch, caplog):
    with caplog.at_level(logging.ERROR, "zdr_router"):
        async with made() as journal:
            journal.record(record("r0"))
            monkeypatch.setattr(books, "_append", lambda *_: os.truncate("/nonexistent", 0))
        journal.record(record("late"))
    assert caplog.messages[-1] == "receipts were not sealed count=1"
    assert journal.lost == 1


async def test_a_directory_that_cannot_be_written_is_an_error_of_the_file(made, tmp_path):
    (tmp_path / "receipts").write_text("a file")
    with pytest.raises(ConfigError, match=r"zdr.yaml:9: receipts cannot be kept in .*: (File exists|Not a directory)"):
        async with made():
            pass


async def test_a_journal_that_is_not_whole_is_an_error_of_the_file(made, tmp_path):
    (tmp_path / "receipts").mkdir()
    (tmp_path / "receipts" / "batches.jsonl").write_bytes(b"{}\n")
    with pytest.raises(ConfigError, match=r"zdr.yaml:9: .*cannot be continued"):
        async with made():
            pass


def test_another_key_is_an_error_of_the_file(tmp_path):
    with pytest.raises(ConfigError, match=r"zdr.yaml:9: this is no private Ed25519 key") as error:
        ReceiptJournal(ReceiptSettings(tmp_path, Sealed("canary"), source="zdr.yaml:9"))
    assert "canary" not in str(error.value)
