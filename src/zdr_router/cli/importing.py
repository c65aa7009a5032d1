"""`zdr import`: files of this project from what others declare, with nothing left out in silence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from zdr_router.cli import files, yaml_text
from zdr_router.cli.exits import Code, Fault, unreadable
from zdr_router.cli.options import AsJson, date
from zdr_router.cli.output import Output
from zdr_router.config import load
from zdr_router.conformance.importing import litellm as by_litellm
from zdr_router.conformance.importing import openrouter as by_openrouter
from zdr_router.conformance.importing.base import Imported
from zdr_router.errors import Problem
from zdr_router.registry import Registry, shipped_directory
from zdr_router.registry.strict_yaml import read

app = typer.Typer(
    name="import",
    help="Make provider files, or an operator's file, of what others declare.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

OPENROUTER_EXAMPLES: Final = """
\b
Examples:
  curl -o list.json https://openrouter.ai/api/v1/endpoints/zdr
  zdr import openrouter list.json -o providers/openrouter-listed.yaml
"""

Written = Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")]
_LIMIT: Final = 64 * 1024 * 1024


@app.command("openrouter", epilog=OPENROUTER_EXAMPLES)
def openrouter(
    answer: Annotated[Path, typer.Argument(metavar="FILE", help="A saved answer of GET /api/v1/endpoints/zdr.")],
    *,
    written: Written,
    observed: Annotated[
        str | None, typer.Option("--observed", metavar="DATE", help="When it was saved. Default: today, UTC.")
    ] = None,
    ignored: Annotated[
        list[str] | None,
        typer.Option(
            "--ignore", metavar="NAME", help="A member that you looked up and that says nothing here. May be repeated."
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Make a provider file of OpenRouter's list of zero retention endpoints.

    Each tag of the list (a host, or a variant of one) becomes a configuration openrouter-listed/TAG. It says what
    openrouter/zdr says, forces requests to that tag, demands that the answer names its host, and serves the listed
    models. Its grade is `claimed` and it lasts 30 days. The shipped openrouter/zdr stays as it is. Name the file under
    `registry.providers` in zdr.yaml. The same answer and day give the same file; a file that was not made by this
    command is never replaced.

    Exits with 0 when everything was carried over, with 2 when an entry was left out: each is listed, with the reason.
    """
    today = dt.datetime.now(dt.UTC).date()
    day = date(observed, "--observed") or today
    if day > today:
        raise Fault("--observed lies in the future", fix="give the day on which the answer was saved")
    registry = Registry.shipped()
    base = registry.configurations[by_openrouter.BASE]
    imported = by_openrouter.listed(
        _bytes(answer),
        str(answer),
        base=base,
        provider=registry.providers[base.provider],
        observed=day,
        ignored=ignored or (),
    )
    return _write(Output(as_json=as_json), written, imported, lambda path: Registry.load([shipped_directory(), path]))


LITELLM_EXAMPLES: Final = """
\b
Examples:
  zdr import litellm config.yaml -o zdr.yaml
  zdr import litellm config.yaml -o zdr.yaml --server gpu7.example.net:8000=vllm/self-operated
"""


@app.command("litellm", epilog=LITELLM_EXAMPLES)
def litellm(
    config: Annotated[Path, typer.Argument(metavar="FILE", help="A litellm configuration with a `model_list`.")],
    *,
    written: Written,
    server: Annotated[
        list[str] | None,
        typer.Option(
            "--server",
            metavar="HOST[:PORT]=ID",
            help="A server that you run, with the self-operated configuration that says how. May be repeated.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Make an operator's file of a litellm configuration: accounts and routes, with every grant still to be stated.

    A deployment becomes a configuration by the address that it names, else by its prefix: of those declared there the
    first that keeps nothing. The same prefix at an address that nobody attests is taken for a server of your own only
    on this machine or its networks, and only where the prefix is a server's; elsewhere --server has to say so. Keys
    are carried over as names of environment variables; one that stands in the file is not copied, and its line is
    listed. Settings, callbacks and fallbacks of litellm are listed and not carried over.

    Exits with 0 when everything was carried over, with 2 when something was left out. Next: `zdr check -c FILE`.
    """
    registry = Registry.shipped()
    servers = dict(_server(registry, each) for each in server or ())
    imported = by_litellm.converted(read(config), registry, servers)
    if written.exists():
        raise Fault("there is a file already", where=str(written), fix="give another -o")
    return _write(Output(as_json=as_json), written, imported, load)


def _server(registry: Registry, given: str) -> tuple[str, str]:
    host, _, name = given.partition("=")
    configuration = registry.configurations.get(name)
    if not host or "/" in host or configuration is None or not configuration.self_operated:
        fix = "write it like --server 10.0.0.7:8000=vllm/self-operated; `zdr registry list` shows which there are"
        raise Fault("a --server is not HOST[:PORT]=ID with a self-operated configuration", fix=fix)
    return host, name


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LIMIT + 1)
    except OSError as error:
        fault: Exception = unreadable(path, error)
    else:
        if len(data) <= _LIMIT:
            return data
        fault = Fault(f"larger than {_LIMIT} bytes", where=str(path), fix="save the answer by itself")
    raise fault


def _write(output: Output, path: Path, imported: Imported, check: Callable[[Path], object]) -> int:
    """Put the document in its place once it loads, and say what is not in it."""
    new = yaml_text.text(imported.document, imported.comments)
    old = files.read_text(path) if path.exists() else None
    first = new.partition(" from ")[0]
    if old is not None and not old.startswith(first):
        raise Fault("there is a file already that this command did not make", where=str(path), fix="give another -o")
    files.replace(path, old, new, check)
    if output.as_json:
        groups = {"left_out": imported.left_out, "notes": imported.notes}
        output.json({"file": str(path), **{name: _documents(found) for name, found in groups.items()}})
    else:
        for title, found in (("left out", imported.left_out), ("note", imported.notes)):
            for problem in found:
                output.line(f"{title}: {problem.where}: {problem.what}", "bold yellow" if title == "left out" else None)
                if problem.fix:
                    output.line(f"  next: {problem.fix}")
        output.line(f"wrote {path}, {len(imported.left_out) or 'nothing'} left out", "bold")
    return Code.WARNINGS if imported.left_out else Code.DONE


def _documents(found: Sequence[Problem]) -> list[dict[str, str]]:
    return [{"what": each.what, "where": each.where, "next": each.fix} for each in found]
