"""What was used, summed for a bill: by customer, day and model, or by whatever else a record is filed under."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import Integer, cast, func, select

from zdr_router.policy.calendar import DAY
from zdr_router.records.store.tables import REQUESTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

    from zdr_router.records.store.database import Database
    from zdr_router.records.store.reading import Wanted

BY: Final = ("tenant", "customer", "key", "day", "model", "configuration", "route")
"""What usage can be summed by."""

_EPOCH: Final = dt.date(1970, 1, 1)
_ANSWERED: Final = 200


class Usage(NamedTuple):
    """Sums over the requests that have `group` in common. `unpriced` are those with tokens and without a price."""

    group: tuple[str | None, ...]
    requests: int
    succeeded: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    price: float
    unpriced: int


async def usage(database: Database, wanted: Wanted, by: Sequence[str]) -> list[Usage]:
    """Sums by each of `by`, which are among `BY`, in their order. Days are UTC, written YYYY-MM-DD."""
    async with database.reading() as connection:
        dialect = connection.dialect.name
        groups = [_day(dialect) if name == "day" else REQUESTS.c[name] for name in by]
        tokens = REQUESTS.c.input_tokens.is_not(None) | REQUESTS.c.output_tokens.is_not(None)
        sums: list[ColumnElement[Any]] = [
            func.count(),
            _count(REQUESTS.c.status == _ANSWERED),
            *(func.coalesce(func.sum(REQUESTS.c[name]), 0) for name in ("input_tokens", "output_tokens")),
            func.coalesce(func.sum(REQUESTS.c.cached_tokens), 0),
            func.coalesce(func.sum(REQUESTS.c.price), 0.0),
            _count(tokens & REQUESTS.c.price.is_(None)),
        ]
        query = select(*groups, *sums).where(wanted.condition()).group_by(*groups)
        rows = (await connection.execute(query)).all()
    found = [Usage(_names(by, row[: len(by)]), *_numbers(row[len(by) :])) for row in rows]
    return sorted(found, key=lambda each: [(name is not None, name or "") for name in each.group])


def _day(dialect: str) -> ColumnElement[int]:
    """Days since the epoch. A cast cuts off in SQLite, which has no floor everywhere, and rounds in PostgreSQL."""
    days = REQUESTS.c.time / DAY
    return cast(days if dialect == "sqlite" else func.floor(days), Integer)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(cast(condition, Integer)), 0)


def _names(by: Sequence[str], values: Sequence[Any]) -> tuple[str | None, ...]:
    return tuple(
        (_EPOCH + dt.timedelta(value)).isoformat() if name == "day" else value
        for name, value in zip(by, values, strict=True)
    )


def _numbers(values: Sequence[Any]) -> tuple[int, int, int, int, int, float, int]:
    # The sums of PostgreSQL are decimals.
    requests, succeeded, given, made, cached, price, unpriced = values
    return int(requests), int(succeeded), int(given), int(made), int(cached), float(price), int(unpriced)
