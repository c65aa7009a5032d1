"""The tables as they are now: one column for each fact, of one type, and none that a text of somebody's would fit in.

Every row of a request is found by its `time` and `request_id`, in this order, so that what is new is written at the end
and what is old is deleted from the front. Accounts and contacts of customers are in no table here.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
)

NAME: Final = 256
"""Characters of a name that the operator chose, at most."""

DIGEST: Final = 71
"""Characters of `sha256:…`."""

TABLES: Final = MetaData()


def _key() -> tuple[Column[float], Column[str]]:
    return Column("time", Double, primary_key=True), Column("request_id", String(64), primary_key=True)


REQUESTS: Final = Table(
    "requests",
    TABLES,
    *_key(),
    Column("endpoint", String(64), nullable=False),
    Column("route", String(NAME), nullable=False),
    Column("tenant", String(NAME)),
    Column("customer", String(128)),
    Column("key", String(128)),
    Column("stream", Boolean, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("error_code", String(32)),
    Column("duration_ms", Double, nullable=False),
    Column("target", String(NAME)),
    Column("configuration", String(NAME)),
    Column("model", String(NAME)),
    Column("attestation", String(DIGEST)),
    Column("policy_digest", String(DIGEST), nullable=False),
    Column("registry_digest", String(DIGEST), nullable=False),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cached_tokens", BigInteger),
    Column("price", Double),
    Column("first_chunk_ms", Double),
    Column("unsafe", Boolean, nullable=False),
    Column("signals", String(512), nullable=False),
    Column("schema", SmallInteger, nullable=False),
    Index("requests_by_customer", "customer", "time"),
    Index("requests_by_id", "request_id"),
    sqlite_with_rowid=False,
)
"""One row for each request."""

ATTEMPTS: Final = Table(
    "attempts",
    TABLES,
    *_key(),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    Column("target", String(NAME), nullable=False),
    Column("configuration", String(NAME), nullable=False),
    Column("outcome", String(32), nullable=False),
    Column("sent", String(8), nullable=False),
    Column("http_status", SmallInteger),
    Column("started_ms", Double, nullable=False),
    Column("duration_ms", Double, nullable=False),
    Column("first_chunk_ms", Double),
    Column("attestation", String(DIGEST)),
    sqlite_with_rowid=False,
)
"""One row for each attempt; `position` counts from 0."""

REFUSALS: Final = Table(
    "refusals",
    TABLES,
    *_key(),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    Column("refusal", String(8), nullable=False),
    Column("target", String(NAME), nullable=False),
    sqlite_with_rowid=False,
)
"""One row for each reason why a target could not serve: its id and the target. The sentence is that of the id."""

INCIDENTS: Final = Table(
    "incident_index",
    TABLES,
    Column("day", Date, primary_key=True),
    Column("configuration", String(NAME), primary_key=True),
    Column("attestation", String(DIGEST), primary_key=True),
    Column("pseudonym", String(32), primary_key=True),
    Column("attempted", Integer, nullable=False),
    Column("sent", Integer, nullable=False),
    Column("succeeded", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""How many attempts a customer's requests made in a day under one attestation. `sent`: bytes may have arrived."""

ARCHIVE: Final = Table(
    "archive",
    TABLES,
    Column("digest", String(DIGEST), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("name", String(NAME), nullable=False),
    Column("learned", Double, nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""What was in force, in canonical JSON: the SHA-256 of `content` is its `digest`."""

VERSION: Final = Table("schema_version", TABLES, Column("number", Integer, primary_key=True, autoincrement=False))
"""The one row that says how far the tables were migrated."""

OF_REQUESTS: Final = (REQUESTS, ATTEMPTS, REFUSALS)
"""What is deleted when a request's record is."""
