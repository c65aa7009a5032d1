"""What the whole page says for three policies, and that no fact can be loosened without the page saying so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.conformance.statement.conftest import OPERATORS

from zdr_router.conformance.statement.page import document, markdown, summary

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", OPERATORS)
def test_the_page_is_what_was_agreed_on(gathered, name):
    assert markdown(gathered(name)) == (GOLDEN / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", OPERATORS)
def test_no_account_no_file_and_nobody_is_named(gathered, name, tmp_path):
    found = gathered(name)
    said = markdown(found) + json.dumps(document(found))
    for word in ("hidden", "Jane Doe", "CHG-1", "example.yaml", "zdr.yaml", str(tmp_path), "127.0.0.1"):
        assert word not in said, word


LOOSER = [
    (
        "strict",
        (
            "cache: {medium: none}\n    models: [{id: large}]",
            "cache: {medium: gpu_memory, max_ttl: 1h}\n    models: [{id: large}]",
        ),
        ("policy: {", "policy: {cache: gpu_memory, "),
    ),
    ("strict", ("until: 2027-01-31", "until: 2026-12-20")),
    ("strict", ("regions: [eu]", "regions: []")),
    ("strict", ("country: US", "country: unknown")),
    (
        "strict",
        (
            'links: {privacy: "https://example.com/privacy", subprocessors: "https://example.com/subprocessors"}',
            "links: {}",
        ),
    ),
    ("tolerant", ("max: 90 days, ", "")),
    ("tolerant", ("max_ttl: 10m, ", "")),
    (
        "tolerant",
        ("tolerate: [csam_screening]", "tolerate: [csam_screening, abuse_flag], human_review_within_exceptions: true"),
    ),
    (
        "tolerant",
        ("isolation: {parameter: cache_salt}", "can_disable: false"),
        ("cache: gpu_memory, ", "cache: gpu_memory, cache_isolation: none, "),
    ),
    ("tolerant", ("when: images, human_review: unknown", "when: files, human_review: unknown")),
    ("claimed", ("operator: Another Company, ", "")),
    ("claimed", ("conditions: {force", "conditions: {permit: [web_search], force")),
    ("claimed", ("a report says", "two reports say")),
]


@pytest.mark.parametrize("case", LOOSER, ids=[f"{number}-{case[0]}" for number, case in enumerate(LOOSER)])
def test_a_fact_that_is_loosened_changes_the_wording(gathered, case):
    name, *changes = case
    before, after = gathered(name), gathered(name, *changes)
    assert after.refusals == ()
    assert markdown(after) != markdown(before)


def test_the_summary_is_as_strong_as_the_weakest_basis(gathered):
    assert "rests on a list that somebody else keeps" in summary(gathered("claimed"))
    assert "list that somebody else keeps" not in summary(gathered("strict"))
    assert "apart from what is listed there" in summary(gathered("tolerant"))
    assert "apart from" not in summary(gathered("strict"))


def test_the_day_until_which_it_holds_is_that_of_whatever_lapses_first(gathered):
    assert document(gathered("strict"))["holds_until"] == "2027-01-31"
    assert document(gathered("tolerant"))["holds_until"] == "2027-02-20"
    assert document(gathered("claimed"))["holds_until"] == "2026-12-22"
