# ruff: noqa: E402 - what is imported below needs an extra
"""What Google is asked: a statement that the key of a service account signs."""

from __future__ import annotations

import base64
import json
import traceback
from urllib.parse import parse_qs

import pytest
from here import needs_extra

needs_extra("google", "google.auth")

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from signed import service_account

from zdr_router.credentials.google import errands
from zdr_router.sealed import Sealed

NOW = 1795348800.5


def key(**changes: object) -> dict:
    return {**json.loads(service_account()), **changes}


def asked(scope: str | None = None) -> dict[str, str]:
    errand = errands(Sealed({"service_account": key()}), scope)(NOW)
    assert errand.url == "https://oauth2.googleapis.com/token"
    return {name: value for name, (value,) in parse_qs(errand.body.open()[0].decode()).items()}


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_the_statement_is_signed_by_the_key_and_counts_for_an_hour():
    form = asked()
    assert form.keys() == {"grant_type", "assertion"}
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    head, claims, signature = form["assertion"].split(".")
    private = serialization.load_pem_private_key(key()["private_key"].encode(), None)
    private.public_key().verify(decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
    assert json.loads(decoded(head)) == {"typ": "JWT", "alg": "RS256", "kid": "k-1"}
    assert json.loads(decoded(claims)) == {
        "iss": "router@p.iam.gserviceaccount.com",
        "scope": "https://www.googleapis.com/auth/cloud-platform",
        "aud": "https://oauth2.googleapis.com/token",
        "iat": 1795348800,
        "exp": 1795352400,
    }


def test_the_scope_is_that_of_the_configuration():
    claims = json.loads(decoded(asked("https://www.googleapis.com/auth/other")["assertion"].split(".")[1]))
    assert claims["scope"] == "https://www.googleapis.com/auth/other"


def test_a_key_need_not_name_an_endpoint():
    parts = {"service_account": {name: value for name, value in key().items() if name != "token_uri"}}
    assert errands(Sealed(parts), None)(NOW).url == "https://oauth2.googleapis.com/token"


WRONG = {
    "text": "-----BEGIN PRIVATE KEY-----canary",
    "a list": ["canary"],
    "a user's": {"type": "authorized_user", "refresh_token": "canary"},
    "an external account": {"type": "external_account", "credential_source": {"url": "http://canary/"}},
    "no key": {"type": "service_account", "client_email": "canary"},
    "a broken key": {**json.loads(service_account()), "private_key": "canary"},
    "no text": {**json.loads(service_account()), "private_key": 7},
    "nobody's": {**json.loads(service_account()), "client_email": None},
    "another endpoint": {**json.loads(service_account()), "token_uri": "https://canary.example/token"},
}


@pytest.mark.parametrize("kind", WRONG)
def test_another_kind_of_key_is_an_error_that_shows_nothing_of_it(kind):
    with pytest.raises(ValueError, match="not the JSON key of a service account") as caught:
        errands(Sealed({"service_account": WRONG[kind]}), None)
    assert "canary" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None
