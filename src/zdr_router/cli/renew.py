"""`zdr registry renew`: moves the dates of an attestation whose evidence somebody has read again, by an overlay."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from zdr_router.cli import files, yaml_edit
from zdr_router.cli.exits import Code, Fault
from zdr_router.cli.options import AsJson, MaybeConfigPath, Providers, date
from zdr_router.cli.output import Output
from zdr_router.cli.registry import Named, find, sources
from zdr_router.registry import Configuration, Registry
from zdr_router.registry.facts import LIFETIME
from zdr_router.registry.overlay import OverlayFile
from zdr_router.registry.strict_yaml import read

EXAMPLES: Final = """
\b
Examples:
  zdr registry renew groq/zdr --reviewed-by "A. Reader, security" -o overlay.yaml
"""


def renew(  # noqa: PLR0913 - the options of the command
    name: Named,
    *,
    reviewed_by: Annotated[
        str, typer.Option("--reviewed-by", metavar="NAME", help="Who read the evidence again, and stands behind it.")
    ],
    overlay: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The overlay to write, or to add to.")
    ],
    observed: Annotated[
        str | None, typer.Option("--observed", metavar="DATE", help="When it was read. Default: today, UTC.")
    ] = None,
    config: MaybeConfigPath = None,
    providers: Providers = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="The evidence was read again: do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Renew an attestation whose evidence somebody has read again.

    Open each address that is listed, find the place on the page, compare, and only then confirm. The command writes
    an overlay that moves `observed` to the day of the reading and `expires` as far ahead as before, 90 days at most.
    List the overlay under `registry.overlays` in zdr.yaml. Where a page says something new, change the facts instead.
    """
    output = Output(as_json=as_json)
    if not reviewed_by.strip():
        raise Fault("--reviewed-by is empty", fix="name who read the evidence again")
    paths, overlays = sources(config, providers)
    registry = Registry.load(paths, overlays)
    configuration = find(registry, name)
    dates = _dates(configuration, date(observed, "--observed") or _today())
    _confirm(output, configuration, yes=yes)
    old = files.read_text(overlay) if overlay.exists() else None
    try:
        new = _overlay(old, overlay, reviewed_by, name, dates)
    except yaml_edit.Unsafe as error:
        fault = Fault(str(error), where=str(overlay), fix="give another -o", code=Code.CONFIGURATION)
    else:
        others = [each for each in overlays if each.resolve() != overlay.resolve()]
        files.replace(overlay, old, new, lambda path: Registry.load(paths, [*others, path]))
        _renewed(output, overlay, name, reviewed_by, dates)
        return
    raise fault


def _dates(configuration: Configuration, observed: dt.date) -> dict[str, object]:
    attestation = configuration.attestation
    if attestation.expires is None:
        engine = configuration.engine.name if configuration.engine else "the engine"
        what = f"{configuration.id} does not lapse: it is attested for a range of versions of {engine}"
        raise Fault(what, fix="read another version and change `engine.versions` in an overlay; grants: zdr grant")
    if observed > _today():
        raise Fault("--observed lies in the future", fix="give the day on which the evidence was read")
    if observed <= attestation.observed:
        what = f"--observed is not later than the reading that is declared, of {attestation.observed}"
        raise Fault(what, fix="give the day on which the evidence was read again")
    span = min(attestation.expires - attestation.observed, LIFETIME)
    return {"observed": str(observed), "expires": str(observed + span)}


def _confirm(output: Output, configuration: Configuration, *, yes: bool) -> None:
    """Show what had to be read; go on only with somebody's word that it was."""
    output.note(f"{configuration.id} rests on:", "bold")
    for evidence in configuration.attestation.evidence:
        output.note(f"  {evidence.url or evidence.kind}: {evidence.locator}")
    if yes:
        return
    if not sys.stdin.isatty():
        fix = "read it, then give --yes, or run the command on a terminal"
        raise Fault("nobody is there to confirm that the evidence was read again", fix=fix)
    if not typer.confirm("was each of them read again, and does it still say so?", err=True):
        raise Fault("nothing was renewed", fix="where a page has changed, change the facts", code=Code.FAILED)


def _overlay(old: str | None, path: Path, reviewed_by: str, name: str, dates: dict[str, object]) -> str:
    """The text of the overlay, old or new, with the dates of `name` in it."""
    change: dict[str, object] = {"id": name, "attestation": dates}
    if old is None:
        head = ["schema: 1", f"overlay: {yaml_edit.flow({'reviewed_by': reviewed_by})}", "configurations:"]
        item = yaml_edit.block(change)
        return "\n".join([*head, f"  - {item[0]}", *(f"    {line}" for line in item[1:]), ""])
    file = read(path).validate(OverlayFile)
    if file.overlay.reviewed_by != reviewed_by:
        what = f"the overlay stands for {file.overlay.reviewed_by}, and one overlay has one reviewer"
        raise Fault(what, where=str(path), fix="give another -o", code=Code.CONFIGURATION)
    for index, entry in enumerate(file.configurations):
        if entry["id"] == name:
            said = entry.get("attestation")
            merged = {**(said if isinstance(said, dict) else {}), **dates}
            return yaml_edit.put(old, ("configurations", index), "attestation", merged)
    return yaml_edit.append(old, ("configurations",), change)


def _renewed(output: Output, overlay: Path, name: str, reviewed_by: str, dates: dict[str, object]) -> None:
    if output.as_json:
        output.json({"configuration": name, "file": str(overlay), "reviewed_by": reviewed_by, **dates})
        return
    output.line(f"renewed {name} in {overlay}: observed {dates['observed']}, expires {dates['expires']}", "bold green")
    output.note("list the file under `registry.overlays` in zdr.yaml, if it is not there yet")


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
