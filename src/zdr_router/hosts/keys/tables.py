"""The tables of API keys. Who the people behind a customer are stands in a table of its own."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Date, Double, Integer, LargeBinary, MetaData, String, Table, Text

SCHEMA: Final = 1
"""Number of this schema. A store of a later one is not touched."""

TABLES: Final = MetaData()

KEYS: Final = Table(
    "api_keys",
    TABLES,
    Column("id", String(16), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("former", LargeBinary(32)),
    Column("former_until", Double, nullable=False),
    Column("tenant", String(256)),
    Column("customer", String(128)),
    Column("routes", Text),  # JSON: a list of names; NULL is any
    Column("endpoints", Text),  # as above
    Column("policy", Text),  # JSON: what it demands besides the tenant's
    Column("requests_per_minute", BigInteger),
    Column("tokens_per_minute", BigInteger),
    Column("concurrent", BigInteger),
    Column("usd_per_day", Double),
    Column("usd_per_month", Double),
    Column("created", Double, nullable=False),
    Column("expires", Double),
    Column("revoked", Double),
    Column("last_used", Date),
    # The number of the change that made the row what it is: whoever follows reads what is above the last one it saw.
    Column("epoch", BigInteger, nullable=False, index=True),
)

SPENDING: Final = Table(
    "api_key_spending",
    TABLES,
    Column("key", String(16), primary_key=True),
    Column("period", String(10), primary_key=True),  # 2026-11-23 or 2026-11
    Column("usd", Double, nullable=False),
)

STATE: Final = Table(
    "api_key_state",
    TABLES,
    Column("id", Integer, primary_key=True, autoincrement=False),  # 1: there is one row
    Column("schema", Integer, nullable=False),
    Column("pepper", String(16), nullable=False),  # which pepper, not the pepper
    Column("epoch", BigInteger, nullable=False),
)

CONTACTS: Final = Table(
    "api_contacts",
    TABLES,
    Column("customer", String(128), primary_key=True),
    Column("name", String(256)),
    Column("email", String(320)),
    Column("company", String(256)),
)
