"""What was signed, with its signatures: a DSSE envelope (protocol 1.0.0) around an in-toto statement."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import rfc8785
from pydantic import ConfigDict, ValidationError

from zdr_router.errors import AttestationError, SignatureInvalid, SignerUnknown
from zdr_router.registry.base import Declared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.records.receipts.keys import PublicKey, SigningKey

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
"""The media type of in-toto statements."""


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: type and payload, each behind its length, so that neither can pass for the other."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


class _Signature(Declared):
    model_config = ConfigDict(extra="ignore")

    sig: str
    keyid: str | None = None


class _Written(Declared):
    """The JSON of an envelope. The specification lets others add members, which are not looked at."""

    model_config = ConfigDict(extra="ignore")

    payload: str
    payloadType: str  # noqa: N815 - the specification's name
    signatures: list[_Signature]


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload and its signatures, by the name of the key that made them, where it is given."""

    payload: bytes
    signatures: tuple[tuple[str | None, bytes], ...]
    payload_type: str = PAYLOAD_TYPE

    @classmethod
    def seal(cls, payload: bytes, key: SigningKey) -> Self:
        """Sign a statement."""
        return cls(payload, ((key.id, key.sign(pae(PAYLOAD_TYPE, payload))),))

    @classmethod
    def read(cls, text: bytes) -> Self:
        """From JSON, with either alphabet of base64. Raises `AttestationError`."""
        try:
            written = _Written.model_validate_json(text)
            signatures = tuple((each.keyid, _bytes(each.sig)) for each in written.signatures)
            return cls(_bytes(written.payload), signatures, written.payloadType)
        except (ValidationError, ValueError):
            pass
        raise AttestationError("it is no DSSE envelope")

    def text(self) -> bytes:
        """Canonical JSON, in one line."""
        return rfc8785.dumps(self.as_dict())  # type: ignore[arg-type]  # it is JSON

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        signatures = [
            {**({} if keyid is None else {"keyid": keyid}), "sig": base64.b64encode(signature).decode()}
            for keyid, signature in self.signatures
        ]
        payload = base64.b64encode(self.payload).decode()
        return {"payload": payload, "payloadType": self.payload_type, "signatures": signatures}

    @property
    def digest(self) -> str:
        """What names it for the envelope that follows: `sha256:…` of its text, signatures included."""
        return "sha256:" + hashlib.sha256(self.text()).hexdigest()

    def signer(self, keys: Mapping[str, PublicKey]) -> str:
        """The name of the key, of these, that signed. Raises `SignerUnknown`, `SignatureInvalid`."""
        if self.payload_type != PAYLOAD_TYPE:
            raise AttestationError(f"its payload is not {PAYLOAD_TYPE}")
        signed = pae(self.payload_type, self.payload)
        asked = [
            (name, signature)
            for hint, signature in self.signatures
            for name in ([hint] if hint is not None else keys)
            if name in keys
        ]
        if not asked:
            named = ", ".join(hint or "a key without a name" for hint, _ in self.signatures) or "nobody"
            raise SignerUnknown(f"signed by {named}, which is not among the keys that were given")
        for name, signature in asked:
            if keys[name].signed(signature, signed):
                return name
        raise SignatureInvalid(f"the signature of {asked[0][0]} does not belong to it: it was changed")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error as error:
        raise ValueError from error
