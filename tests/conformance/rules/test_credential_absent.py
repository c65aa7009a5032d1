from __future__ import annotations

import pytest


def test_a_key_that_is_not_there_is_warned_of(find_in_file):
    (finding,) = find_in_file("ZDR923", key=None)
    assert (finding.level, finding.fix) == ("warning", "set the environment variable EXAMPLE_KEY")


def test_a_key_file_that_is_not_there_is_warned_of(find_in_file, operator, tmp_path):
    operator["accounts"]["main"]["api_key"] = {"file": str(tmp_path / "key")}
    assert [finding.level for finding in find_in_file("ZDR923")] == ["warning"]
    (tmp_path / "key").write_text("secret", encoding="utf-8")
    assert find_in_file("ZDR923") == []


def test_a_hosted_account_that_names_no_key_is_an_error(find_in_file, operator):
    del operator["accounts"]["main"]["api_key"]
    (finding,) = find_in_file("ZDR923")
    assert (finding.level, finding.sentence) == ("error", "it needs a key and names none")


def test_where_no_key_is_asked_for_none_is_missed(find_in_file, operator, configuration):
    configuration["credentials"] = {"auth": "none"}
    del operator["accounts"]["main"]["api_key"]
    assert find_in_file("ZDR923") == []


def test_the_key_is_never_shown(find_in_file):
    assert "another-secret" not in repr(find_in_file("ZDR924", key="another-secret"))


PARTS = {"tenant_id": "t", "client_id": "c", "client_secret": {"env": "EXAMPLE_KEY"}}


def test_a_part_that_is_not_there_is_warned_of_where_it_is_named(find_in_file, configuration, operator):
    configuration["credentials"] = {"auth": "azure_ad"}
    del operator["accounts"]["main"]["api_key"]
    operator["accounts"]["main"]["credentials"] = PARTS
    (finding,) = find_in_file("ZDR923", key=None)
    assert (finding.level, finding.fix) == ("warning", "set the environment variable EXAMPLE_KEY")
    assert find_in_file("ZDR923") == []


@pytest.mark.parametrize(
    ("auth", "fix"),
    [
        ("azure_ad", "give the account `credentials: {tenant_id: ID, client_id: ID, client_secret: {env: NAME}}`"),
        ("ibm_iam", "give the account `api_key: {env: NAME}`"),
    ],
)
def test_an_account_whose_requests_are_signed_names_its_credential(find_in_file, configuration, operator, auth, fix):
    configuration["credentials"] = {"auth": auth}
    del operator["accounts"]["main"]["api_key"]
    (finding,) = find_in_file("ZDR923")
    assert (finding.level, finding.fix) == ("error", fix)
