"""What docs/failures.md says of outcomes and settings is what they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from zdr_router.entries import RouteEntry
from zdr_router.metadata import Outcome
from zdr_router.routing.failures import CONSEQUENCES

PAGE = (Path(__file__).resolve().parents[2] / "docs/failures.md").read_text()
ROW = r"^\| `(\w+)` \|.*\| (yes|no) \| (yes|no) \| (yes|no) \|$"
ROWS = {row[0]: row[1:] for row in re.findall(ROW, PAGE, re.MULTILINE)}


def test_every_outcome_but_success_is_in_the_table():
    assert set(ROWS) == set(Outcome) - {Outcome.OK}


@pytest.mark.parametrize("name", ROWS)
def test_what_follows_is_what_the_table_says(name):
    after = CONSEQUENCES[Outcome(name)]
    said = tuple("yes" if each else "no" for each in (after.moves_on, after.again == "later", after.hurts))
    assert ROWS[name] == said


def test_every_setting_of_patience_is_shown():
    shown = set(re.findall(r"^    (\w+):", PAGE, re.MULTILINE))
    assert set(RouteEntry.model_fields) - {"strategy", "fastest_by"} <= shown


@pytest.mark.parametrize(("name", "said"), [("timeout", 60.0), ("max_attempts", 6), ("retries", 2)])
def test_a_default_is_what_the_page_says(name, said):
    assert RouteEntry.model_fields[name].default == said
