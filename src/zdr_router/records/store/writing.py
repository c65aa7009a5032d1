"""Writes a batch of records: the rows of requests, what they add to the incident index, and what was learned meanwhile.

All of it is one transaction, so a batch is there as a whole or not at all.
"""

from __future__ import annotations

import datetime as dt
from functools import cache, lru_cache
from importlib import import_module
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from sqlalchemy import delete, select

from zdr_router.metadata import Outcome
from zdr_router.records.store.rows import UNKNOWN, Names, Row, attempt_rows, refusal_rows, request_row
from zdr_router.records.store.tables import ARCHIVE, ATTEMPTS, INCIDENTS, REFUSALS, REQUESTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import Dialect, Table
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zdr_router.metadata import Metadata
    from zdr_router.records.store.archive import Document
    from zdr_router.records.store.pseudonym import Pseudonyms

_T = TypeVar("_T")
_Counts: TypeAlias = dict[tuple[dt.date, str, str, str], tuple[int, int, int]]
"""By day, configuration, attestation and pseudonym: how many attempts, how many of them sent, how many succeeded."""

_BREATH: Final = 50
"""Rows that are handed over at a time: requests that are under way wait for no more than these."""


class Writer:
    """Makes rows of metadata. `names` and `pseudonyms` are what is kept of names."""

    def __init__(self, names: Names, pseudonyms: Pseudonyms) -> None:
        """Nothing is written yet."""
        self._names = names
        self._pseudonyms = pseudonyms

    async def write(
        self,
        connection: AsyncConnection,
        records: Sequence[Metadata],
        learned: Sequence[tuple[Document, float]] = (),
    ) -> None:
        """Write them, in the transaction that is open."""
        names = self._names
        await _insert(connection, ARCHIVE, [{**each._asdict(), "learned": at} for each, at in learned])
        counts: _Counts = {}
        for some in _slices(records, _BREATH):
            requests = [request_row(each, names) for each in some]
            attempts = [attempt_rows(each, names) for each in some]
            self._count(counts, requests, attempts)
            await _insert(connection, REQUESTS, requests)
            await _insert(connection, ATTEMPTS, [row for rows in attempts for row in rows])
            await _insert(connection, REFUSALS, [row for each in some for row in refusal_rows(each, names)])
        await add_counts(connection, counts)

    def _count(self, counts: _Counts, requests: Sequence[Row], attempts: Sequence[Sequence[Row]]) -> None:
        """Add to `counts` what was attempted."""
        for request, rows in zip(requests, attempts, strict=True):
            if not rows:
                continue
            day = dt.datetime.fromtimestamp(request["time"], dt.UTC).date()
            pseudonym = self._pseudonyms.of(request["tenant"], request["customer"])
            for row in rows:
                key = day, row["configuration"], row["attestation"] or UNKNOWN, pseudonym
                attempted, sent, succeeded = counts.get(key, (0, 0, 0))
                counts[key] = attempted + 1, sent + (row["sent"] != "no"), succeeded + (row["outcome"] == Outcome.OK)


async def add_counts(connection: AsyncConnection, counts: _Counts) -> None:
    """Add to the incident index."""
    # In one order for every process, so that no two of them wait for each other.
    rows = [dict(zip(_INDEX, (*key, *counts[key]), strict=True)) for key in sorted(counts)]
    for some in _slices(rows, _BREATH):
        await connection.execute(_adding(connection.dialect.name), list(some))


async def move_pseudonyms(connection: AsyncConnection, to: Mapping[str, str]) -> int:
    """Count what stands under some pseudonyms under others, and say how many rows that were."""
    found = (await connection.execute(select(INCIDENTS).where(INCIDENTS.c.pseudonym.in_(list(to))))).all()
    counts: _Counts = {}
    for *place, pseudonym, attempted, sent, succeeded in found:
        day, configuration, attestation = place
        key = day, configuration, attestation, to[pseudonym]
        before = counts.get(key, (0, 0, 0))
        counts[key] = before[0] + attempted, before[1] + sent, before[2] + succeeded
    await connection.execute(delete(INCIDENTS).where(INCIDENTS.c.pseudonym.in_(list(to))))
    await add_counts(connection, counts)
    return len(found)


async def written(connection: AsyncConnection, metadata: Metadata) -> bool:
    """Whether a batch that this record is in was written: to ask when nobody heard how a transaction ended."""
    row = request_row(metadata, Names())
    same = (REQUESTS.c.time == row["time"]) & (REQUESTS.c.request_id == row["request_id"])
    return (await connection.execute(select(REQUESTS.c.status).where(same))).first() is not None


_INDEX: Final = tuple(INCIDENTS.c.keys())
_SUMS: Final = ("attempted", "sent", "succeeded")


@cache
def _ignoring(dialect: str, table: Table) -> Any:  # noqa: ANN401 - both dialects have the same method
    """An insert that leaves alone what is there already."""
    return _dialect(dialect).insert(table).on_conflict_do_nothing()


@cache
def _adding(dialect: str) -> Any:  # noqa: ANN401 - as above
    """An insert into the index that adds to what is there."""
    insert = _dialect(dialect).insert(INCIDENTS)
    sums = {name: INCIDENTS.c[name] + insert.excluded[name] for name in _SUMS}
    return insert.on_conflict_do_update(index_elements=list(INCIDENTS.primary_key), set_=sums)


def _dialect(name: str) -> Any:  # noqa: ANN401 - a module
    """What SQLAlchemy has for one database alone: the other is not loaded."""
    return import_module(f"sqlalchemy.dialects.{name}")


async def _insert(connection: AsyncConnection, table: Table, rows: list[Row]) -> None:
    """Insert rows whose values the driver takes as they are: what SQLAlchemy would do for each value costs the most."""
    if rows:
        statement, values_of = _written(connection.dialect, _ignoring(connection.dialect.name, table))
        await connection.exec_driver_sql(statement, [values_of(row) for row in rows])


@lru_cache(maxsize=16)
def _written(dialect: Dialect, insert: Any) -> tuple[str, Callable[[Row], tuple[Any, ...]]]:  # noqa: ANN401 - see `_ignoring`
    """A statement as its driver takes it, and what puts the values of a row in its order."""
    compiled = insert.compile(dialect=dialect)
    return compiled.string, itemgetter(*compiled.positiontup)


def _slices(some: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    return (some[start : start + size] for start in range(0, len(some), size))
