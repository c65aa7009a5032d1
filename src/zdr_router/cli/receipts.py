"""`zdr receipts`: keys, receipts, checkpoints and erasure of a journal that a router seals."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

from zdr_router.cli.exits import Code, Fault, unreadable, unwritable
from zdr_router.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath, date
from zdr_router.cli.output import Output
from zdr_router.config import load
from zdr_router.policy.calendar import start_of
from zdr_router.records.receipts.book import BATCHES, Book
from zdr_router.records.receipts.keys import PublicKey, SigningKey
from zdr_router.records.receipts.leaves import lines
from zdr_router.records.receipts.receipt import find

_Found = TypeVar("_Found")

app = typer.Typer(
    name="receipts",
    help="Receipts: make keys, verify what is kept, take out what belongs to one request, erase.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Directory = Annotated[
    Path | None,
    typer.Option("--directory", "-d", metavar="DIR", help="The journal. Default: what the operator's file names."),
]

KEYGEN_EXAMPLES: Final = """
\b
Examples:
  zdr receipts keygen receipts.key            also writes receipts.key.pub
"""
SHOW_EXAMPLES: Final = """
\b
Examples:
  zdr receipts show 6f1c… -c zdr.yaml > receipt.json
  zdr receipts verify receipt.json --key receipts.key.pub
"""
CHECKPOINT_EXAMPLES: Final = """
\b
Examples:
  zdr receipts checkpoint -c zdr.yaml > 2026-11-22.json
  zdr receipts verify receipts --key receipts.key.pub --checkpoint 2026-11-22.json
"""
ERASE_EXAMPLES: Final = """
\b
Examples:
  zdr receipts erase -c zdr.yaml --customer c-1042
  zdr receipts erase -d receipts --before 2026-08-24
"""
ROTATE_EXAMPLES: Final = """
\b
Examples:
  zdr receipts keygen new.key
  zdr receipts rotate -d receipts --key receipts.key --to new.key.pub
"""


@app.command("keygen", epilog=KEYGEN_EXAMPLES)
def keygen(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The private key; the public one is FILE.pub.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Make a pair of keys: the private one for the router, the public one for whoever verifies.

    The private key is not encrypted, and readable by its owner alone. No file is overwritten.
    """
    key, public = SigningKey.generate(), path.with_name(f"{path.name}.pub")
    for place, text, mode in ((path, key.pem(), 0o600), (public, key.public.pem, 0o644)):
        try:
            with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
                file.write(text)
        except OSError as error:
            raise unwritable(place, error) from None
    output = Output(as_json=as_json)
    if as_json:
        output.json({"key": key.id, "private": str(path), "public": str(public)})
        return
    output.line(f"made {key.id}", "bold green")
    output.facts([("private", f"{path}, for the router alone"), ("public", f"{public}, for whoever verifies")])


@app.command("show", epilog=SHOW_EXAMPLES)
def show(
    request_id: Annotated[str, typer.Argument(metavar="REQUEST_ID", help="The `request_id` of the record.")],
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    directory: Directory = None,
    as_json: AsJson = False,
) -> None:
    """Print the receipt of one request, which can be verified by itself: always JSON.

    It holds the record, its salt, the way to the root of its batch, and the signed statement. Whoever is given it
    learns what the record says, and nothing of other requests.
    """
    del as_json  # a receipt is JSON
    place = _directory(config, directory)
    receipt = _on(place, lambda: find(place, request_id))
    if receipt is None:
        fix = "see its `request_id`; the newest requests are sealed within `seal_every`, and what was erased is gone"
        raise Fault("there is no sealed record of that request", where=str(place), fix=fix)
    Output(as_json=True).json(receipt.model_dump())


@app.command("checkpoint", epilog=CHECKPOINT_EXAMPLES)
def checkpoint(*, config: ConfigPath = DEFAULT_CONFIG, directory: Directory = None, as_json: AsJson = False) -> None:
    """Print the newest signed statement: kept elsewhere, it shows later whether anything before it was cut off."""
    del as_json  # a statement is JSON
    place = _directory(config, directory)
    last = b""
    for _, line in _on(place, lambda: list(lines(place / BATCHES))):
        last = line
    if not last:
        raise Fault("nothing is sealed yet", where=str(place), fix="wait for the first batch")
    Output(as_json=True).text(last.decode())


@app.command("erase", epilog=ERASE_EXAMPLES)
def erase(
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    directory: Directory = None,
    customer: Annotated[
        str | None, typer.Option("--customer", metavar="ID", help="Erase the records of this customer.")
    ] = None,
    before: Annotated[
        str | None, typer.Option("--before", metavar="DATE", help="Erase the records from before this day, UTC.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Erase records with their salts. Hashes stay, which say nothing any more, so the rest can still be verified.

    With both options, what both apply to is erased. Receipts that were given out before are not reached by this.
    """
    day = date(before, "--before")
    if customer is None and day is None:
        raise Fault("it is not said what to erase", fix="give --customer ID, or --before DATE")
    until = None if day is None else start_of(day)

    def gone(record: Mapping[str, object]) -> bool:
        at = record.get("time")
        old = until is None or (isinstance(at, int | float) and at < until)
        return old and (customer is None or record.get("customer") == customer)

    place = _directory(config, directory)
    count = _on(place, lambda: Book(place).erase(gone))
    output = Output(as_json=as_json)
    if as_json:
        output.json({"erased": count})
    else:
        output.line(f"erased {count} {'record' if count == 1 else 'records'}", "bold green")


@app.command("rotate", epilog=ROTATE_EXAMPLES)
def rotate(
    *,
    key: Annotated[Path, typer.Option("--key", metavar="FILE", help="The private key that has sealed until now.")],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The public key of its successor.")],
    config: ConfigPath = DEFAULT_CONFIG,
    directory: Directory = None,
    as_json: AsJson = False,
) -> None:
    """Let another key seal from here on: the old key names the new one, in a signed statement of the journal.

    From then on the old key seals nothing, so stop the routers first, and start them with the new key. A key that
    leaked is not rotated but revoked: start with a new key, and give `verify` a list of revoked ones.
    """
    old = SigningKey.read(read_key(key), str(key))
    new = PublicKey.read(read_key(to), str(to))
    if new.id == old.id:
        raise Fault("both keys are the same", fix="make a new one with: zdr receipts keygen new.key")
    place = _directory(config, directory)
    _on(place, lambda: Book(place).rotate(old, new))
    output = Output(as_json=as_json)
    if as_json:
        output.json({"from": old.id, "to": new.id})
        return
    output.line(f"{new.id} seals from here on", "bold green")
    output.line("next: name its private key under `receipts` in the operator's file, and start the routers again")


def read_key(path: Path) -> str:
    """The text of a key file. Raises `ConfigError`."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        fault = unreadable(path, error)
    raise fault


def _directory(config: Path, directory: Path | None) -> Path:
    if directory is not None:
        return directory
    settings = load(config).receipts
    if settings is None:
        fix = "add `receipts: {directory: receipts, key: {file: receipts.key}}` to it, or give --directory"
        raise Fault("the file asks for no receipts", where=str(config), fix=fix, code=Code.CONFIGURATION)
    return settings.directory


def _on(place: Path, work: Callable[[], _Found]) -> _Found:
    try:
        return work()
    except OSError as error:
        fault = unreadable(place, error)
    raise fault
