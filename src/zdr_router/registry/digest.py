"""What names a configuration, a policy or a registry for ever: SHA-256 over canonical JSON (RFC 8785)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import rfc8785

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel


def digest(value: object) -> str:
    """`sha256:…` of a JSON value."""
    return "sha256:" + hashlib.sha256(rfc8785.dumps(value)).hexdigest()  # type: ignore[arg-type]


def digest_of(model: BaseModel) -> str:
    """The digest of a declared model.

    Values that equal their defaults are left out, so that a later release which adds a field with a
    default does not change the digest of what was attested before.
    """
    return digest(content_of(model))


def content_of(model: BaseModel) -> dict[str, Any]:
    """The JSON value of a declared model that its digest is made over."""
    return model.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def digest_all(digests: Mapping[str, str]) -> str:
    """One digest over named digests, whatever their order."""
    return digest(dict(digests))
