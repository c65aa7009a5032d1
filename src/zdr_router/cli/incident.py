"""`zdr incident`: whose requests went to a configuration while something that was claimed of it did not hold."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from zdr_router.cli.exits import unreadable
from zdr_router.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath
from zdr_router.cli.output import Output
from zdr_router.cli.store import AsTable, From, Tabular, To, as_csv, days, on_store, settings_of
from zdr_router.config import load
from zdr_router.records.store.pseudonym import Pseudonyms

if TYPE_CHECKING:
    from zdr_router.deployment import Deployment
    from zdr_router.records.store.database import Database
    from zdr_router.records.store.incidents import Incident

EXAMPLES: Final = """
\b
Examples:
  zdr incident --configuration groq/zdr --from 2026-11-02 --to 2026-11-05
  zdr incident --configuration groq/zdr --customers customers.csv --format csv > notify.csv
  zdr incident --configuration groq/zdr --json > notice.json
"""
_COLUMNS: Final = ("pseudonym", "tenant", "customer", "first", "last", "attempted", "sent", "succeeded")
_NOBODY: Final = (None, None)


def incident(  # noqa: PLR0913 - options
    *,
    configuration: Annotated[
        str, typer.Option("--configuration", metavar="ID", help="The configuration: provider/name.")
    ],
    config: ConfigPath = DEFAULT_CONFIG,
    since: From = None,
    until: To = None,
    attestation: Annotated[
        str | None, typer.Option("--attestation", metavar="DIGEST", help="Only what went there under this one.")
    ] = None,
    customers: Annotated[
        Path | None,
        typer.Option(
            "--customers",
            metavar="FILE",
            help="Your customers' ids, one a line, or lines of tenant,customer: pseudonyms of theirs are resolved.",
        ),
    ] = None,
    as_: AsTable = Tabular.TABLE,
    as_json: AsJson = False,
) -> None:
    """Tell whose requests went to a configuration, when and how often, and what was claimed of it then.

    It works after records were purged: the index behind it is kept for longer, and names customers by pseudonyms,
    which the salt and a list of customers resolve. `sent` counts attempts of which something may have arrived there,
    failed and hedged ones included; who has none in it has not been reached.
    """
    first, after = days(since, until)
    deployment = load(config)
    settings = settings_of(deployment, config)
    from zdr_router.records.store.incidents import incident as look_up  # noqa: PLC0415 - the extra `store`

    today = dt.datetime.now(dt.UTC).date()
    first = first or today - dt.timedelta(seconds=settings.incidents)
    after = after or today + dt.timedelta(1)

    async def look(database: Database) -> Incident:
        return await look_up(database, configuration, first, after, attestation)

    found = on_store(settings, look)
    known = _known(deployment, Pseudonyms(settings.salt), customers)
    rows = [(each.pseudonym, *known.get(each.pseudonym, _NOBODY), *each[1:]) for each in found.affected]
    output = Output(as_json=as_json)
    if as_json:
        output.json(
            {
                "configuration": configuration,
                "from": str(first),
                "to": str(after),
                "affected": [dict(zip(_COLUMNS, row, strict=True)) for row in rows],
                "claims": [each._asdict() for each in found.claims],
            }
        )
    elif as_ is Tabular.CSV:
        output.text(as_csv(_COLUMNS, *rows))
    elif not rows:
        output.line(f"no request went to {configuration} from {first} to {after}", "bold green")
    else:
        _show(output, found, rows)


def _show(output: Output, found: Incident, rows: list[tuple[Any, ...]]) -> None:
    output.table(_COLUMNS, ([*("-" if cell is None else str(cell) for cell in row)] for row in rows))
    output.line()
    output.line("claimed then:", "bold")
    for claim in found.claims:
        output.line(f"  {claim.attestation}: {claim.first} to {claim.last}, {claim.sent} sent{_dates(claim.declared)}")
    reached = sum(each.sent > 0 for each in found.affected)
    unknown = sum(row[2] is None for row in rows)
    output.line(f"reached: {reached} of {len(rows)} pseudonyms; not resolved: {unknown}")


def _dates(declared: Mapping[str, Any] | None) -> str:
    if declared is None:
        return "; the archive does not have it"
    attestation = declared.get("attestation", {})
    return f"; observed {attestation.get('observed')}, expires {attestation.get('expires', 'never')}"


def _known(
    deployment: Deployment, pseudonyms: Pseudonyms, customers: Path | None
) -> Mapping[str, tuple[str | None, str | None]]:
    """Tenant and customer by pseudonym: those of the list, and requests that were nobody's."""
    tenants = list(deployment.policies)
    nobody = {name: (tenant, "(none)") for name, (tenant, _) in pseudonyms.resolve(tenants, [None]).items()}
    if customers is None:
        return nobody
    try:
        with customers.open(encoding="utf-8-sig", newline="") as file:
            lines = [[cell.strip() for cell in line] for line in csv.reader(file) if line]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        fault = unreadable(customers, error if isinstance(error, OSError) else OSError(0, "it is no list in UTF-8"))
    else:
        alone = pseudonyms.resolve(tenants, [line[0] for line in lines if len(line) == 1])
        pairs = {pseudonyms.of(line[0] or None, line[1]): (line[0] or None, line[1]) for line in lines if len(line) > 1}
        return {**nobody, **alone, **pairs}
    raise fault
