# ruff: noqa: E402 - what is imported below needs an extra
"""Signature Version 4, held against a signature that AWS published and against its text, written out once more here."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from urllib.parse import quote, urlsplit

import pytest
from here import needs_extra

needs_extra("aws", "botocore")

from signed import CANARY

from zdr_router.credentials.aws import AwsSigner
from zdr_router.policy.signing import Unsigned
from zdr_router.sealed import Sealed

NOW = 1440938160.0
"""2015-08-30T12:36:00Z."""
EXAMPLE_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
FIELDS = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<id>[^/]+)/(?P<scope>[^,]+), SignedHeaders=(?P<names>[^,]+), Signature=(?P<is>\w+)"
)


def signature(key: str, stamp: str, scope: str, canonical: str) -> str:
    """As AWS describes it: a key derived step by step, over the digest of the canonical request."""
    derived = f"AWS4{key}".encode()
    for step in scope.split("/"):
        derived = hmac.digest(derived, step.encode(), "sha256")
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    return hmac.new(derived, text.encode(), "sha256").hexdigest()


def canonical_request(method: str, url: str, headers: dict[str, str], body: bytes) -> str:
    parts = urlsplit(url)
    path = quote(parts.path or "/", safe="/-_.~")
    lines = [f"{name}:{' '.join(headers[name].split())}" for name in sorted(headers)]
    digest = hashlib.sha256(body).hexdigest()
    return "\n".join([method, path, parts.query, *lines, "", ";".join(sorted(headers)), digest])


def test_the_text_written_out_here_gives_the_signature_that_aws_published():
    """`post-vanilla` of the test suite for Signature Version 4."""
    headers = {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"}
    canonical = canonical_request("POST", "https://example.amazonaws.com/", headers, b"")
    made = signature(EXAMPLE_KEY, "20150830T123600Z", "20150830/us-east-1/service/aws4_request", canonical)
    assert made == "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"


async def sign(url: str, body: bytes = b"{}", *, service: str | None = None, **parts: str) -> dict[str, str]:
    keys = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": EXAMPLE_KEY, **parts}
    signer = AwsSigner(Sealed(keys), region="eu-central-1", service=service, clock=lambda: NOW)
    headers = {"content-type": "application/json", "accept": "*/*", "user-agent": "zdr-router"}
    return dict(
        await signer.sign(Unsigned("POST", url, headers, Sealed((body[:1], memoryview(body)[1:]))), deadline=0.0)
    )


RUNTIME = "https://bedrock-runtime.eu-central-1.amazonaws.com/openai/v1/chat/completions"


@pytest.mark.parametrize(
    "url",
    [
        RUNTIME,
        "https://bedrock-runtime.eu-central-1.amazonaws.com/model/anthropic.claude-haiku-4-5-20251001-v1:0/converse",
        "https://bedrock-runtime.eu-central-1.amazonaws.com/model/anthropic.claude-haiku-4-5%3A0/invoke",
        "https://vpce-0a.bedrock-runtime.eu-central-1.vpce.amazonaws.com:8443/v1/chat/completions",
        "http://127.0.0.1:8081/v1/chat/completions",
    ],
)
@pytest.mark.parametrize("session", [{}, {"session_token": "FwoGZXIvYXdzE/ses+sion=="}])
@pytest.mark.parametrize("body", [b'{"messages":[]}', '{"é":"\u2028"}'.encode()])
async def test_method_address_body_and_types_are_signed(url, session, body):
    added = await sign(url, body, **session)
    assert added["x-amz-date"] == "20150830T123600Z"
    assert added["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest()
    assert added.get("x-amz-security-token") == session.get("session_token")
    fields = FIELDS.fullmatch(added.pop("authorization"))
    headers = {**added, "host": urlsplit(url).netloc, "content-type": "application/json", "accept": "*/*"}
    assert fields["id"] == "AKIDEXAMPLE"
    assert fields["scope"] == "20150830/eu-central-1/bedrock/aws4_request"
    assert fields["names"].split(";") == sorted(headers)
    canonical = canonical_request("POST", url, headers, body)
    assert fields["is"] == signature(EXAMPLE_KEY, "20150830T123600Z", fields["scope"], canonical)


async def test_the_service_is_that_of_the_configuration():
    added = await sign("https://bedrock-mantle.eu-central-1.api.aws/v1/chat/completions", service="bedrock-mantle")
    assert "/eu-central-1/bedrock-mantle/aws4_request," in added["authorization"]


async def test_no_key_and_no_session_token_is_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        await sign(RUNTIME, secret_access_key=CANARY, session_token=f"{CANARY}==")
    assert CANARY not in caplog.text


async def test_nothing_is_asked_of_the_machine(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-the-machine")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-the-machine")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-9")
    added = await sign(RUNTIME)
    assert "of-the-machine" not in str(added)
    assert "us-west-9" not in str(added)
    assert "x-amz-security-token" not in added
