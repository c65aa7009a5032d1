"""What a credential consists of, by the way to authenticate, and that no part of it is written down."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from zdr_router.policy.accounts import Account
from zdr_router.policy.secrets import PARTS, CredentialParts, SecretSource, how_to_give

SOURCE = {"env": "A"}
AWS = {"access_key_id": SOURCE, "secret_access_key": SOURCE}
GOOGLE = {"service_account": {"file": "key.json"}}
AZURE = {"tenant_id": "contoso.onmicrosoft.com", "client_id": "6-7", "client_secret": SOURCE}
WHOLE = {"aws_sigv4": AWS, "google": GOOGLE, "azure_ad": AZURE}
EVERY = ["aws_sigv4", "google", "azure_ad", "ibm_iam", "bearer", "x-api-key", "api-key", "none"]


def account(**members) -> Account:
    return Account.model_validate({"configuration": "p0/c0", **members})


def test_every_kind_of_credential_is_tried_here():
    assert WHOLE.keys() == PARTS.keys()


@pytest.mark.parametrize("auth", WHOLE)
@pytest.mark.parametrize("other", EVERY)
def test_a_whole_credential_is_made_for_one_way_alone(auth, other):
    assert CredentialParts.model_validate(WHOLE[auth]).made_for(other) == (auth == other)
    assert account(credentials=WHOLE[auth]).misfit(other) == ("" if auth == other else "credentials")


@pytest.mark.parametrize("auth", EVERY)
def test_a_key_does_where_one_key_is_asked_for(auth):
    assert account(api_key=SOURCE).misfit(auth) == ("api_key" if auth in PARTS else "")
    assert account().misfit(auth) == ""


def test_a_session_token_comes_along_with_keys_of_aws_alone():
    assert CredentialParts.model_validate({**AWS, "session_token": SOURCE}).made_for("aws_sigv4")
    with pytest.raises(ValidationError, match="credentials are one of"):
        CredentialParts.model_validate({**GOOGLE, "session_token": SOURCE})


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"access_key_id": SOURCE},
        {"session_token": SOURCE},
        {name: part for name, part in AZURE.items() if name != "tenant_id"},
        {**AWS, **GOOGLE},
        {**AWS, "client_id": "6-7"},
    ],
)
def test_parts_that_make_no_whole_are_an_error_that_shows_the_wholes(parts):
    with pytest.raises(ValidationError, match=r"access_key_id: .*, or .*service_account: .*, or .*tenant_id: "):
        CredentialParts.model_validate(parts)


@pytest.mark.parametrize("name", ["access_key_id", "secret_access_key", "service_account", "client_secret"])
def test_no_secret_part_is_written_in_a_file_and_the_error_does_not_repeat_it(name):
    with pytest.raises(ValidationError, match="never written") as caught:
        CredentialParts.model_validate({name: "sk-very-secret"})
    assert "sk-very-secret" not in str(caught.value)


@pytest.mark.parametrize("tenant", ["", "a/b", "../x", "a b", "a?x=1", "a#b", "a%2fb", "-a", "a" * 200, 7])
def test_a_tenant_cannot_lead_to_another_address(tenant):
    with pytest.raises(ValidationError):
        CredentialParts.model_validate({**AZURE, "tenant_id": tenant})


def test_what_to_provide_is_said_for_each_secret():
    assert [source.provide for source in account(credentials=AWS).secrets] == ["set the environment variable A"] * 2
    assert [source.provide for source in account(credentials=GOOGLE).secrets] == ["provide the file key.json"]
    assert [source.provide for source in account(credentials=AZURE).secrets] == ["set the environment variable A"]
    assert account(api_key=SOURCE).secrets == (SecretSource(env="A"),)
    assert account().secrets == ()


def test_how_to_give_a_credential_is_said_for_every_way():
    assert how_to_give("bearer") == how_to_give("ibm_iam") == "give the account an `api_key`"
    assert how_to_give("bearer", "KEY") == "give the account `api_key: {env: KEY}`"
    assert how_to_give("google", "KEY") == "give the account `credentials: {service_account: {file: PATH}}`"
    assert "leave it out" in how_to_give("none")
