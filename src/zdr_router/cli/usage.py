"""`zdr usage`: what was used, by customer, day and model, for bills."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import typer

from zdr_router.cli.bars import bars
from zdr_router.cli.exits import Fault
from zdr_router.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath
from zdr_router.cli.output import Output
from zdr_router.cli.store import AsTable, From, OfTenant, Tabular, To, as_csv, days, on_store, settings_of
from zdr_router.config import load
from zdr_router.policy.calendar import start_of

if TYPE_CHECKING:
    from zdr_router.records.store.database import Database
    from zdr_router.records.store.usage import Usage

EXAMPLES: Final = """
\b
Examples:
  zdr usage --from 2026-11-01 --to 2026-12-01
  zdr usage --by customer,model --format csv > november.csv
  zdr usage --customer c-1042 --plot tokens
"""
_SUMS: Final = ("requests", "succeeded", "input_tokens", "output_tokens", "cached_tokens", "price", "unpriced")


class Plotted(StrEnum):
    """What bars are drawn of."""

    REQUESTS = "requests"
    TOKENS = "tokens"
    PRICE = "price"


def usage(  # noqa: PLR0913 - options
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    since: From = None,
    until: To = None,
    by: Annotated[
        str, typer.Option("--by", metavar="a,b", help="Of tenant, customer, key, day, model, configuration, route.")
    ] = "customer,day,model",
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="ID", help="Only of this customer; otherwise of everybody.")
    ] = None,
    tenant: OfTenant = None,
    plot: Annotated[
        Plotted | None, typer.Option("--plot", help="Draw this by day, as bars, instead of the table.")
    ] = None,
    as_: AsTable = Tabular.TABLE,
    as_json: AsJson = False,
) -> None:
    """Sum up requests, tokens and prices. Days are UTC; without --from, from the first of the last one's month.

    Prices are US dollars, from the registry's prices at the time; `unpriced` are requests whose tokens have none.
    What a provider used for a request that failed is counted as far as it said so.
    """
    first, after = days(since, until)
    settings = settings_of(load(config), config)
    from zdr_router.records.store.reading import Wanted  # noqa: PLC0415 - the extra `store`
    from zdr_router.records.store.usage import BY  # noqa: PLC0415 - as above
    from zdr_router.records.store.usage import usage as sums  # noqa: PLC0415 - as above

    columns = ["day"] if plot else by.split(",")
    if not set(columns) <= set(BY) or len(set(columns)) < len(columns):
        raise Fault("--by names what usage cannot be summed by", fix=f"any of {', '.join(BY)}, each once")
    if first is None:
        last = dt.datetime.now(dt.UTC).date() if after is None else after - dt.timedelta(1)
        first = last.replace(day=1)
    wanted = Wanted(customer, tenant, None, start_of(first), None if after is None else start_of(after))

    async def look(database: Database) -> list[Usage]:
        return await sums(database, wanted, columns)

    found = on_store(settings, look)
    output = Output(as_json=as_json)
    if as_json:
        rows = [{**dict(zip(columns, each.group, strict=True)), **_sums(each)} for each in found]
        output.json({"from": str(first), "to": None if after is None else str(after), "usage": rows})
    elif plot is not None:
        _draw(output, found, plot)
    elif as_ is Tabular.CSV:
        output.text(as_csv([*columns, *_SUMS], *([*each.group, *_sums(each).values()] for each in found)))
    elif found:
        cells = ([*(name or "-" for name in each.group), *map(_cell, _sums(each).values())] for each in found)
        output.table([*columns, *_SUMS], cells)
    else:
        output.line(f"no request was recorded from {first} on")


def _sums(usage: Usage) -> dict[str, int | float]:
    return {name: getattr(usage, name) for name in _SUMS}


def _cell(value: float) -> str:
    return f"{value:,.6f}".rstrip("0").rstrip(".")


def _draw(output: Output, found: Sequence[Usage], plot: Plotted) -> None:
    by_day = {each.group[0] or "": each for each in found}
    if not by_day:
        output.line("no request was recorded then")
        return
    day, last = (dt.date.fromisoformat(end(by_day)) for end in (min, max))
    values: list[tuple[str, float]] = []
    while day <= last:
        values.append((str(day), _height(by_day.get(str(day)), plot)))
        day += dt.timedelta(1)
    output.line(f"{plot.value} by day, UTC{', in US dollars' if plot is Plotted.PRICE else ''}", "bold")
    for line in bars(values):
        output.line(line)


def _height(usage: Usage | None, plot: Plotted) -> float:
    if usage is None:
        return 0.0
    if plot is Plotted.TOKENS:
        return usage.input_tokens + usage.output_tokens
    return usage.price if plot is Plotted.PRICE else usage.requests
