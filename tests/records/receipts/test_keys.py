# ruff: noqa: E402 - what is imported below needs an extra
from __future__ import annotations

import hashlib
import re
import subprocess
import sys

import pytest
from here import needs_extra

from zdr_router.errors import ConfigError

needs_extra("receipts", "cryptography")

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from zdr_router.records.receipts.keys import PublicKey, SigningKey


def test_a_pair_is_read_back_from_pem():
    key = SigningKey.generate()
    again, public = SigningKey.read(key.pem()), PublicKey.read(key.public.pem)
    assert again.id == public.id == key.id
    assert public.signed(again.sign(b"x"), b"x")
    assert not public.signed(again.sign(b"x"), b"y")
    assert not public.signed(b"", b"x")


def test_a_key_is_named_by_the_digest_of_its_public_half():
    key = SigningKey.generate()
    der = key._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert key.id == "sha256:" + hashlib.sha256(der).hexdigest()


def test_a_private_key_shows_its_name_alone():
    key = SigningKey.generate()
    assert repr(key) == f"SigningKey({key.id})"
    assert not hasattr(key, "__dict__")


def test_another_kind_of_key_is_an_error_that_does_not_quote_it():
    other = ec.generate_private_key(ec.SECP256R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = other.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    given = [(SigningKey.read, pem), (SigningKey.read, "canary"), (PublicKey.read, public), (PublicKey.read, "canary")]
    for read, text in given:
        with pytest.raises(ConfigError) as error:
            read(text, "zdr.yaml:3")
        assert re.fullmatch("zdr.yaml:3: this is no .* Ed25519 key in PEM.*; make a pair with: .*", str(error.value))
        assert not any(line in str(error.value) for line in text.splitlines())
        assert error.value.__context__ is None


def test_the_extra_is_asked_for_where_it_is_missing_and_the_command_loads_without_it():
    code = (
        "import sys; sys.modules['cryptography'] = None\n"
        "import zdr_router.cli.app\n"
        "from zdr_router.records.receipts.keys import SigningKey\n"
        "try: SigningKey.read('x', 'zdr.yaml:3')\n"
        "except zdr_router.ConfigError as error: print(error)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60).stdout
    assert told.startswith("zdr.yaml:3: receipts need cryptography")
    assert "pip install 'zdr-router[receipts]'" in told
