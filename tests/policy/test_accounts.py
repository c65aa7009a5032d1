"""Accounts, grants and the fingerprints that bind them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from zdr_router.policy.accounts import Account, Grant, SecretSource, fingerprint

WORDS = st.text(st.characters(codec="utf-8"), max_size=30)


def test_a_fingerprint_never_changes_its_form():
    assert fingerprint("groq-prod", "sk-1") == "k1:2dc0d2ed69268413499b5539405df54a"


@given(WORDS, WORDS)
def test_a_fingerprint_shows_nothing_of_the_credential(account, credential):
    made = fingerprint(account, credential)
    assert re.fullmatch(r"k1:[0-9a-f]{32}", made)
    assert made == fingerprint(account, credential)


@given(WORDS, WORDS, WORDS)
def test_another_credential_or_account_has_another_fingerprint(account, credential, other):
    if other != credential:
        assert fingerprint(account, credential) != fingerprint(account, other)
    if other != account:
        assert fingerprint(account, credential) != fingerprint(other, credential)


def test_account_and_credential_do_not_run_into_each_other():
    assert fingerprint("ab", "c") != fingerprint("a", "bc")


@pytest.mark.parametrize("source", [{}, {"env": "A", "file": "/b"}, {"env": ""}, {"literal": "sk"}])
def test_a_secret_comes_from_one_place(source):
    with pytest.raises(ValidationError):
        SecretSource.model_validate(source)


def test_a_key_is_never_written_in_a_file_and_the_error_does_not_repeat_it():
    with pytest.raises(ValidationError, match="never written") as caught:
        Account.model_validate({"configuration": "p0/c0", "api_key": "sk-very-secret"})
    assert "sk-very-secret" not in str(caught.value)


def grant(**changes) -> dict:
    return {"basis": "contract", "stated_by": "us", "since": "2026-01-01", "until": "2026-12-31", **changes}


def test_a_grant_may_last_one_day():
    Grant.model_validate(grant(until="2026-01-01"))


@pytest.mark.parametrize(
    "changes",
    [
        {"until": "2025-12-31"},
        {"since": "tomorrow"},
        {"since": "2026-01-01T00:00:00"},
        {"basis": "rumour"},
        {"credential": "sk-raw"},
        {"credential": "k1:" + "A" * 32},
        {"scope": {"galaxy": "ours"}},
        {"stated_by": " "},
    ],
)
def test_a_grant_that_cannot_be_understood_is_an_error(changes):
    with pytest.raises(ValidationError):
        Grant.model_validate(grant(**changes))
