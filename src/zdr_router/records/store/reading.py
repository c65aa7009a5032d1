"""Gives back what was recorded, as it was recorded: for a customer, for a span of time, or one request."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import and_, select, true, tuple_

from zdr_router.records.store.tables import ATTEMPTS, REFUSALS, REQUESTS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from sqlalchemy import ColumnElement, RowMapping, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zdr_router.records.store.database import Database

_PAGE: Final = 1000
_KEY: Final = ("time", "request_id", "position")


class Wanted(NamedTuple):
    """Which records: each condition that is given narrows it. `since` is the first instant, `until` the one after."""

    customer: str | None = None
    tenant: str | None = None
    request_id: str | None = None
    since: float | None = None
    until: float | None = None

    def condition(self) -> ColumnElement[bool]:
        """As SQL."""
        said = [
            column == value
            for column, value in (
                (REQUESTS.c.customer, self.customer),
                (REQUESTS.c.tenant, self.tenant),
                (REQUESTS.c.request_id, self.request_id),
            )
            if value is not None
        ]
        if self.since is not None:
            said.append(REQUESTS.c.time >= self.since)
        if self.until is not None:
            said.append(REQUESTS.c.time < self.until)
        return and_(true(), *said)


async def records(database: Database, wanted: Wanted) -> AsyncGenerator[dict[str, Any], None]:
    """Records in the order of time, as `Metadata.as_dict` has them; of refusals there are ids and targets alone."""
    condition = wanted.condition()
    after: ColumnElement[bool] = true()
    async with database.reading() as connection:
        while True:
            query = select(REQUESTS).where(condition, after).order_by(REQUESTS.c.time, REQUESTS.c.request_id)
            page = [_plain(row) for row in (await connection.execute(query.limit(_PAGE))).mappings()]
            if not page:
                return
            span = REQUESTS.c.time.between(page[0]["time"], page[-1]["time"])
            attempts = await _belonging(connection, ATTEMPTS, and_(condition, span))
            refusals = await _belonging(connection, REFUSALS, and_(condition, span))
            for row in page:
                key = row["time"], row["request_id"]
                row["signals"] = row["signals"].split(",") if row["signals"] else []
                yield {**row, "attempts": attempts[key], "refusals": refusals[key]}
            last = page[-1]
            after = tuple_(REQUESTS.c.time, REQUESTS.c.request_id) > tuple_(last["time"], last["request_id"])


async def _belonging(
    connection: AsyncConnection, table: Table, condition: ColumnElement[bool]
) -> dict[tuple[float, str], list[dict[str, Any]]]:
    """The rows of a table that belong to those requests, by their time and id."""
    same = and_(REQUESTS.c.time == table.c.time, REQUESTS.c.request_id == table.c.request_id)
    order = (table.c.time, table.c.request_id, table.c.position)
    query = select(table).select_from(REQUESTS.join(table, same)).where(condition).order_by(*order)
    found: dict[tuple[float, str], list[dict[str, Any]]] = defaultdict(list)
    for row in (await connection.execute(query)).mappings():
        plain = _plain(row)
        time, request_id, _ = (plain.pop(name) for name in _KEY)
        found[time, request_id].append(plain)
    return found


def _plain(row: RowMapping) -> dict[str, Any]:
    """With names that are text and nothing more, as JSON is made of."""
    return {str(name): value for name, value in row.items()}
