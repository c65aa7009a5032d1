"""`zdr registry stale`: what lapses soon, with what there is to read again before it does."""

from __future__ import annotations

import datetime as dt
import math
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import TypeAdapter, ValidationError

from zdr_router.cli.exits import Code, Fault
from zdr_router.cli.options import AsJson, Now, Providers, date
from zdr_router.cli.output import Output
from zdr_router.conformance.lapsing import Lapse, lapses
from zdr_router.conformance.subject import Subject
from zdr_router.policy.calendar import DAY, start_of
from zdr_router.registry.base import Duration

EXAMPLES: Final = """
\b
Examples:
  zdr registry stale --within 14d
  zdr registry stale -c zdr.yaml
"""

_DURATION: Final[TypeAdapter[float]] = TypeAdapter(Duration)


def stale(
    *,
    within: Annotated[str, typer.Option("--within", metavar="TIME", help="How far to look ahead.")] = "30d",
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", metavar="FILE", help="The operator's file: what it uses, its grants and routes."
        ),
    ] = None,
    providers: Providers = None,
    now: Now = None,
    as_json: AsJson = False,
) -> int:
    """List what lapses soon, or has lapsed: the soonest first, with its place and the sources to read again.

    Without -c it lists the attestations of every configuration. With -c only those of configurations that an account
    uses, by their own date or by the policy's `max_attestation_age`, whichever comes first; then also the grants, and
    the day from which a route has no target left. Self-operated servers are attested by version and do not lapse.

    Exits with 0 when nothing lapses, with 2 when something does.
    """
    output, day = Output(as_json=as_json), date(now, "--now")
    at = time.time() if day is None else start_of(day)
    if config is not None and providers:
        raise Fault("-c and --providers are both given", fix="keep one of them")
    ahead = _seconds(within)
    subject = Subject.of_registry(providers or (), now=at) if config is None else Subject.of_operator(config, now=at)
    found = lapses(subject, ahead)
    if as_json:
        output.json([_document(each, at) for each in found])
    else:
        _show(output, found, at, within)
    return Code.WARNINGS if found else Code.DONE


def _seconds(within: str) -> float:
    try:
        return _DURATION.validate_python(within)
    except ValidationError:
        pass
    raise Fault("--within is not a time", fix="write it with its unit, for instance 30d")


def _days(lapse: Lapse, now: float) -> int:
    """Days after today on which it still holds; negative once it has lapsed."""
    return math.ceil((lapse.until - now) / DAY) - 1


def _document(lapse: Lapse, now: float) -> dict[str, Any]:
    return {
        "until": dt.datetime.fromtimestamp(lapse.until, dt.UTC).isoformat(),
        "days": _days(lapse, now),
        "kind": lapse.kind,
        "subject": lapse.subject,
        "sentence": lapse.sentence,
        "fix": lapse.fix,
        "where": lapse.where,
        "evidence": [each.model_dump(mode="json", exclude_none=True) for each in lapse.evidence],
    }


def _show(output: Output, found: tuple[Lapse, ...], now: float, within: str) -> None:
    for lapse in found:
        gone = lapse.until <= now
        days = _days(lapse, now)
        left = "lapsed" if gone else f"{days} more day{'' if days == 1 else 's'}" if days else "its last day"
        output.line(f"{lapse.subject}: {lapse.sentence} ({left})", "bold red" if gone else "bold yellow")
        output.line(f"  where: {lapse.where}")
        for evidence in lapse.evidence:
            output.line(f"  read:  {evidence.url or evidence.kind}: {evidence.locator}")
        output.line(f"  next:  {lapse.fix}")
    count = len(found)
    output.line(f"{count or 'nothing'} lapse{'' if count > 1 else 's'} within {within}", "bold")
