"""By whose word receipts hold: the keys that a reader was given, those that they named, and since when which do not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from zdr_router.errors import ConfigError, Problem, SignatureInvalid, SignerUnknown
from zdr_router.records.receipts.keys import PublicKey
from zdr_router.records.receipts.statement import Digest, read_instant
from zdr_router.registry.base import Declared, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zdr_router.records.receipts.envelope import Envelope
    from zdr_router.records.receipts.statement import Batch, Rotation

_LIKE: Final = '[{"key": "sha256:…", "since": "2026-11-22T08:00:00Z", "why": "INC-231"}]'


class Revoked(Declared):
    """A key whose signatures count no more from an instant on."""

    key: Digest
    since: str
    why: Text = Field(default="no reason is given", max_length=300)


@dataclass
class Trust:
    """The keys that count while a journal is read, from its beginning. A rotation takes one away and adds one."""

    keys: dict[str, PublicKey]
    revoked: Mapping[str, Revoked] = field(default_factory=dict)
    retired: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, keys: Iterable[PublicKey], revoked: Iterable[Revoked] = ()) -> Self:
        """What a reader gives. Of two revocations of a key, the earlier counts."""
        first: dict[str, Revoked] = {}
        for each in sorted(revoked, key=lambda one: one.since):
            first.setdefault(each.key, each)
        return cls({key.id: key for key in keys}, first)

    def signer(self, envelope: Envelope) -> str:
        """The key that signed an envelope. Raises `SignerUnknown`, `SignatureInvalid`."""
        try:
            return envelope.signer(self.keys)
        except (SignerUnknown, SignatureInvalid):
            gone = next((hint for hint, _ in envelope.signatures if hint in self.retired), None)
            if gone is None:
                raise
        raise SignerUnknown(f"signed by {gone}, which was rotated away in statement {self.retired[gone]}")

    def counts(self, key: str, statement: Batch | Rotation) -> None:
        """Raise `SignerUnknown` if the key was revoked when it sealed this."""
        found = self.revoked.get(key)
        if found is not None and statement.sealed_at >= found.since:
            at = f"sealed at {statement.sealed_at} by {key}, which is revoked since {found.since} ({found.why})"
            raise SignerUnknown(f"{at}: it does not count")

    def rotate(self, key: str, change: Rotation) -> None:
        """From here on the successor seals, and `key` does not."""
        successor = PublicKey.read(change.pem)
        if successor.id != change.key:
            raise SignatureInvalid("the key that it names is not the key that it brings")
        self.keys.pop(key, None)
        self.retired[key] = change.sequence
        self.keys[successor.id] = successor


def read_revoked(text: bytes, where: str) -> list[Revoked]:
    """A list of revoked keys from JSON. Raises `ConfigError`."""
    try:
        found = TypeAdapter(list[Revoked]).validate_python(orjson.loads(text))
    except (ValidationError, orjson.JSONDecodeError):
        found = None
    instants = [] if found is None else [read_instant(each.since) for each in found]
    if found is None or None in instants:
        raise ConfigError(Problem("this is no list of revoked keys", file=where, fix=f"write it like {_LIKE}"))
    return [each.model_copy(update={"since": at}) for each, at in zip(found, instants, strict=True)]
