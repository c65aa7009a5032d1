"""`zdr metadata`: what was recorded of requests, given out, corrected and deleted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import aclosing
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from zdr_router.cli.exits import Fault, unreadable
from zdr_router.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath, date
from zdr_router.cli.output import Output
from zdr_router.cli.store import Customer, From, OfTenant, To, as_csv, instants, on_store, settings_of
from zdr_router.config import load
from zdr_router.driver.asking import valid_name
from zdr_router.policy.calendar import start_of
from zdr_router.records.receipts.book import Book
from zdr_router.records.store.database import Database
from zdr_router.records.store.pseudonym import Pseudonyms

app = typer.Typer(
    name="metadata",
    help="The record of requests: export, correct and erase what it has of a customer, delete what is old.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

EXPORT_EXAMPLES: Final = """
\b
Examples:
  zdr metadata export --customer c-1042 > c-1042.jsonl
  zdr metadata export --customer c-1042 --from 2026-11-01 --to 2026-12-01 --format csv
"""
SHOW_EXAMPLES: Final = """
\b
Examples:
  zdr metadata show 5d0c1f9e8a7b6c5d4e3f2a1b
"""
CORRECT_EXAMPLES: Final = """
\b
Examples:
  zdr metadata correct --customer c-1024 --to c-1042
"""
ERASE_EXAMPLES: Final = """
\b
Examples:
  zdr metadata erase --customer c-1042
  zdr metadata erase --customer c-1042 --tenant acme --keep-index
"""
PURGE_EXAMPLES: Final = """
\b
Examples:
  zdr metadata purge
  zdr metadata purge --before 2026-11-01
"""
ARCHIVED_EXAMPLES: Final = """
\b
Examples:
  zdr metadata archived sha256:9f2b… | sha256sum
"""


class Lines(StrEnum):
    """How records are given out."""

    JSONL = "jsonl"
    CSV = "csv"


@app.command("export", epilog=EXPORT_EXAMPLES)
def export(  # noqa: PLR0913 - options
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="ID", help="Whose records; otherwise everybody's.")
    ] = None,
    tenant: OfTenant = None,
    since: From = None,
    until: To = None,
    as_: Annotated[
        Lines, typer.Option("--format", help="One JSON object a line, or a table without the single attempts.")
    ] = Lines.JSONL,
    as_json: AsJson = False,
) -> None:
    """Print records in the order of time: one JSON object a line, or CSV.

    This is what a customer who asks what is kept of them is given. It holds no content, since no record does.
    With --json, one document that holds all of them.
    """
    span = instants(since, until)
    settings = settings_of(load(config), config)
    from zdr_router.records.store.reading import Wanted, records  # noqa: PLC0415 - the extra `store`

    wanted = Wanted(customer, tenant, None, *span)
    output = Output(as_json=as_json)
    everything: list[dict[str, Any]] = []

    async def write(database: Database) -> None:
        first = True
        async with aclosing(records(database, wanted)) as found:
            async for record in found:
                if as_json:
                    everything.append(record)
                elif as_ is Lines.JSONL:
                    output.row(record)
                else:
                    flat = _flat(record)
                    output.text(as_csv(*([list(flat)] if first else []), list(flat.values())))
                    first = False

    on_store(settings, write)
    if as_json:
        output.json(everything)


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as one line of a table: how many attempts there were, and which refusals."""
    return {
        **record,
        "signals": " ".join(record["signals"]),
        "attempts": len(record["attempts"]),
        "refusals": " ".join(sorted({each["refusal"] for each in record["refusals"]})),
    }


