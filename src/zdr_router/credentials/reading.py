"""What the secrets of an account are, here and now: read where the account says, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import rfc8785

from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.policy.accounts import Account
    from zdr_router.policy.secrets import CredentialParts, SecretSource


def read_credential(account: Account, environ: Mapping[str, str], base: Path = Path()) -> Sealed[str] | None:
    """The account's key, or its parts as canonical JSON; None when one is not there, or none is named."""
    if account.credentials is None:
        return read_secret(account.api_key, environ, base)
    return _read_parts(account.credentials, environ, base)


def read_secret(source: SecretSource | None, environ: Mapping[str, str], base: Path = Path()) -> Sealed[str] | None:
    """The secret, or None when it is not there; without it an account is refused, not guessed."""
    if source is None:
        return None
    if source.env is not None:
        value = environ.get(source.env, "")
    else:
        try:
            value = (base / (source.file or "")).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            value = ""
    # Bytes that are no text reach us as lone surrogates, in which no header can be written.
    value = value.strip() if _is_text(value) else ""
    return Sealed(value) if value else None


def _is_text(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _read_parts(parts: CredentialParts, environ: Mapping[str, str], base: Path) -> Sealed[str] | None:
    """One text for all parts, which a grant can be bound to: however a key file is laid out, it gives the same."""
    read: dict[str, object] = {}
    for name, part in parts:
        if part is None:
            continue
        secret = Sealed(part) if isinstance(part, str) else read_secret(part, environ, base)
        if secret is None:
            return None
        read[name] = _document(secret.open()) if name == "service_account" else secret.open()
    return Sealed(rfc8785.dumps(read).decode())  # type: ignore[arg-type]  # parts are text or JSON


def _document(text: str) -> object:
    """A JSON document as its value; what is none stays the text that it is, for its signer to refuse."""
    try:
        value = orjson.loads(text)
        rfc8785.dumps(value)
    except (orjson.JSONDecodeError, rfc8785.CanonicalizationError):
        return text
    return value
