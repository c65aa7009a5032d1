"""Policies: fields, intersection, completion."""

from __future__ import annotations

import pytest
from hypothesis import given
from pydantic import ValidationError
from strategies import policies

from zdr_router.policy.policy import Policy


def policy(**fields) -> Policy:
    return Policy.model_validate(fields)


def test_an_empty_policy_is_an_error():
    with pytest.raises(ValidationError, match="an empty one is not taken for consent"):
        Policy.model_validate({})


@pytest.mark.parametrize(
    "fields",
    [
        {"minimum_grade": "excellent"},
        {"cache": "tape"},
        {"tolerate": ["everything"]},
        {"regions": []},
        {"countries": []},
        {"countries": ["us"]},
        {"max_attestation_age": 90},
        {"max_attestation_age": "90"},
        {"bind_credentials": "yes"},
        {"unheard_of": True},
        {"providers": {"always": ["p0"]}},
    ],
)
def test_a_policy_that_cannot_be_understood_is_an_error(fields):
    with pytest.raises(ValidationError):
        Policy.model_validate(fields)


@pytest.mark.parametrize(
    ("field", "loose", "tight"),
    [
        ("minimum_grade", "claimed", "documented"),
        ("minimum_grade", "contracted", "verified"),
        ("cache", "disk", "gpu_memory"),
        ("cache", "unknown", "disk"),
        ("cache_isolation", "none", "tenant"),
        ("tolerate", ["abuse_flag", "legal_hold"], ["legal_hold"]),
        ("tolerate", ["abuse_flag"], []),
        ("human_review_within_exceptions", True, False),
        ("regions", ["us", "eu"], ["eu"]),
        ("countries", ["US", "DE"], ["DE"]),
        ("max_attestation_age", "90d", "10d"),
        ("max_revocation_staleness", "60s", "1s"),
        ("bind_credentials", False, True),
        ("identifiers", "pseudonym", "refuse"),
    ],
)
def test_of_two_demands_the_tighter_one_stays(field, loose, tight):
    one, other = policy(**{field: loose}), policy(**{field: tight})
    assert getattr(one & other, field) == getattr(other, field)
    assert getattr(other & one, field) == getattr(other, field)


def test_what_one_policy_leaves_open_the_other_decides():
    both = policy(cache="disk") & policy(regions=["us"])
    assert (both.cache, both.regions) == ("disk", ["us"])


def test_lists_with_nothing_in_common_leave_nothing():
    both = policy(regions=["us"], countries=["US"]) & policy(regions=["eu"], countries=["DE"])
    assert (both.regions, both.countries) == ([], [])


@pytest.mark.parametrize(
    ("mine", "theirs", "left"),
    [
        (["p0"], ["p0"], ["p0"]),
        (["p0"], ["p0/c0"], ["p0/c0"]),
        (["p0/c0"], ["p0/c1"], []),
        (["p0", "p1/c0"], ["p1", "p0/c1"], ["p0/c1", "p1/c0"]),
        (["p0"], [], []),
    ],
)
def test_of_two_names_the_narrower_one_stays(mine, theirs, left):
    one, other = policy(providers={"only": mine}), policy(providers={"only": theirs})
    assert (one & other).providers.only == left
    assert (other & one).providers.only == left


def test_what_either_policy_never_uses_is_never_used():
    both = policy(providers={"never": ["p0"]}) & policy(providers={"never": ["p1"], "only": ["p2"]})
    assert (set(both.providers.never), both.providers.only) == ({"p0", "p1"}, ["p2"])


def test_a_hosts_policy_is_completed_by_the_strictest_defaults():
    complete = policy(regions=["us"]).complete()
    assert complete.minimum_grade == "documented"
    assert complete.cache == "none"
    assert complete.cache_isolation == "tenant"
    assert complete.tolerate == []
    assert complete.human_review_within_exceptions is False
    assert complete.max_attestation_age == 90 * 86400
    assert complete.max_revocation_staleness == 60
    assert complete.bind_credentials is True
    assert complete.identifiers == "refuse"
    assert (complete.regions, complete.countries, complete.providers) == (["us"], None, None)


def test_completing_changes_nothing_that_was_said():
    complete = policy(cache="disk", bind_credentials=False, tolerate=["sampling"]).complete()
    assert (complete.cache, complete.bind_credentials, complete.tolerate) == ("disk", False, ["sampling"])


@given(policies())
def test_completing_twice_is_completing_once(fields):
    once = Policy.model_validate(fields).complete()
    assert once.complete().digest == once.digest


def test_different_policies_have_different_digests():
    made = [
        policy(regions=["us"]),
        policy(regions=["eu"]),
        policy(cache="none"),
        policy(cache="disk"),
        policy(providers={"only": []}),
        policy(providers={"never": ["p0"]}),
        policy(bind_credentials=False),
        policy(tolerate=[]),
    ]
    digests = {each.digest for each in made} | {each.complete().digest for each in made}
    # Completing gives `cache: none` and `tolerate: []` to whoever is silent, so those two become the same.
    assert len(digests) == 2 * len(made) - 1


def test_the_same_policy_has_the_same_digest():
    assert policy(regions=["us"], cache="disk").digest == policy(cache="disk", regions=["us"]).digest


@pytest.mark.parametrize("mine", [None, "cut", "finish"])
@pytest.mark.parametrize("theirs", [None, "cut", "finish"])
def test_what_is_under_way_is_cut_where_either_says_so_or_nobody_says_anything(mine, theirs):
    demands = [{"cache": "none"} | ({} if word is None else {"on_revocation": word}) for word in (mine, theirs)]
    both = Policy(**demands[0]) & Policy(**demands[1])
    finished = {mine, theirs} - {None} == {"finish"}
    assert both.complete().on_revocation == ("finish" if finished else "cut")
