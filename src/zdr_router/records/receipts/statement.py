"""What is signed about a batch, or about a change of keys: in-toto statements (v1) with predicates of our own."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Final, Literal

import orjson
import rfc8785
from pydantic import ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from zdr_router.errors import AttestationError
from zdr_router.registry.base import Declared

BATCH: Final = "urn:zdr-router:receipts:batch:v1"
ROTATION: Final = "urn:zdr-router:receipts:rotation:v1"
_STATEMENT: Final = "https://in-toto.io/Statement/v1"
_MERKLE: Final = "merkleSha256"
_SHA256: Final = "sha256"

Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Instant = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$")
]
"""UTC to the millisecond; two of them compare as the instants do."""
Count = Annotated[int, Field(ge=0)]


class Place(Declared):
    """Where a statement stands: in which journal, the how-manyth from 1, after which envelope, sealed when.

    `first_leaf` is how many leaves came before it.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    journal: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
    sequence: Annotated[int, Field(ge=1)]
    previous: Digest | None
    sealed_at: Instant
    first_leaf: Count


class Batch(Place):
    """`size` records were committed to by `root`; `lost` could not be kept before them.

    The digests are of the policies, registries and attestations that the records name.
    """

    kind: Literal["batch"] = "batch"
    root: Hex
    size: Annotated[int, Field(ge=1)]
    lost: Count
    policies: list[str]
    registries: list[str]
    attestations: list[str]


class Rotation(Place):
    """From here on another key seals. `key` is its name, `pem` what it is."""

    kind: Literal["rotation"] = "rotation"
    key: Digest
    pem: str


def payload(statement: Batch | Rotation) -> bytes:
    """The statement as canonical JSON."""
    if isinstance(statement, Batch):
        kind, subject = BATCH, (f"batch {statement.sequence}", {_MERKLE: statement.root})
    else:
        kind, subject = ROTATION, ("key", {_SHA256: statement.key.removeprefix("sha256:")})
    about = {"name": subject[0], "digest": subject[1]}
    predicate = statement.model_dump(mode="json", by_alias=True, exclude={"kind", "root", "key"})
    whole = {"_type": _STATEMENT, "subject": [about], "predicateType": kind, "predicate": predicate}
    return rfc8785.dumps(whole)  # type: ignore[arg-type]  # it is JSON


def read(data: bytes) -> Batch | Rotation:
    """The statement that `payload` wrote, once its signature was checked. Raises `AttestationError`."""
    try:
        found = orjson.loads(data)
        (about,) = found["subject"]
        said, digests = dict(found["predicate"]), about["digest"]
        statement: Batch | Rotation
        if found["_type"] == _STATEMENT and found["predicateType"] == BATCH:
            statement = Batch.model_validate({**said, "root": digests[_MERKLE]})
        elif found["_type"] == _STATEMENT and found["predicateType"] == ROTATION:
            statement = Rotation.model_validate({**said, "key": f"sha256:{digests[_SHA256]}"})
        else:
            raise KeyError  # noqa: TRY301 - it is as unknown as one that lacks a member
        if payload(statement) == data:
            return statement
    except (KeyError, TypeError, ValueError, ValidationError):
        pass
    raise AttestationError("its statement is not one about receipts, of a version that is known here")


def instant(seconds: float) -> str:
    """Seconds since the epoch as a statement writes them."""
    at = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def read_instant(text: str) -> str | None:
    """An instant, or the start of a day, as a statement writes them; None if it is neither."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        text += "T00:00:00Z"
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if at.tzinfo is None else instant(at.timestamp())
