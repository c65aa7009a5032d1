from __future__ import annotations

import pytest

from zdr_router.conformance.evidence import carried
from zdr_router.registry.facts import Evidence


def row(**fields):
    given = {"kind": "terms", "locator": "section 4", "observed": "2026-11-22", "confidence": "medium", **fields}
    return Evidence.model_validate(given)


@pytest.mark.parametrize(
    ("evidence", "flag", "of_a_leg", "expected"),
    [
        (row(), "human_review", False, True),
        (row(), "human_review", True, True),
        (row(about=["human_review"]), "human_review", False, True),
        (row(about=["human_review"]), "human_review", True, False),
        (row(about=["legs"]), "human_review", True, True),
        (row(about=["legs"]), "human_review", False, False),
        (row(kind="secondary"), "human_review", False, False),
        (row(confidence="low"), "human_review", False, False),
        (row(kind="inference"), "human_review", False, False),
        (row(kind="inference", about=["human_review"]), "human_review", False, True),
        (row(kind="inference", about=["logs_content"]), "logs_content", False, False),
        (row(kind="inference", about=["legs"]), "logs_content", True, False),
    ],
)
def test_a_row_carries_what_it_is_about_if_it_is_sound(evidence, flag, of_a_leg, expected):
    assert carried([evidence], flag, of_a_leg=of_a_leg) is expected


def test_one_row_of_several_is_enough_and_none_is_not():
    assert carried([row(kind="secondary"), row()], "logs_content")
    assert not carried([], "logs_content")
