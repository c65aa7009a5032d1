"""Which facts can be stated, and at which line a wrong one is reported."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from zdr_router.registry.facts import LIFETIME, Cache, Engine, Flags, Isolation, Mechanism, Model


def test_whatever_is_not_said_is_unknown():
    assert set(Flags().model_dump().values()) == {"unknown"}
    assert Cache().medium == "unknown"
    assert Mechanism(kind="default").fail_mode == "unknown"


@pytest.mark.parametrize("word", ["true", "false", "No", "NO", "0", "1", "null", "~", "never", "[no]", '""'])
def test_a_flag_is_yes_no_or_unknown(fault, word):
    what, line = fault("stores_prompts: no\n", f"stores_prompts: {word}\n")
    assert what == "configurations.0.flags.stores_prompts: input should be 'yes', 'no' or 'unknown'"
    assert line == f"stores_prompts: {word}"


EXPIRES = "expires: 2027-02-20\n"
DATES = [
    ("expires: 2026-11-22", "`expires` must be later than `observed`"),
    ("expires: 2026-11-21", "`expires` must be later than `observed`"),
    ("expires: 2027-02-21", "an attestation lasts 90 days"),
    ("expires: 2036-11-22", "an attestation lasts 90 days"),
    ("expires: 20270220", "a date is written YYYY-MM-DD"),
    ('expires: "20270220"', "a date is written YYYY-MM-DD"),
    ("expires: 1803081600.0", "a date is written YYYY-MM-DD"),
    ("expires: true", "a date is written YYYY-MM-DD"),
    ("expires: 2027-02-20T00:00:00Z", "a date is written YYYY-MM-DD"),
    ("expires: 2027-02-30", "a date is written YYYY-MM-DD"),
    ("expires: [2027-02-20]", "a date is written YYYY-MM-DD"),
    ("expires: {}", "a date is written YYYY-MM-DD"),
]


@pytest.mark.parametrize(("line", "says"), DATES)
def test_a_wrong_date_of_lapse_is_reported_where_it_stands(fault, line, says):
    what, where = fault(EXPIRES, line + "\n")
    assert says in what
    assert where == line


def test_ninety_days_are_the_longest():
    assert LIFETIME.days == 90


@pytest.mark.parametrize("value", ["20261122", "true", "2026-11-22T00:00:00", "", "1e3"])
def test_a_wrong_day_of_observation_is_one_problem_where_it_stands(fault, value):
    what, where = fault("      observed: 2026-11-22\n", f"      observed: {value}\n")
    assert "configurations.0.attestation.observed: a date is written" in what
    assert where == f"observed: {value}".strip()


def test_evidence_that_is_younger_than_what_rests_on_it_is_reported_where_it_stands(fault):
    what, where = fault('"§ 2", observed: 2026-11-22', '"§ 2", observed: 2026-11-23')
    assert "configurations.0.attestation.evidence.0: evidence was observed after" in what
    assert where.startswith("- {kind: policy_page")


def test_an_attestation_without_a_date_or_evidence_is_none(fault):
    what, where = fault("      observed: 2026-11-22\n", "")
    assert (what, where) == ("missing key configurations.0.attestation.observed", "attestation:")


def test_no_attestation_rests_on_nothing(problems, text):
    head, _, tail = text.partition("      evidence:\n")
    content = head + "      evidence: []\n" + tail[tail.index("      conflicts:") :]
    (problem,) = problems(content)
    assert "evidence: list should have at least 1 item" in problem.what


@pytest.mark.parametrize("grade", ["contracted", "verified", "enclave", "proven"])
def test_a_document_is_never_more_than_a_document(fault, grade):
    what, _ = fault(EXPIRES, EXPIRES + f"      grade: {grade}\n")
    assert what == "configurations.0.attestation.grade: input should be 'claimed' or 'documented'"


@pytest.mark.parametrize("value", [{}, {"parameter": "cache_salt", "off": {"a": 1}}, {"off": {}}, {"off": None}])
def test_a_cache_is_isolated_in_one_way(value):
    with pytest.raises(ValidationError):
        Isolation.model_validate(value)


def test_a_cache_is_switched_off_by_any_json():
    assert Isolation(off={"cache": {"on": [False, 0]}}).off == {"cache": {"on": [False, 0]}}


@pytest.mark.parametrize(
    "value", [{}, {"id": "a", "pattern": "b"}, {"id": ""}, {"pattern": "("}, {"id": "a", "context": 0}]
)
def test_a_model_has_an_id_or_a_pattern(value):
    with pytest.raises(ValidationError):
        Model.model_validate(value)


@pytest.mark.parametrize(
    "price", ["{input: -1}", "{input: .inf}", "{input: 1, output: .nan}", '{input: "1"}', "{input: true}"]
)
def test_a_price_is_a_finite_amount(problems, text, price):
    found = problems(text.replace("{input: 1, output: 2.5}", price))
    assert {text.splitlines()[problem.line - 1].strip()[:9] for problem in found} == {"- {id: on"}


@pytest.mark.parametrize("versions", [">=b4000", "new", ">=", "1.0"])
def test_versions_are_a_range(versions):
    with pytest.raises(ValidationError, match="a version range is written like"):
        Engine(name="x", versions=versions)
