"""What is kept of requests, as the operator's file says it: the settings of receipts and of the store of records."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from zdr_router.credentials.reading import read_secret
from zdr_router.errors import ConfigError
from zdr_router.records.receipts.settings import ReceiptSettings
from zdr_router.records.store.settings import PostgresSettings, StoreSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zdr_router.entries import PostgresEntry, ReceiptsEntry, RecordsEntry
    from zdr_router.registry.strict_yaml import Document
    from zdr_router.sealed import Sealed

_PORT: Final = 5432


def receipt_settings(
    entry: ReceiptsEntry, document: Document, environ: Mapping[str, str] | None, base: Path
) -> ReceiptSettings:
    """Where receipts are kept, and the key. Raises `ConfigError`."""
    key = read_secret(entry.key, os.environ if environ is None else environ, base)
    place = ("receipts", "key")
    if key is None:
        raise ConfigError(document.problem(place, "the key that seals receipts is not there", entry.key.provide))
    source = f"{document.file}:{document.line(place)}"
    return ReceiptSettings(base / entry.directory, key, entry.seal_every, entry.seal_at, source)


def store_settings(
    entry: RecordsEntry, salt: Sealed[str] | None, document: Document, environ: Mapping[str, str] | None, base: Path
) -> StoreSettings:
    """Where records are kept. Raises `ConfigError`: also without a salt, since pseudonyms are kept with them."""
    if salt is None:
        what = "`records` keeps pseudonyms, and without `salt` nobody could ever tell whose they are"
        fix = "add `salt: {env: ZDR_SALT}`, and make one at random: openssl rand -hex 32"
        raise ConfigError(document.problem(("records",), what, fix))
    if entry.incidents < entry.keep:
        what = "`incidents` is shorter than `keep`: the index is what remains when records are gone"
        raise ConfigError(document.problem(("records", "incidents"), what, "keep the index for longer"))
    given = entry.store.postgresql
    place = base / (entry.store.file or "") if given is None else _postgres(given, document, environ, base)
    source = f"{document.file}:{document.line(('records',))}"
    return StoreSettings(place, salt, entry.keep, entry.incidents, entry.when_full, entry.hold, source)


def _postgres(
    given: PostgresEntry, document: Document, environ: Mapping[str, str] | None, base: Path
) -> PostgresSettings:
    place = ("records", "store", "postgresql", "url")
    password = read_secret(given.password, os.environ if environ is None else environ, base)
    if given.password is not None and password is None:
        raise ConfigError(document.problem(place, "the password of PostgreSQL is not there", given.password.provide))
    try:
        parts = urlsplit(given.url)
        host, port = parts.hostname, parts.port or _PORT
    except ValueError:
        parts, host, port = urlsplit(""), None, 0
    if not host:
        fix = "write it postgresql://HOST:PORT/DATABASE"
        raise ConfigError(document.problem(place, "the address of PostgreSQL is none", fix))
    return PostgresSettings(
        host,
        port,
        parts.path.removeprefix("/"),
        given.username,
        password,
        None if given.ca_file is None else str(base / given.ca_file),
        given.private_network,
        given.namespace,
    )
