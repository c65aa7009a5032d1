"""Standings: to the day, over every leg, with the cache switched off or kept apart where that can be done."""

from __future__ import annotations

import datetime as dt

import pytest
from strategies import MEDIA


def set_now(case, text: str) -> None:
    case.now = dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()
    case.trust["as_of"] = case.now


@pytest.mark.parametrize(
    ("now", "refused"),
    [
        ("2026-11-19T23:59:59.999", ["ZDR102"]),
        ("2026-11-20T00:00:00", []),
        ("2026-12-01T23:59:59.999", []),
        ("2026-12-02T00:00:00", ["ZDR101"]),
    ],
)
def test_an_attestation_holds_from_the_day_it_was_observed_to_the_end_of_its_last(
    case, configuration, refusals, now, refused
):
    configuration["attestation"].update(observed="2026-11-20", expires="2026-12-01")
    set_now(case, now)
    assert refusals() == refused


@pytest.mark.parametrize(("now", "refused"), [("2026-11-11T23:59:59.999", []), ("2026-11-12T00:00:00", ["ZDR103"])])
def test_an_attestation_is_younger_than_the_policy_demands(case, refusals, now, refused):
    case.operator["policy"]["max_attestation_age"] = "10d"
    set_now(case, now)
    assert refusals() == refused


def test_an_engine_that_was_read_for_its_versions_does_not_age(case, configuration, account, refusals):
    configuration["mechanism"] = {"kind": "self_operated"}
    configuration["engine"] = {"name": "engine", "versions": ">=1"}
    account["grant"].update(basis="self_operated", until="2029-12-31")
    del configuration["attestation"]["expires"]
    set_now(case, "2029-01-01T00:00:00")
    assert refusals() == []


def test_every_flag_of_every_party_is_told(configuration, clear):
    configuration["flags"].update(stores_prompts="yes", human_review="unknown")
    configuration["legs"][0]["flags"]["logs_content"] = "yes"
    assert [refusal.sentence for refusal in clear()] == [
        "stores_prompts is yes",
        "human_review is unknown",
        "gateway leg: logs_content is yes",
    ]


@pytest.mark.parametrize("accepted", MEDIA)
@pytest.mark.parametrize("medium", MEDIA)
def test_a_cache_is_as_volatile_as_the_policy_demands(case, configuration, refusals, medium, accepted):
    case.operator["policy"]["cache"] = accepted
    configuration["cache"]["medium"] = medium
    fits = medium != "unknown" and MEDIA.index(medium) <= MEDIA.index(accepted)
    assert refusals() == ([] if fits else ["ZDR202"])


OFF = {"off": {"cache_prompt": False}}


@pytest.mark.parametrize("medium", ["disk", "unknown"])
def test_a_cache_that_is_too_durable_is_switched_off(configuration, cleared, medium):
    configuration["cache"] = {"medium": medium, "can_disable": True, "isolation": OFF}
    assert [forced.name for forced in cleared().forced] == ["store", "cache_prompt"]


@pytest.mark.parametrize(
    "cache",
    [
        {"can_disable": False, "isolation": OFF},
        {"can_disable": True},
        {"can_disable": True, "isolation": {"parameter": "cache_salt"}},
    ],
)
def test_a_cache_that_cannot_be_switched_off_is_not(configuration, refusals, cache):
    configuration["cache"] = {"medium": "disk", **cache}
    assert refusals() == ["ZDR202"]


def _forced(case, configuration, cleared, isolation) -> list[str]:
    case.operator["tenants"] = {"acme": {"accounts": []}}
    configuration["cache"]["isolation"] = isolation
    return [forced.name for forced in cleared().forced]


def test_tenants_are_kept_apart_by_a_salt(case, configuration, cleared):
    assert _forced(case, configuration, cleared, {"parameter": "cache_salt"}) == ["store", "cache_salt"]


