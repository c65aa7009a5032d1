"""docs/records.md maps every column, and its sections are what an operator may write."""

from __future__ import annotations

import re
from pathlib import Path

from here import needs_extra

needs_extra("store", "sqlalchemy", "aiosqlite", "greenlet")

from zdr_router.entries import RecordsEntry  # noqa: E402 - it stands after what may be missing
from zdr_router.metadata import AttemptRecord, Metadata  # noqa: E402 - as above
from zdr_router.records.store.tables import ATTEMPTS, REFUSALS, REQUESTS  # noqa: E402 - as above
from zdr_router.registry import strict_yaml  # noqa: E402 - as above

PAGE = (Path(__file__).parents[2] / "docs" / "records.md").read_text(encoding="utf-8")
KEY = {"time", "request_id", "position"}


def test_each_column_is_the_field_of_a_privacy_policy_and_each_field_of_a_record_has_a_column():
    (table,) = re.findall(r"columns of `requests` \|\n\|---\|---\|\n((?:\|.*\n)+)", PAGE)
    named = re.findall(r"`([a-z_]+)`", table)
    assert sorted(named) == sorted(REQUESTS.c.keys())
    assert set(named) == set(Metadata._fields) - {"attempts", "refusals"}


def test_the_columns_of_attempts_and_refusals_are_those_of_their_records():
    assert set(ATTEMPTS.c.keys()) - KEY == set(AttemptRecord._fields)
    assert set(REFUSALS.c.keys()) - KEY == {"refusal", "target"}


def test_what_the_page_shows_may_be_written():
    shown = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert len(shown) == 2
    for text in shown:
        section = re.sub(r"\Arecords:\n", "", text[text.index("records:\n") :])
        lines = "\n".join(line.removeprefix("  ") for line in section.splitlines())
        entry = strict_yaml.parse(lines.encode(), "records.md").validate(RecordsEntry)
        assert (entry.keep, entry.incidents) == (90 * 86_400, 400 * 86_400)
