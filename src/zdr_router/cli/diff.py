"""`zdr registry diff`: what changed between two registries, what it loosens, and which routes it touches."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from zdr_router.cli import yaml_edit
from zdr_router.cli.exits import Code, Fault
from zdr_router.cli.options import AsJson, Now, date
from zdr_router.cli.output import Output
from zdr_router.conformance.changes import Change, Weight, changes
from zdr_router.conformance.impact import Effect, effects
from zdr_router.conformance.revisions import Origin, Unknown, opened
from zdr_router.errors import ConfigError
from zdr_router.policy.calendar import start_of
from zdr_router.registry import Registry

EXAMPLES: Final = """
\b
Examples:
  zdr registry diff v1.2.0:providers providers
  zdr registry diff shipped ../reviewed/providers -c zdr.yaml
"""

_MARKS: Final[dict[Weight, str | None]] = {"looser": "bold red", "tighter": "green", "neutral": None}
_HOW: Final = "DIR, FILE, REV:PATH or `shipped`."


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help=f"What was: {_HOW}")],
    new: Annotated[str, typer.Argument(metavar="NEW", help=f"What is now: {_HOW}")],
    *,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", metavar="FILE", help="The operator's file: which routes gain or lose targets."),
    ] = None,
    now: Now = None,
    as_json: AsJson = False,
) -> int:
    """Say what changed from one registry to another: providers, configurations, and every fact of them.

    Each side is a folder of provider files, one such file, REV:PATH in the git repository around this folder, or
    `shipped`. Each change is marked. looser: a fact is stated more weakly, or the two cannot be compared. tighter:
    it could not be taken back without loosening. neutral: dates, evidence, words, and configurations that are new.

    With -c it also says which targets each route gains or loses for the plainest requests, and what stands in the way
    on the other side. A side that is a folder takes the place of the shipped registry there, and each provider in it
    that of your own file for the same provider.

    Exits with 0 when nothing changed, with 2 when something did, with 3 when something got looser.
    """
    output, day = Output(as_json=as_json), date(now, "--now")
    at = time.time() if day is None else start_of(day)
    found, touched = _looked_up(old, new, config, at)
    if as_json:
        output.json(_document(old, new, found, touched))
    else:
        _show(output, found, touched)
    if any(change.weight == "looser" for change in found):
        return Code.REFUSED
    return Code.WARNINGS if found or touched else Code.DONE


def _looked_up(old: str, new: str, config: Path | None, now: float) -> tuple[Sequence[Change], Sequence[Effect]]:
    """What changed between the places that these names mean."""
    try:
        with opened(old) as before, opened(new) as after:
            return _compared(before, after, config, now)
    except Unknown as error:
        fault = Fault(error.what, fix=error.fix)
    raise fault


def _compared(
    before: Origin, after: Origin, config: Path | None, now: float
) -> tuple[Sequence[Change], Sequence[Effect]]:
    """What changed, and what it does to the routes of `config`, with every place as people know it."""
    try:
        found = changes(Registry.load([before.path]), Registry.load([after.path]))
        touched = () if config is None else effects(config, before.path, after.path, now=now, environ=os.environ)
    except ConfigError as error:
        fault = after.told_of(before.told_of(error))
    else:
        return _told(found, before, after), touched
    raise fault


def _told(found: Sequence[Change], *origins: Origin) -> list[Change]:
    """With the places as people know them."""
    told = list(found)
    for origin in origins:
        told = [dataclasses.replace(change, where=origin.told(change.where)) for change in told]
    return told


def _document(old: str, new: str, found: Sequence[Change], touched: Sequence[Effect]) -> dict[str, Any]:
    weights = [change.weight for change in found]
    return {
        "old": old,
        "new": new,
        "changes": [dataclasses.asdict(change) for change in found],
        "routes": [dataclasses.asdict(effect) for effect in touched],
        "summary": {weight: weights.count(weight) for weight in _MARKS},
    }


def _show(output: Output, found: Sequence[Change], touched: Sequence[Effect]) -> None:
    subject = ""
    for change in found:
        if change.subject != subject:
            subject = change.subject
            output.line(subject, "bold")
        output.line(f"  {change.weight:<8}{change.fact}{_values(change)}", _MARKS[change.weight])
        if change.where:
            output.line(f"    where: {change.where}")
    for effect in touched:
        style = "green" if effect.effect == "gains" else "bold red"
        output.line(f"route {effect.route} {effect.effect} {effect.target}", style)
        missing = "until now" if effect.effect == "gains" else "from now on"
        for reason in effect.reasons:
            output.line(f"  {missing}: {reason}")
    weights = [change.weight for change in found]
    counts = ", ".join(f"{weights.count(weight)} {weight}" for weight in _MARKS)
    output.line(f"{len(found)} changed: {counts}" if found else "nothing changed", "bold")


def _values(change: Change) -> str:
    """What it was and is; of two lists only what went and came."""
    before, after = change.before, change.after
    if isinstance(before, list) and isinstance(after, list):
        gone = [f"- {yaml_edit.flow(_said(each))}" for each in before if each not in after]
        come = [f"+ {yaml_edit.flow(_said(each))}" for each in after if each not in before]
        return "".join(f"\n      {line}" for line in (*gone, *come)) or ": in another order"
    return f": {_word(before)} → {_word(after)}"


def _word(value: object) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else yaml_edit.flow(_said(value))


def _said(value: object) -> object:
    """Without the members that say nothing."""
    if isinstance(value, dict):
        return {key: _said(each) for key, each in value.items() if each not in (None, [], {})}
    return [_said(each) for each in value] if isinstance(value, list) else value
