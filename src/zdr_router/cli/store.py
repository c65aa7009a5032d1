"""How commands come to the store of records that the operator's file names, and what they print of it."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from zdr_router.cli.exits import Code, Fault
from zdr_router.cli.options import date
from zdr_router.deployment import Deployment
from zdr_router.policy.calendar import start_of
from zdr_router.records.store.database import Database, require, why
from zdr_router.records.store.settings import StoreSettings

_Found = TypeVar("_Found")

Customer = Annotated[str, typer.Option("--customer", metavar="ID", help="Whose records: the id that you gave them.")]
OfTenant = Annotated[
    str | None, typer.Option("--tenant", metavar="TENANT", help="Only of this tenant; otherwise of every tenant.")
]
From = Annotated[str | None, typer.Option("--from", metavar="DATE", help="The first day, UTC.")]
To = Annotated[str | None, typer.Option("--to", metavar="DATE", help="The day after the last one, UTC.")]


class Tabular(StrEnum):
    """How a table is written."""

    TABLE = "table"
    CSV = "csv"


AsTable = Annotated[Tabular, typer.Option("--format", help="For people, or for a spreadsheet.")]


def settings_of(deployment: Deployment, config: Path) -> StoreSettings:
    """Where records are. Raises `Fault` where the file asks for none, or none were kept yet.

    And `ConfigError` where a package is missing: so what needs one is imported after this was called.
    """
    settings = deployment.records
    if settings is None:
        fix = "add `records: {store: {file: records.db}}` and a `salt` to it"
        raise Fault("the file asks for no records", where=str(config), fix=fix, code=Code.CONFIGURATION)
    if isinstance(settings.place, Path) and not settings.place.exists():
        fix = "a router makes it when it opens with this file"
        raise Fault("nothing was recorded yet", where=str(settings.place), fix=fix, code=Code.CONFIGURATION)
    require(settings.place, "records", settings.source)
    return settings


def on_store(settings: StoreSettings, work: Callable[[Database], Awaitable[_Found]]) -> _Found:
    """Do something with the store. Raises `ConfigError` and `Fault`."""
    try:
        return asyncio.run(_on(settings, work))
    except (OSError, TimeoutError) as error:
        fault = _unusable(settings, error)
    except Exception as error:
        # The package is there by now; it is not where nothing is kept.
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - the extra `store`

        if not isinstance(error, SQLAlchemyError):
            raise
        fault = _unusable(settings, error)
    raise fault


async def _on(settings: StoreSettings, work: Callable[[Database], Awaitable[_Found]]) -> _Found:
    database = Database(settings)
    try:
        await database.open()
        return await work(database)
    finally:
        await database.close()


def _unusable(settings: StoreSettings, error: BaseException) -> Fault:
    fix = "see that it can be reached, and run the command again"
    return Fault(f"the store of records cannot be used: {why(error)}", where=settings.source, fix=fix, code=Code.FAILED)


def days(since: str | None, until: str | None) -> tuple[dt.date | None, dt.date | None]:
    """A span of days, without the one that is named last. Raises `Fault`."""
    first, after = date(since, "--from"), date(until, "--to")
    if first is not None and after is not None and after <= first:
        raise Fault("--to is not after --from", fix="--to is the day after the last one that counts")
    return first, after


def instants(since: str | None, until: str | None) -> tuple[float | None, float | None]:
    """The same in seconds since the epoch."""
    first, after = days(since, until)
    return None if first is None else start_of(first), None if after is None else start_of(after)


def as_csv(*rows: Sequence[Any]) -> str:
    """Lines for spreadsheets, with what is not known left empty, and without the last line's end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().removesuffix("\n")
