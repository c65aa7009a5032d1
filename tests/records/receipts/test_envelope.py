# ruff: noqa: E402 - what is imported below needs an extra
"""Envelopes, against the vectors that the DSSE project publishes."""

from __future__ import annotations

import base64
import json

import pytest
from here import needs_extra

from zdr_router.errors import AttestationError, SignatureInvalid, SignerUnknown
from zdr_router.records.receipts.envelope import Envelope, pae

needs_extra("receipts", "cryptography")

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from zdr_router.records.receipts.keys import SigningKey

SEEDS = {
    "A": "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "B": "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
}
KEYS = {name: SigningKey(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))) for name, seed in SEEDS.items()}
PUBLIC = {name: key.public for name, key in KEYS.items()}
IN_TOTO = "application/vnd.in-toto+json"
BODY = "eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEifQ=="
SIGNED = "2WAfaHm5jluo0w+0rk8uVkluELJYWjSmU9x7EUzx+AyteDGJ4/nqyJXfmAUVFIAoQafWm7AxBZNw5M9ixNHiCA=="
SIGNED_BYTES = "P-_KHICeR7tI6S_YyejJTRtrXhcQyQ2LYPaL8h90KjC9qN8HU_svOQ6TuDOT1HIrsGW886DbWNWcCmX5twLrAw=="
SIGNED_BY_B = "c1+67/aT0yqEpwx8PsVY3MLHsj9D0CZ014/Fv/QlG59P+9CobUZ7xECJ/V3USG0Ob9CiE5LjReEZUzNF2l7eBw=="
SIGNED_NOTHING = "gSggCAaTLTYyRH6FIDBem6meyIynsYy8RTHVzwx9tnTb7Bg/1jMWnuVgI/gffqmbsC2VX5/jHfkkDqsj7CDbDg=="
SIGNED_WITHOUT_TYPE = "iC3q/+3Rm0+lpAJRueDmDh15PnwCfxKmS0NAfKsbv+zgulXQC/WM9trc+j1XEqlwDIg/vf/uNfebeD6sxInrDg=="


def envelope(payload=BODY, kind=IN_TOTO, sig=SIGNED, keyid="A"):
    signature = {"sig": sig} if keyid is None else {"sig": sig, "keyid": keyid}
    return Envelope.read(json.dumps({"payload": payload, "payloadType": kind, "signatures": [signature]}).encode())


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("http://example.com/HelloWorld", b"hello world", b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"),
        (IN_TOTO, b"", b"DSSEv1 28 application/vnd.in-toto+json 0 "),
        ("application/vnd.ex\u00e4mple+json", b"x", b"DSSEv1 29 application/vnd.ex\xc3\xa4mple+json 1 x"),
    ],
    ids=["specification", "empty", "length in bytes"],
)
def test_what_is_signed_is_what_the_specification_says(kind, body, expected):
    assert pae(kind, body) == expected


@pytest.mark.parametrize(
    ("given", "key"),
    [
        (envelope(), "A"),
        (envelope(keyid=None), "A"),
        (
            envelope(
                "-_-_Pj8=",
                sig=SIGNED_BYTES,
            ),
            "A",
        ),
        (
            envelope("", sig=SIGNED_NOTHING),
            "A",
        ),
        (
            envelope(
                sig=SIGNED_BY_B,
                keyid="B",
            ),
            "B",
        ),
    ],
    ids=["single signature", "without keyid", "url-safe base64", "empty payload", "another key"],
)
def test_a_published_envelope_is_accepted(given, key):
    assert given.signer(PUBLIC) == key


def test_the_published_signature_is_the_one_that_is_made():
    (made,) = Envelope.seal(base64.b64decode(BODY), KEYS["A"]).signatures
    assert base64.b64encode(made[1]).decode() == SIGNED


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (envelope(kind="application/vnd.example.other+json"), AttestationError),
        (
            envelope(kind="", sig=SIGNED_WITHOUT_TYPE),
            AttestationError,
        ),
        (envelope(payload=base64.b64encode(b"{}").decode()), SignatureInvalid),
        (envelope(keyid="B"), SignatureInvalid),
        (envelope(keyid="C"), SignerUnknown),
    ],
    ids=["payload type swapped", "empty payload type", "another payload", "another key's name", "an unknown key"],
)
def test_an_envelope_that_does_not_hold_is_an_error(given, error):
    with pytest.raises(error):
        given.signer(PUBLIC)


def test_an_envelope_that_nobody_signed_is_an_error():
    with pytest.raises(SignerUnknown, match="nobody"):
        Envelope(b"{}", ()).signer(PUBLIC)


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"payload":"!","payloadType":"x","signatures":[]}'])
def test_what_is_no_envelope_is_an_error_that_quotes_nothing(text):
    with pytest.raises(AttestationError, match="it is no DSSE envelope") as error:
        Envelope.read(text)
    assert error.value.__context__ is None


def test_what_was_written_is_read():
    made = Envelope.seal(b"{}", KEYS["A"])
    assert Envelope.read(made.text()) == made
    assert made.digest != Envelope.seal(b"{}", KEYS["B"]).digest
