"""Deletes what is too old, and what a customer wants erased; and corrects what names a customer.

A file of SQLite is overwritten where rows were. In PostgreSQL a deleted row stays in the files until the server's
`VACUUM` comes by.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import and_, delete, exists, select, text, update

from zdr_router.records.store.tables import INCIDENTS, OF_REQUESTS, REQUESTS
from zdr_router.records.store.writing import move_pseudonyms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zdr_router.records.store.database import Database
    from zdr_router.records.store.pseudonym import Pseudonyms

_AT_ONCE: Final = 5000
"""Requests that are deleted in one transaction, so that whoever writes waits for no longer than that."""


class Gone(NamedTuple):
    """How many requests and rows of the incident index were deleted."""

    requests: int
    incidents: int


class Customer(NamedTuple):
    """Whose records: of this customer of this tenant, or of every tenant if none is given."""

    id: str
    tenant: str | None = None

    def condition(self) -> ColumnElement[bool]:
        """Which requests are theirs."""
        theirs = REQUESTS.c.customer == self.id
        return theirs if self.tenant is None else and_(theirs, REQUESTS.c.tenant == self.tenant)


async def purge(
    database: Database,
    now: float,
    *,
    keep: float | None = None,
    going: Callable[[], bool] = lambda: True,
) -> Gone:
    """Delete records older than `keep` (by default what is configured), and days of the index that are too old.

    It stops early, with the rest left for the next time, once it is not `going` any more.
    """
    settings = database.settings
    requests = await _delete_before(database, now - (settings.keep if keep is None else keep), going)
    last = dt.datetime.fromtimestamp(now - settings.incidents, dt.UTC).date()
    async with database.writing() as connection:
        days = (await connection.execute(delete(INCIDENTS).where(INCIDENTS.c.day < last))).rowcount
    if requests or days:
        await _tidy(database)
    return Gone(requests, days)


async def erase(
    database: Database, customer: Customer, pseudonyms: Pseudonyms | None = None, tenants: Iterable[str | None] = ()
) -> Gone:
    """Delete the records of a customer; and, given `pseudonyms`, what the incident index has of them.

    There they are looked for in `tenants`, and in those that their records name.
    """
    async with database.writing() as connection:
        owners = await _owners(connection, customer, tenants)
        count, rows = await _delete(connection, customer.condition()), 0
        if pseudonyms is not None:
            theirs = [pseudonyms.of(tenant, customer.id) for tenant in owners]
            rows = (await connection.execute(delete(INCIDENTS).where(INCIDENTS.c.pseudonym.in_(theirs)))).rowcount
    await _tidy(database)
    return Gone(count, rows)


async def correct(
    database: Database, customer: Customer, to: str, pseudonyms: Pseudonyms, tenants: Iterable[str | None] = ()
) -> Gone:
    """Let the records of a customer be those of `to`, and so their places in the index. `tenants` as in `erase`."""
    async with database.writing() as connection:
        owners = await _owners(connection, customer, tenants)
        changed = await connection.execute(update(REQUESTS).where(customer.condition()).values(customer=to))
        moves = {pseudonyms.of(tenant, customer.id): pseudonyms.of(tenant, to) for tenant in owners}
        moved = await move_pseudonyms(connection, moves)
    await _tidy(database)
    return Gone(changed.rowcount, moved)


async def _owners(connection: AsyncConnection, customer: Customer, tenants: Iterable[str | None]) -> set[str | None]:
    """The tenants whose customer it may be."""
    if customer.tenant is not None:
        return {customer.tenant}
    named = await connection.execute(select(REQUESTS.c.tenant).where(customer.condition()).distinct())
    return {*tenants, *named.scalars()}


async def _delete_before(database: Database, until: float, going: Callable[[], bool]) -> int:
    count = 0
    while going():
        async with database.writing() as connection:
            old = select(REQUESTS.c.time).where(REQUESTS.c.time < until).order_by(REQUESTS.c.time)
            last = (await connection.execute(old.offset(_AT_ONCE).limit(1))).scalar()
            for table in OF_REQUESTS:
                gone = await connection.execute(
                    delete(table).where(table.c.time < until if last is None else table.c.time <= last)
                )
                count += gone.rowcount if table is REQUESTS else 0
        if last is None:
            break
    return count


async def _delete(connection: AsyncConnection, theirs: ColumnElement[bool]) -> int:
    """Delete requests, and before them whatever belongs to them."""
    for table in OF_REQUESTS:
        if table is not REQUESTS:
            same = and_(REQUESTS.c.time == table.c.time, REQUESTS.c.request_id == table.c.request_id)
            await connection.execute(delete(table).where(exists().where(same, theirs)))
    return (await connection.execute(delete(REQUESTS).where(theirs))).rowcount


async def _tidy(database: Database) -> None:
    """Empty SQLite's log of changes, in which deleted rows are still to be read. Who reads just now puts it off."""
    if database.is_file:
        async with database.outside() as connection:
            await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
