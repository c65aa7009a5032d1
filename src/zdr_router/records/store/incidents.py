"""Whose requests went to a configuration, when, and what was claimed of it then: for the day on which a claim falls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from sqlalchemy import func, select

from zdr_router.records.store.tables import ARCHIVE, INCIDENTS

if TYPE_CHECKING:
    import datetime as dt

    from zdr_router.records.store.database import Database


class Affected(NamedTuple):
    """A customer whose requests went there between two days, both of them included.

    `attempted` counts every attempt, `sent` those of which something may have arrived, `succeeded` those answered.
    """

    pseudonym: str
    first: dt.date
    last: dt.date
    attempted: int
    sent: int
    succeeded: int


class Claim(NamedTuple):
    """What was declared while requests went there. `declared` is None where the archive does not have it."""

    attestation: str
    first: dt.date
    last: dt.date
    sent: int
    declared: dict[str, Any] | None


class Incident(NamedTuple):
    """Who is affected, those with most first, and what was claimed, the oldest first."""

    affected: list[Affected]
    claims: list[Claim]


async def incident(
    database: Database, configuration: str, since: dt.date, until: dt.date, attestation: str | None = None
) -> Incident:
    """Look the index up for the days from `since` and before `until`, under one attestation or any."""
    index = INCIDENTS.c
    where = [index.configuration == configuration, index.day >= since, index.day < until]
    if attestation is not None:
        where.append(index.attestation == attestation)
    span = (func.min(index.day), func.max(index.day))
    sums = (func.sum(index.attempted), func.sum(index.sent), func.sum(index.succeeded))
    people = select(index.pseudonym, *span, *sums).where(*where).group_by(index.pseudonym)
    claims = select(index.attestation, *span, func.sum(index.sent)).where(*where).group_by(index.attestation)
    async with database.reading() as connection:
        affected = [Affected(*row) for row in await connection.execute(people)]
        known = [Claim(*row, None) for row in await connection.execute(claims)]
        wanted = [each.attestation for each in known]
        kept = await connection.execute(select(ARCHIVE.c.digest, ARCHIVE.c.content).where(ARCHIVE.c.digest.in_(wanted)))
        declared = {digest: orjson.loads(content) for digest, content in kept}
    affected.sort(key=lambda each: (-each.sent, -each.attempted, each.pseudonym))
    known.sort(key=lambda each: (each.first, each.attestation))
    return Incident(affected, [each._replace(declared=declared.get(each.attestation)) for each in known])


async def archived(database: Database, digest: str) -> bytes | None:
    """The document of that digest, in canonical JSON."""
    async with database.reading() as connection:
        row = (await connection.execute(select(ARCHIVE.c.content).where(ARCHIVE.c.digest == digest))).first()
    return None if row is None else bytes(row[0])
