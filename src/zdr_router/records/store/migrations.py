"""How the tables came to be what they are: an ordered list of steps, each of which was released and is never changed.

What `tables.py` says is what all of them lead to; a test compares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, insert, inspect, select, text

from zdr_router.records.store.tables import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "sqlite": {"double": "DOUBLE", "bytes": "BLOB", "clustered": "WITHOUT ROWID"},
    "postgresql": {"double": "DOUBLE PRECISION", "bytes": "BYTEA", "clustered": ""},
}
"""What the two databases have different words for. `clustered`: rows lie in the order of their key."""

MIGRATIONS: Final[Sequence[Sequence[str]]] = (
    (  # 1: the record of a request
        """
        CREATE TABLE requests (
            time {double} NOT NULL, request_id VARCHAR(64) NOT NULL,
            endpoint VARCHAR(64) NOT NULL, route VARCHAR(256) NOT NULL, tenant VARCHAR(256), customer VARCHAR(128),
            key VARCHAR(128), stream BOOLEAN NOT NULL, status SMALLINT NOT NULL, error_code VARCHAR(32),
            duration_ms {double} NOT NULL, target VARCHAR(256), configuration VARCHAR(256), model VARCHAR(256),
            attestation VARCHAR(71), policy_digest VARCHAR(71) NOT NULL, registry_digest VARCHAR(71) NOT NULL,
            input_tokens BIGINT, output_tokens BIGINT, cached_tokens BIGINT, price {double}, first_chunk_ms {double},
            unsafe BOOLEAN NOT NULL, signals VARCHAR(512) NOT NULL, schema SMALLINT NOT NULL,
            PRIMARY KEY (time, request_id)
        ) {clustered}
        """,
        "CREATE INDEX requests_by_customer ON requests (customer, time)",
        "CREATE INDEX requests_by_id ON requests (request_id)",
        """
        CREATE TABLE attempts (
            time {double} NOT NULL, request_id VARCHAR(64) NOT NULL, position SMALLINT NOT NULL,
            target VARCHAR(256) NOT NULL, configuration VARCHAR(256) NOT NULL, outcome VARCHAR(32) NOT NULL,
            sent VARCHAR(8) NOT NULL, http_status SMALLINT, started_ms {double} NOT NULL,
            duration_ms {double} NOT NULL, first_chunk_ms {double},
            PRIMARY KEY (time, request_id, position)
        ) {clustered}
        """,
        """
        CREATE TABLE refusals (
            time {double} NOT NULL, request_id VARCHAR(64) NOT NULL, position SMALLINT NOT NULL,
            refusal VARCHAR(8) NOT NULL, target VARCHAR(256) NOT NULL,
            PRIMARY KEY (time, request_id, position)
        ) {clustered}
        """,
    ),
    (  # 2: the incident index, the archive, and under which attestation each attempt was made
        "ALTER TABLE attempts ADD COLUMN attestation VARCHAR(71)",
        """
        CREATE TABLE incident_index (
            day DATE NOT NULL, configuration VARCHAR(256) NOT NULL, attestation VARCHAR(71) NOT NULL,
            pseudonym VARCHAR(32) NOT NULL,
            attempted INTEGER NOT NULL, sent INTEGER NOT NULL, succeeded INTEGER NOT NULL,
            PRIMARY KEY (day, configuration, attestation, pseudonym)
        ) {clustered}
        """,
        """
        CREATE TABLE archive (
            digest VARCHAR(71) NOT NULL PRIMARY KEY, kind VARCHAR(16) NOT NULL, name VARCHAR(256) NOT NULL,
            learned {double} NOT NULL, content {bytes} NOT NULL
        )
        """,
    ),
)

CURRENT: Final = len(MIGRATIONS)
"""The number of the newest schema."""


class NewerSchema(Exception):
    """The tables were made by a later release."""

    def __init__(self, number: int) -> None:
        """The number that was found."""
        self.number = number
        super().__init__(number)


def migrate(connection: Connection, to: int = CURRENT) -> int:
    """Bring the tables to the schema `to`, in the transaction that is open; give the number that was found, 0 for none.

    The caller holds a lock, so that of two processes one migrates and the other finds it done. Raises `NewerSchema`.
    """
    found = version(connection)
    if found > to:
        raise NewerSchema(found)
    if found == to:
        return found
    words = _WORDS[connection.dialect.name]
    if not found:
        connection.execute(text("CREATE TABLE schema_version (number INTEGER NOT NULL PRIMARY KEY)"))
    for step in MIGRATIONS[found:to]:
        for statement in step:
            connection.execute(text(statement.format(**words)))
    connection.execute(delete(VERSION))
    connection.execute(insert(VERSION).values(number=to))
    return found


def version(connection: Connection) -> int:
    """The number of the schema; 0 where there are no tables."""
    if not inspect(connection).has_table(VERSION.name):
        return 0
    return connection.execute(select(VERSION.c.number)).scalar() or 0
