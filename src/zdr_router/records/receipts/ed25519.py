"""Ed25519 as cryptography has it: the one module that imports that package, which comes with the extra `receipts`."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)


def generate() -> Ed25519PrivateKey:
    """A new private key."""
    return Ed25519PrivateKey.generate()


def private_key(pem: str) -> Ed25519PrivateKey | None:
    """From PKCS #8 in PEM, unencrypted; None if it is anything else."""
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, Ed25519PrivateKey) else None


def public_key(pem: str) -> Ed25519PublicKey | None:
    """From SubjectPublicKeyInfo in PEM; None if it is anything else."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, Ed25519PublicKey) else None


def private_pem(key: Ed25519PrivateKey) -> str:
    """PKCS #8 in PEM, unencrypted."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key: Ed25519PublicKey) -> str:
    """SubjectPublicKeyInfo in PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def public_der(key: Ed25519PublicKey) -> bytes:
    """SubjectPublicKeyInfo in DER."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def holds(key: Ed25519PublicKey, signature: bytes, data: bytes) -> bool:
    """Whether the signature over these bytes is that key's."""
    try:
        key.verify(signature, data)
    except InvalidSignature:
        return False
    return True
