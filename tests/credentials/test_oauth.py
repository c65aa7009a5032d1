"""What an answer of a token endpoint is worth: a token, a no, or nothing to go by."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest

from zdr_router.credentials.base import Reply
from zdr_router.credentials.oauth import ask, read_token
from zdr_router.metadata import Outcome
from zdr_router.sealed import Sealed

WHOLE = {"access_token": "ey.J-x_/+=~", "token_type": "Bearer", "expires_in": 3600}


def reply(body: object = None, status: int = 200) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(WHOLE if body is None else body).encode()
    return Reply(status, Sealed(data))


def test_a_form_says_what_it_is_given_and_nothing_more():
    errand = ask("https://x.example/token", grant_type="a:b", secret="p&q=r s+ü")
    form = parse_qs(errand.body.open()[0].decode(), strict_parsing=True)
    assert form == {"grant_type": ["a:b"], "secret": ["p&q=r s+ü"]}


def test_a_whole_answer_is_a_token():
    token = read_token(reply())
    assert (token.text.open(), token.lifetime) == ("ey.J-x_/+=~", 3600.0)
    assert "ey.J" not in repr(token) + repr(reply())


@pytest.mark.parametrize(("said", "lifetime"), [(1, 1.0), ("3599", 3599.0), (999_999_999, 86400.0)])
def test_a_lifetime_is_seconds_and_a_day_at_most(said, lifetime):
    assert read_token(reply({**WHOLE, "expires_in": said})).lifetime == lifetime


@pytest.mark.parametrize("kind", ["bearer", "BEARER"])
def test_the_kind_of_token_is_written_as_anybody_likes(kind):
    assert read_token(reply({**WHOLE, "token_type": kind})).lifetime == 3600.0


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Outcome.CREDENTIAL),
        (401, Outcome.CREDENTIAL),
        (403, Outcome.CREDENTIAL),
        (404, Outcome.CREDENTIAL),
        (408, Outcome.TRANSIENT),
        (429, Outcome.TRANSIENT),
        (500, Outcome.TRANSIENT),
        (503, Outcome.TRANSIENT),
        (302, Outcome.TRANSIENT),
        (307, Outcome.TRANSIENT),
        (204, Outcome.TRANSIENT),
    ],
)
def test_a_no_is_about_the_credential_and_all_else_passes(status, outcome):
    assert read_token(reply(status=status)) is outcome


def test_no_answer_passes():
    assert read_token(None) is Outcome.TRANSIENT


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b"\xff",
        {},
        {**WHOLE, "access_token": ""},
        {**WHOLE, "access_token": None},
        {**WHOLE, "access_token": ["x"]},
        {**WHOLE, "access_token": "a b"},
        {**WHOLE, "access_token": "a\r\nx: y"},
        {**WHOLE, "access_token": "ü"},
        {**WHOLE, "access_token": "a" * 20_000},
        {**WHOLE, "token_type": "mac"},
        {**WHOLE, "token_type": None},
        {**WHOLE, "expires_in": 0},
        {**WHOLE, "expires_in": -1},
        {**WHOLE, "expires_in": True},
        {**WHOLE, "expires_in": 1.5},
        {**WHOLE, "expires_in": "soon"},
        {**WHOLE, "expires_in": "٣"},
        {**WHOLE, "expires_in": None},
        {name: value for name, value in WHOLE.items() if name != "expires_in"},
    ],
)
def test_an_answer_that_is_no_token_is_never_used(body):
    assert read_token(reply(body)) is Outcome.TRANSIENT
