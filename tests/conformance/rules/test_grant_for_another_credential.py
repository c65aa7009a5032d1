from __future__ import annotations

from zdr_router.policy.accounts import fingerprint


def test_another_key_than_the_grants_is_an_error(find_in_file):
    (finding,) = find_in_file("ZDR924", key="another")
    assert finding.level == "error"
    assert "another credential" in finding.sentence


def test_a_grant_that_is_bound_to_no_key_is_an_error(find_in_file, operator):
    del operator["accounts"]["main"]["grant"]["credential"]
    (finding,) = find_in_file("ZDR924")
    assert "not bound" in finding.sentence


def test_without_the_key_nothing_is_compared(find_in_file):
    assert find_in_file("ZDR924", key=None) == []


def test_a_policy_that_binds_no_grants_compares_none(find_in_file, operator):
    operator["policy"]["bind_credentials"] = False
    assert find_in_file("ZDR924", key="another") == []


def test_any_other_part_makes_another_credential(find_in_file, configuration, operator):
    configuration["credentials"] = {"auth": "azure_ad"}
    account = operator["accounts"]["main"]
    del account["api_key"]
    account["credentials"] = {"tenant_id": "t", "client_id": "c", "client_secret": {"env": "EXAMPLE_KEY"}}
    canonical = '{"client_id":"c","client_secret":"secret","tenant_id":"t"}'
    account["grant"]["credential"] = fingerprint("main", canonical)
    assert find_in_file("ZDR924") == []
    assert [finding.id for finding in find_in_file("ZDR924", key="another")] == ["ZDR924"]
    account["credentials"]["tenant_id"] = "another"
    assert [finding.id for finding in find_in_file("ZDR924")] == ["ZDR924"]
