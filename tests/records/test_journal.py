"""Metadata as lines of JSON in one file."""

from __future__ import annotations

import json
import stat

from test_errors import ATTEMPTS, REFUSALS, metadata

from zdr_router.records.journal import Journal


def test_each_record_is_one_line(tmp_path):
    journal = Journal(tmp_path / "journal.jsonl")
    records = [metadata(ATTEMPTS, REFUSALS), metadata()]
    for each in records:
        journal.record(each)
    # Without closing it: what is recorded is on its way to the disk at once.
    lines = (tmp_path / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    journal.close()
    assert [json.loads(line) for line in lines] == [json.loads(json.dumps(each.as_dict())) for each in records]


def test_a_journal_is_readable_by_its_owner_alone(tmp_path):
    Journal(tmp_path / "journal.jsonl").close()
    assert stat.S_IMODE((tmp_path / "journal.jsonl").stat().st_mode) == 0o600


def test_a_journal_that_is_there_is_continued(tmp_path):
    for _ in range(2):
        journal = Journal(tmp_path / "journal.jsonl")
        journal.record(metadata())
        journal.close()
    assert len((tmp_path / "journal.jsonl").read_text(encoding="utf-8").splitlines()) == 2
