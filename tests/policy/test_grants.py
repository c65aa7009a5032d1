"""When a grant counts: to the day, in its scope, for its credential."""

from __future__ import annotations

import datetime as dt

import pytest
from world import World

from zdr_router.policy.clearance import Clearance
from zdr_router.policy.policy import Policy
from zdr_router.policy.secrets import how_to_give


def at(text: str) -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()


def set_now(case, text: str) -> None:
    case.now = at(text)
    case.trust["as_of"] = case.now


@pytest.mark.parametrize(
    ("now", "counts"),
    [
        ("2026-11-09T23:59:59.999", False),
        ("2026-11-10T00:00:00", True),
        ("2026-11-30T23:59:59.999", True),
        ("2026-12-01T00:00:00", False),
    ],
)
def test_a_grant_counts_from_since_to_the_end_of_until(case, account, refusals, now, counts):
    account["grant"].update(since="2026-11-10", until="2026-11-30")
    set_now(case, now)
    assert refusals() == ([] if counts else ["ZDR303", "ZDR401"])


@pytest.mark.parametrize(("now", "counts"), [("2026-11-19T23:59:59.999", False), ("2026-11-20T00:00:00", True)])
def test_a_mechanism_counts_from_the_day_it_takes_effect(case, configuration, refusals, now, counts):
    configuration["mechanism"]["effective_from"] = "2026-11-20"
    set_now(case, now)
    assert refusals() == ([] if counts else ["ZDR308"])


def test_a_clearance_ends_when_the_grant_does(account, cleared):
    account["grant"]["until"] = "2026-11-24"
    assert cleared().until == at("2026-11-25T00:00:00")


@pytest.mark.parametrize(
    ("account_scope", "grant_scope", "within"),
    [
        ({"organization": "ours"}, {}, True),
        ({"organization": "ours", "project": "p"}, {"organization": "ours"}, True),
        ({"organization": "ours"}, {"organization": "ours", "project": "p"}, False),
        ({"organization": "ours", "project": "q"}, {"organization": "ours", "project": "p"}, False),
        ({}, {}, True),
        ({}, {"organization": "ours"}, False),
    ],
)
def test_an_account_lies_within_the_scope_of_its_grant(account, refusals, account_scope, grant_scope, within):
    account["scope"], account["grant"]["scope"] = account_scope, grant_scope
    assert ("ZDR304" not in refusals()) == within


@pytest.mark.parametrize("kind", ["default", "request_parameter"])
def test_documents_are_enough_where_nothing_is_arranged(case, configuration, account, refusals, kind):
    configuration["mechanism"]["kind"] = kind
    del account["grant"]
    assert refusals() == ["ZDR401"]
    case.operator["policy"]["minimum_grade"] = "documented"
    assert refusals() == []


@pytest.mark.parametrize(
    "kind", ["org_setting", "project_setting", "contract", "gateway_agreement", "self_operated", "enclave"]
)
def test_everything_else_needs_a_grant_of_its_own_kind(case, configuration, account, refusals, kind):
    configuration["mechanism"]["kind"] = account["grant"]["basis"] = kind
    configuration["engine"] = {"name": "engine", "versions": ">=1"}
    assert refusals() == []
    case.operator["policy"]["minimum_grade"] = "documented"
    account["grant"]["basis"] = "default"
    assert refusals() == ["ZDR302"]
    del account["grant"]
    assert refusals() == ["ZDR301"]


def test_a_server_of_ones_own_may_have_no_key_and_then_its_grant_names_none(
    case, configuration, account, clear, refusals
):
    configuration["mechanism"] = {"kind": "self_operated"}
    configuration["engine"] = {"name": "engine", "versions": ">=1"}
    account["grant"]["basis"] = "self_operated"
    del account["api_key"], account["grant"]["credential"], case.credentials["main"]
    assert isinstance(clear(), Clearance)
    account["grant"]["credential"] = "k1:" + "0" * 32
    assert refusals() == ["ZDR305", "ZDR401"]


def test_a_server_of_ones_own_whose_key_is_named_needs_it(case, configuration, account, refusals):
    configuration["mechanism"] = {"kind": "self_operated"}
    configuration["engine"] = {"name": "engine", "versions": ">=1"}
    account["grant"]["basis"] = "self_operated"
    del case.credentials["main"]
    assert refusals() == ["ZDR309", "ZDR401"]


def test_somebody_elses_server_needs_a_key_whether_the_account_names_one_or_not(case, account, clear):
    del account["api_key"], case.credentials["main"]
    first = clear()[0]
    assert (first.id, first.fix) == ("ZDR309", "give the account an `api_key`")


def test_what_takes_no_credential_lacks_none(case, configuration, account, refusals):
    configuration["credentials"] = {"auth": "none"}
    del case.credentials["main"], account["grant"]["credential"]
    assert refusals() == ["ZDR309", "ZDR401"]  # the account names a key all the same
    del account["api_key"]
    assert refusals() == []


@pytest.mark.parametrize(
    ("source", "fix"),
    [({"env": "P0_KEY"}, "set the environment variable P0_KEY"), ({"file": "/run/p0"}, "provide the file /run/p0")],
)
def test_a_missing_credential_is_asked_for_where_it_is_looked_for(case, account, clear, source, fix):
    account["api_key"] = source
    del case.credentials["main"]
    assert fix in [refusal.fix for refusal in clear()]


def test_the_fix_of_a_missing_grant_says_what_to_switch_on_first(configuration, account, clear):
    configuration["mechanism"]["how"] = "Console, Zero Data Retention"
    del account["grant"]
    (fix,) = [refusal.fix for refusal in clear() if refusal.id == "ZDR301"]
    assert fix == "Console, Zero Data Retention, then state one: zdr grant main"


def test_a_policy_that_was_not_completed_still_binds_credentials(case, account):
    """Nothing in a policy that is silent may be read as consent."""
    del account["grant"]["credential"]
    world = World(case)
    world.policy = Policy.model_validate({"cache": "gpu_memory"})
    (verdict,) = world.clear_all().values()
    assert {refusal.id for refusal in verdict} == {"ZDR305"}


@pytest.fixture
def without_credential(case, configuration, account):
    """The account names no credential for this way to authenticate."""

    def leave_out(auth):
        configuration["credentials"] = {"auth": auth}
        del account["api_key"], case.credentials["main"], account["grant"]["credential"]

    return leave_out


@pytest.mark.parametrize("auth", ["aws_sigv4", "google", "azure_ad", "ibm_iam"])
def test_what_has_to_be_signed_needs_a_credential(without_credential, clear, auth):
    without_credential(auth)
    assert (clear()[0].id, clear()[0].fix) == ("ZDR309", how_to_give(auth))


def test_what_has_to_be_signed_needs_a_credential_on_ones_own_server_too(
    without_credential, configuration, account, refusals
):
    without_credential("ibm_iam")
    configuration["mechanism"] = {"kind": "self_operated"}
    configuration["engine"] = {"name": "engine", "versions": ">=1"}
    account["grant"]["basis"] = "self_operated"
    assert refusals() == ["ZDR309", "ZDR401"]


def test_every_part_of_a_credential_that_is_missing_is_asked_for(case, configuration, account, clear):
    configuration["credentials"] = {"auth": "aws_sigv4"}
    del account["api_key"], case.credentials["main"]
    account["credentials"] = {"access_key_id": {"env": "AWS_ID"}, "secret_access_key": {"file": "/run/aws"}}
    assert clear()[0].fix == "set the environment variable AWS_ID and provide the file /run/aws"