def test_tenants_are_kept_apart_by_switching_the_cache_off(case, configuration, cleared):
    assert _forced(case, configuration, cleared, OFF) == ["store", "cache_prompt"]


def test_nothing_is_kept_apart_where_nothing_is_shared(configuration, cleared):
    configuration["cache"]["isolation"] = {"parameter": "cache_salt"}
    assert [forced.name for forced in cleared().forced] == ["store"]


@pytest.mark.parametrize("change", ["no isolation demanded", "no cache", "an owner"])
def test_a_shared_cache_matters_only_where_it_is_shared(case, configuration, refusals, change):
    case.operator["tenants"] = {"acme": {"accounts": []}}
    assert refusals() == ["ZDR203"]
    if change == "no isolation demanded":
        case.operator["policy"]["cache_isolation"] = "none"
    elif change == "no cache":
        configuration["cache"]["medium"] = "none"
    else:
        case.operator["tenants"]["acme"]["accounts"].append("main")
        case.tenant = "acme"
    assert refusals() == []


def test_review_within_exceptions_is_for_the_policy_to_accept(case, configuration, refusals):
    configuration["exceptions"] = [{"trigger": "abuse_flag", "human_review": "yes"}]
    case.operator["policy"]["tolerate"] = ["abuse_flag"]
    assert refusals() == ["ZDR205"]
    case.operator["policy"]["human_review_within_exceptions"] = True
    assert refusals() == []


@pytest.mark.parametrize(
    ("demanded", "refused"), [("claimed", []), ("contracted", []), ("verified", ["ZDR401"]), ("enclave", ["ZDR401"])]
)
def test_a_grant_is_worth_a_contract(case, refusals, demanded, refused):
    case.operator["policy"]["minimum_grade"] = demanded
    assert refusals() == refused


def test_a_policy_may_name_providers_and_configurations(case, refusals):
    for providers, refused in (
        ({"only": ["p0"]}, []),
        ({"only": ["p0/c0"]}, []),
        ({"never": ["p1", "p0/c1"]}, []),
        ({"only": ["p0"], "never": ["p0/c0"]}, ["ZDR706"]),
    ):
        case.operator["policy"]["providers"] = providers
        assert refusals() == refused


def test_a_base_url_may_end_in_a_slash(account, configuration, refusals):
    account["base_url"] = "https://api.p0.example/v1/"
    configuration["hosts"] = ["https://eu.p0.example/v1", "https://api.p0.example/v1/"]
    assert refusals() == []


REGIONAL = "https://api.{region}.p0.example/v1"


def test_a_host_with_a_placeholder_is_named_by_the_account(account, configuration, refusals):
    configuration["hosts"] = [REGIONAL]
    configuration["regions"] = ["eu"]
    account.pop("base_url", None)
    assert refusals() == ["ZDR701"]
    account["base_url"] = "https://api.eu.p0.example/v1"
    assert refusals() == []
    account["base_url"] = "https://api.eu.p0.example.evil.example/v1"
    assert refusals() == ["ZDR701"]


def test_a_region_in_the_host_is_where_content_is_processed(case, account, configuration, refusals):
    configuration["hosts"] = [REGIONAL]
    configuration["regions"] = ["eu", "us"]
    account["base_url"] = "https://api.eu.p0.example/v1"
    case.operator["policy"]["regions"] = ["eu"]
    assert refusals() == []
    account["base_url"] = "https://api.us.p0.example/v1"
    assert refusals() == ["ZDR702"]
    account["base_url"] = "https://api.cn.p0.example/v1"
    assert "ZDR701" in refusals()


@pytest.mark.parametrize("auth", ["aws_sigv4", "google", "azure_ad", "ibm_iam"])
def test_every_way_to_authenticate_that_can_be_declared_is_spoken(configuration, refusals, auth):
    configuration["credentials"] = {"env": "P0", "auth": auth}
    assert refusals() == []
