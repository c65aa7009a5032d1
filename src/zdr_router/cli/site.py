"""`zdr registry site`: writes the registry as static pages, for those who read it without a command line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from zdr_router.cli.exits import Code, Fault, unwritable
from zdr_router.cli.options import AsJson, MaybeConfigPath, Providers, date
from zdr_router.cli.output import Output
from zdr_router.cli.registry import sources
from zdr_router.registry import Registry
from zdr_router.site import folder

EXAMPLES: Final = """
\b
Examples:
  zdr registry site catalogue
  zdr registry site catalogue -c zdr.yaml --date 2026-11-22
"""

_YEARS: Final = range(2000, 2100)
"""A timeline has room for these: it names every month between the date and the last expiry."""


def site(
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", help="The folder to write: a new or empty one, or one that holds an earlier catalogue."
        ),
    ],
    *,
    on: Annotated[
        str | None,
        typer.Option("--date", metavar="DATE", help="The day against which dates are held. Default: today, UTC."),
    ] = None,
    config: MaybeConfigPath = None,
    providers: Providers = None,
    as_json: AsJson = False,
) -> None:
    """Write a static catalogue of the registry, to be read from a disk or served as it is.

    A matrix of configurations and flags with filters, a page for each provider with its conditions and sources, and a
    timeline of expiries. The pages ask nothing of a network. The same registry and date give the same bytes, whose
    digests are in SHA256SUMS. Needs the extra `site`: pip install 'zdr-router[site]'.
    """
    output = Output(as_json=as_json)
    today = date(on, "--date") or dt.datetime.now(dt.UTC).date()
    if today.year not in _YEARS:
        raise Fault("--date lies in another century", fix=f"give a day from {_YEARS[0]} to {_YEARS[-1]}")
    registry = Registry.load(*sources(config, providers))
    files = _write(registry, today, out)
    told = {
        "folder": str(out),
        "date": str(today),
        "providers": len(registry.providers),
        "configurations": len(registry.configurations),
        "files": files,
        "registry": registry.digest,
    }
    if as_json:
        output.json(told)
        return
    output.line(f"wrote {told['files']} files to {out}", "bold green")
    output.facts([(name, str(value)) for name, value in told.items() if name not in ("folder", "files")])
    output.note(f"open {out / 'index.html'}")


def _write(registry: Registry, today: dt.date, out: Path) -> int:
    """Write the catalogue; give the number of its files."""
    try:
        from zdr_router.site.pages import pages  # noqa: PLC0415 - needs the extra `site`
    except ModuleNotFoundError as error:
        fault: Exception = Fault(f"the catalogue needs {error.name}", fix="pip install 'zdr-router[site]'")
    else:
        return _put(pages(registry, today), out)
    raise fault


def _put(files: Mapping[str, bytes], out: Path) -> int:
    try:
        return folder.write(files, out)
    except OSError as error:
        fault: Exception = unwritable(out, error)
    except folder.Foreign:
        what = "the folder holds files that are no catalogue's"
        fault = Fault(what, where=str(out), fix="name a new or an empty one", code=Code.CONFIGURATION)
    raise fault
