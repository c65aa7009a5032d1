"""Who seals: Ed25519 keys in PEM, named by the digest of their public half."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from zdr_router.errors import ConfigError, Problem

if TYPE_CHECKING:
    from types import ModuleType

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_MAKE: Final = "make a pair with: zdr receipts keygen receipts.key"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Checks signatures. `id` is `sha256:…` over its SubjectPublicKeyInfo in DER."""

    id: str
    pem: str
    _key: Ed25519PublicKey = field(repr=False, compare=False)

    @classmethod
    def read(cls, pem: str, where: str = "") -> Self:
        """From PEM (SubjectPublicKeyInfo). Raises `ConfigError`."""
        key = _ed25519().public_key(pem)
        if key is None:
            raise ConfigError(Problem("this is no public Ed25519 key in PEM", file=where, fix=_MAKE))
        return cls.of(key)

    @classmethod
    def of(cls, key: Ed25519PublicKey) -> Self:
        """From cryptography's own."""
        known = _ed25519()
        return cls("sha256:" + hashlib.sha256(known.public_der(key)).hexdigest(), known.public_pem(key), key)

    def signed(self, signature: bytes, data: bytes) -> bool:
        """Whether the signature over these bytes is its."""
        return bool(_ed25519().holds(self._key, signature, data))


class SigningKey:
    """Signs. Its private half is in no `repr`."""

    __slots__ = ("_key", "public")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        """From cryptography's own."""
        self._key = key
        self.public = PublicKey.of(key.public_key())

    @classmethod
    def generate(cls) -> Self:
        """A new one. Raises `ConfigError` where the extra is missing."""
        return cls(_ed25519().generate())

    @classmethod
    def read(cls, pem: str, where: str = "") -> Self:
        """From PEM (PKCS #8, not encrypted). Raises `ConfigError`, which says nothing of what was read."""
        key = _ed25519(where).private_key(pem)
        if key is None:
            raise ConfigError(Problem("this is no private Ed25519 key in PEM, unencrypted", file=where, fix=_MAKE))
        return cls(key)

    @property
    def id(self) -> str:
        """The name of its public half."""
        return self.public.id

    def pem(self) -> str:
        """PKCS #8, not encrypted: for a file that its owner alone may read."""
        return str(_ed25519().private_pem(self._key))

    def sign(self, data: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(data)

    def __repr__(self) -> str:
        """Its name alone."""
        return f"SigningKey({self.id})"


def _ed25519(where: str = "") -> ModuleType:
    """What comes with the extra; it is loaded once a key is at hand."""
    try:
        from zdr_router.records.receipts import ed25519  # noqa: PLC0415 - needs the extra `receipts`
    except ModuleNotFoundError as error:
        problem = Problem(f"receipts need {error.name}", file=where, fix="pip install 'zdr-router[receipts]'")
    else:
        return ed25519
    raise ConfigError(problem)
