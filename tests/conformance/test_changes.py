from __future__ import annotations

import copy
import json

import pytest
from tests.conformance.conftest import CONFIGURATION, PROVIDER

from zdr_router.conformance.changes import changes
from zdr_router.registry import Registry


@pytest.fixture
def registry_of(tmp_path):
    """A registry with one provider, whose configurations are given."""

    def load(file_name, *configurations, **provider):
        path = tmp_path / f"{file_name}.yaml"
        file = {"schema": 1, "provider": {**PROVIDER, **provider}, "configurations": list(configurations)}
        path.write_text(json.dumps(file, indent=1), encoding="utf-8")
        return Registry.load([path])

    return load


@pytest.fixture
def weighed(registry_of):
    """Fact → weight, between the configuration and itself with some keys changed."""

    def run(**changed):
        after = {**copy.deepcopy(CONFIGURATION), **changed}
        found = changes(registry_of("old", CONFIGURATION), registry_of("new", after))
        return {change.fact: change.weight for change in found}

    return run


def test_a_registry_does_not_differ_from_itself(weighed):
    assert weighed() == {}


FLAGS = CONFIGURATION["flags"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"flags": {**FLAGS, "logs_content": "unknown"}}, {"flags.logs_content": "tighter"}),
        ({"cache": {"medium": "disk"}}, {"cache.medium": "tighter"}),
        ({"exceptions": [{"trigger": "abuse_flag"}]}, {"exceptions": "tighter"}),
        ({"conditions": {"forbid": [{"path": "user"}]}}, {"conditions.forbid": "tighter"}),
        ({"conditions": {"permit": ["store"]}}, {"conditions.permit": "looser"}),
        ({"conditions": {"force": [{"set": "store", "to": False}]}}, {"conditions.force": "looser"}),
        ({"models": [{"id": "m", "features": ["stream"]}]}, {"models": "tighter"}),
        ({"models": [*CONFIGURATION["models"], {"id": "new"}]}, {"models": "looser"}),
        ({"endpoints": ["chat.completions", "embeddings"]}, {"endpoints": "looser"}),
        ({"title": "Another"}, {"title": "neutral"}),
        ({"tier": "paid"}, {"tier": "looser"}),
        ({"regions": ["us"]}, {"regions": "looser"}),
        ({"mechanism": {**CONFIGURATION["mechanism"], "how": "else"}}, {"mechanism.how": "neutral"}),
        (
            {"mechanism": {"kind": "default", "how": "switch it on", "fail_mode": "closed"}},
            {"mechanism.kind": "looser"},
        ),
    ],
)
def test_a_changed_fact_is_weighed(weighed, changed, expected):
    assert weighed(**changed) == expected


def test_taking_a_tightening_back_loosens(registry_of):
    tight = {**CONFIGURATION, "exceptions": [{"trigger": "abuse_flag"}]}
    (change,) = changes(registry_of("old", tight), registry_of("new", CONFIGURATION))
    assert (change.fact, change.weight) == ("exceptions", "looser")
    assert change.before[0]["trigger"] == "abuse_flag"
    assert change.after == []


def test_dates_and_evidence_are_neutral_and_a_weaker_grade_is_tighter(weighed):
    attestation = copy.deepcopy(CONFIGURATION["attestation"])
    attestation |= {"observed": "2026-12-21", "expires": "2027-03-11", "grade": "claimed"}
    attestation["evidence"][0]["locator"] = "section 5"
    assert weighed(attestation=attestation) == {
        "attestation.observed": "neutral",
        "attestation.expires": "neutral",
        "attestation.grade": "tighter",
        "attestation.evidence": "neutral",
    }


def test_a_flag_of_a_leg_counts_for_its_legs(registry_of):
    def with_leg(word):
        return {**CONFIGURATION, "legs": [{"leg": "upstream", "flags": {**FLAGS, "stores_prompts": word}}]}

    (change,) = changes(registry_of("old", with_leg("yes")), registry_of("new", with_leg("no")))
    assert (change.fact, change.weight) == ("legs", "looser")


def test_a_change_has_the_place_of_the_fact_as_it_is_now(registry_of, tmp_path):
    after = {**CONFIGURATION, "cache": {"medium": "disk"}}
    (change,) = changes(registry_of("old", CONFIGURATION), registry_of("new", after))
    lines = (tmp_path / "new.yaml").read_text(encoding="utf-8").splitlines()
    file, _, line = change.where.rpartition(":")
    assert file == str(tmp_path / "new.yaml")
    assert '"medium": "disk"' in lines[int(line) - 1]


def test_what_came_is_neutral_and_what_went_is_tighter(registry_of):
    other = {**CONFIGURATION, "id": "example/other"}
    one, two = registry_of("one", CONFIGURATION), registry_of("two", CONFIGURATION, other)
    (came,) = changes(one, two)
    (went,) = changes(two, one)
    assert (came.subject, came.fact, came.weight, came.before) == ("example/other", "configuration", "neutral", None)
    assert (went.subject, went.fact, went.weight, went.after) == ("example/other", "configuration", "tighter", None)


@pytest.mark.parametrize(
    ("provider", "weight"),
    [({"country": "DE"}, "looser"), ({"legal_entity": "Other"}, "looser"), ({"name": "Renamed"}, "neutral")],
)
def test_who_the_provider_is_has_to_be_looked_at(registry_of, provider, weight):
    old, new = registry_of("old", CONFIGURATION), registry_of("new", CONFIGURATION, **provider)
    (change,) = changes(old, new)
    assert (change.subject, change.fact, change.weight) == ("example", next(iter(provider)), weight)
