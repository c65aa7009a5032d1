"""The options that several commands share, each spelled and explained once."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from zdr_router.cli.exits import Fault

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
ConfigPath = Annotated[
    Path, typer.Option("--config", "-c", metavar="FILE", help="The operator's file.", show_default=True)
]
MaybeConfigPath = Annotated[
    Path | None, typer.Option("--config", "-c", metavar="FILE", help="The operator's file: its registry is used.")
]
Providers = Annotated[
    list[Path] | None,
    typer.Option(
        "--providers",
        metavar="DIR",
        help="Provider files, or a folder of them, instead of the shipped registry. May be repeated.",
    ),
]
Now = Annotated[str | None, typer.Option("--now", metavar="DATE", help="Judge as of the start of this day, UTC.")]
TenantName = Annotated[str | None, typer.Option("--tenant", metavar="TENANT", help="Whose request it is.")]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "--param",
        metavar="NAME=JSON",
        help="A parameter of the request, for instance temperature=0 or "
        '\'response_format={"type":"json_object"}\'. May be repeated.',
    ),
]

DEFAULT_CONFIG: Final = Path("zdr.yaml")
_TAKEN: Final = frozenset(
    {
        "model",
        "messages",
        "input",
        "stream",
        "tenant",
        "customer",
        "policy",
        "timeout",
        "key",
        "signals",
        "endpoint",
        "self",
    }
)


def parameters(given: Iterable[str] | None) -> dict[str, Any]:
    """`NAME=JSON` pairs as parameters. Errors name the parameter and never show its value."""
    found: dict[str, Any] = {}
    for pair in given or ():
        name, equals, text = pair.partition("=")
        if not equals or not name.isidentifier():
            raise Fault("a --param is not NAME=JSON", fix="write it like --param temperature=0")
        if name in _TAKEN:
            raise Fault(f"--param {name} cannot be given", fix="use the command's own argument or option for it")
        if name in found:
            raise Fault(f"--param {name} is given twice", fix="keep one of them")
        found[name] = _json(name, text)
    return found


def _json(name: str, text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(text)
    except ValueError:
        pass
    # Raised out here: the decoder's error holds the text.
    raise Fault(f"the value of --param {name} is not JSON", fix=f"""a string needs quotes: --param '{name}="text"'""")


def date(text: str | None, option: str) -> dt.date | None:
    """A day, written YYYY-MM-DD."""
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        fault = Fault(f"{option} is not a date", fix="write it YYYY-MM-DD, for instance 2026-11-22")
    raise fault
