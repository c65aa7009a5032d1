"""The section `records` of the operator's file as settings: where records are kept, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from zdr_router.records.store.settings import PostgresSettings, StoreSettings

if TYPE_CHECKING:
    from pathlib import Path

    from zdr_router.config.sections import Where
    from zdr_router.entries import PostgresEntry, RecordsEntry, StoreEntry
    from zdr_router.sealed import Sealed

_PORT: Final = 5432


def records(entry: RecordsEntry, salt: Sealed[str] | None, where: Where) -> StoreSettings:
    """Where records are kept. Raises `ConfigError`: also without a salt, since pseudonyms are kept with them."""
    if salt is None:
        what = "`records` keeps pseudonyms, and without `salt` nobody could ever tell whose they are"
        fix = "add `salt: {env: ZDR_SALT}`, and make one at random: openssl rand -hex 32"
        raise where.error(("records",), what, fix)
    if entry.incidents < entry.keep:
        what = "`incidents` is shorter than `keep`: the index is what remains when records are gone"
        raise where.error(("records", "incidents"), what, "keep the index for longer")
    place = place_of(entry.store, where, "records")
    return StoreSettings(place, salt, entry.keep, entry.incidents, entry.when_full, entry.hold, where.line("records"))


def place_of(entry: StoreEntry, where: Where, section: str) -> Path | PostgresSettings:
    """The place that the `store` of a section names. Raises `ConfigError`."""
    given = entry.postgresql
    return where.base / (entry.file or "") if given is None else _postgres(given, where, section)


def _postgres(given: PostgresEntry, where: Where, section: str) -> PostgresSettings:
    path = (section, "store", "postgresql", "url")
    password = None if given.password is None else where.secret(given.password, path, "the password of PostgreSQL")
    try:
        parts = urlsplit(given.url)
        host, port = parts.hostname, parts.port or _PORT
    except ValueError:
        parts, host, port = urlsplit(""), None, 0
    if not host:
        raise where.error(path, "the address of PostgreSQL is none", "write it postgresql://HOST:PORT/DATABASE")
    return PostgresSettings(
        host,
        port,
        parts.path.removeprefix("/"),
        given.username,
        password,
        None if given.ca_file is None else str(where.base / given.ca_file),
        given.private_network,
        given.namespace,
    )