@app.command("show", epilog=SHOW_EXAMPLES)
def show(
    request_id: Annotated[str, typer.Argument(metavar="REQUEST_ID", help="The `request_id` of the record.")],
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Print the record of one request, with its attempts and refusals: always JSON."""
    del as_json  # a record is JSON
    settings = settings_of(load(config), config)
    from zdr_router.records.store.reading import Wanted, records  # noqa: PLC0415 - the extra `store`

    async def find(database: Database) -> list[dict[str, Any]]:
        return [each async for each in records(database, Wanted(request_id=request_id))]

    found = on_store(settings, find)
    if not found:
        fix = "see its `request_id`; what was purged or erased is gone"
        raise Fault("there is no record of that request", where=str(config), fix=fix)
    Output(as_json=True).json(found[0])


@app.command("correct", epilog=CORRECT_EXAMPLES)
def correct(
    *,
    customer: Customer,
    to: Annotated[str, typer.Option("--to", metavar="ID", help="The id that is right.")],
    config: ConfigPath = DEFAULT_CONFIG,
    tenant: OfTenant = None,
    as_json: AsJson = False,
) -> None:
    """Put another id in the place of a customer's, in the records and in the incident index.

    Receipts stay as they are: they are signed, and say what was recorded then.
    """
    if not valid_name(to):
        raise Fault("--to is no customer id", fix="1 to 128 letters, digits and ._:-")
    deployment = load(config)
    settings = settings_of(deployment, config)
    from zdr_router.records.store.retention import Customer as Who  # noqa: PLC0415 - the extra `store`
    from zdr_router.records.store.retention import correct as change  # noqa: PLC0415 - as above

    who, pseudonyms, tenants = Who(customer, tenant), Pseudonyms(settings.salt), list(deployment.policies)
    changed = on_store(settings, lambda database: change(database, who, to, pseudonyms, tenants))
    output = Output(as_json=as_json)
    if deployment.receipts is not None:
        output.note("receipts still name the old id: `zdr receipts erase --customer` removes what they have of it")
    if as_json:
        output.json({"corrected": changed.requests, "index": changed.incidents})
    else:
        output.line(f"corrected {_records(changed.requests)}", "bold green")


@app.command("erase", epilog=ERASE_EXAMPLES)
def erase(
    *,
    customer: Customer,
    config: ConfigPath = DEFAULT_CONFIG,
    tenant: OfTenant = None,
    keep_index: Annotated[
        bool,
        typer.Option("--keep-index", help="Leave the incident index, where the customer stands under a pseudonym."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Erase what is kept of a customer: records, their places in the incident index, and receipts where there are any.

    What is under way or waits to be written is not reached: stop their requests first. Backups are yours to deal with.
    """
    deployment = load(config)
    settings = settings_of(deployment, config)
    from zdr_router.records.store.retention import Customer as Who  # noqa: PLC0415 - the extra `store`
    from zdr_router.records.store.retention import erase as remove  # noqa: PLC0415 - as above

    who, pseudonyms = Who(customer, tenant), None if keep_index else Pseudonyms(settings.salt)
    gone = on_store(settings, lambda database: remove(database, who, pseudonyms, deployment.policies))
    sealed = 0 if deployment.receipts is None else _erase_receipts(deployment.receipts.directory, customer, tenant)
    output = Output(as_json=as_json)
    if as_json:
        output.json({"erased": gone.requests, "index": gone.incidents, "receipts": sealed})
        return
    output.line(f"erased {_records(gone.requests)}", "bold green")
    output.facts([("index", f"{gone.incidents} rows" if gone.incidents else ""), ("receipts", str(sealed or ""))])


def _erase_receipts(directory: Path, customer: str, tenant: str | None) -> int:
    def gone(record: Mapping[str, object]) -> bool:
        return record.get("customer") == customer and tenant in {None, record.get("tenant")}

    try:
        return Book(directory).erase(gone) if directory.exists() else 0
    except OSError as error:
        fault = unreadable(directory, error)
    raise fault


@app.command("purge", epilog=PURGE_EXAMPLES)
def purge(
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    before: Annotated[
        str | None, typer.Option("--before", metavar="DATE", help="Delete records from before this day, UTC.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Delete what is older than `keep` and `incidents` allow, as every router does each hour.

    With --before, records from before that day, whatever `keep` says; the incident index is left to `incidents`.
    """
    day, now = date(before, "--before"), time.time()
    keep = None if day is None else now - start_of(day)
    settings = settings_of(load(config), config)
    from zdr_router.records.store.retention import purge as remove  # noqa: PLC0415 - the extra `store`

    gone = on_store(settings, lambda database: remove(database, now, keep=keep))
    output = Output(as_json=as_json)
    if as_json:
        output.json({"deleted": gone.requests, "index": gone.incidents})
        return
    output.line(f"deleted {_records(gone.requests)}", "bold green")
    output.facts([("index", f"{gone.incidents} rows" if gone.incidents else "")])


@app.command("archived", epilog=ARCHIVED_EXAMPLES)
def archived(
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="A digest that a record names: `sha256:…`.")],
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Print a registry, configuration, provider or policy as it was, in canonical JSON: its SHA-256 is the digest."""
    del as_json  # it is JSON
    settings = settings_of(load(config), config)
    from zdr_router.records.store.incidents import archived as find  # noqa: PLC0415 - the extra `store`

    content = on_store(settings, lambda database: find(database, digest))
    if content is None:
        raise Fault("the archive has nothing of that digest", where=str(config), fix="see the records for digests")
    Output(as_json=True).exactly(content.decode())


def _records(count: int) -> str:
    return f"{count} {'record' if count == 1 else 'records'}"
