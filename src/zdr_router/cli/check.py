"""`zdr check`: what is wrong, or will soon be, in a registry or an operator's file."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

import zdr_router
from zdr_router.cli.exits import Code, Fault
from zdr_router.cli.options import AsJson, date
from zdr_router.cli.output import Output
from zdr_router.conformance.book import Report, unreadable
from zdr_router.conformance.book import check as judge
from zdr_router.conformance.formats.document import document
from zdr_router.conformance.formats.github import github
from zdr_router.conformance.formats.junit import junit
from zdr_router.conformance.formats.sarif import sarif
from zdr_router.conformance.revisions import Unknown, earlier
from zdr_router.conformance.subject import Subject
from zdr_router.errors import ConfigError
from zdr_router.policy.calendar import DAY, start_of
from zdr_router.registry import Registry


class FailLevel(StrEnum):
    """From which level on the command fails."""

    ERROR = "error"
    WARNING = "warning"


class Format(StrEnum):
    """Who reads the report."""

    PRETTY = "pretty"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"


EXAMPLES: Final = """\
\b
Examples:
  zdr check -c zdr.yaml
  zdr check providers --against origin/main
  zdr check providers --format sarif > zdr.sarif
"""


def check(  # noqa: PLR0913 - the options of the command
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATHS", help="Provider files, or folders of them. Default: what is shipped."),
    ] = None,
    *,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", metavar="FILE", help="The operator's file: its accounts, grants and routes."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="REV|DIR",
            help="An earlier state of the provider files, in git or in a folder: what was loosened since?",
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="Who reads the report.")] = Format.PRETTY,
    fail_level: Annotated[
        FailLevel, typer.Option("--fail-level", help="From which level on to exit with a failure.")
    ] = FailLevel.WARNING,
    ahead: Annotated[
        int, typer.Option("--ahead", metavar="DAYS", min=0, help="How many days before a date to warn of it.")
    ] = 30,
    now: Annotated[
        str | None, typer.Option("--now", metavar="DATE", help="Judge as of the start of this day, UTC.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Check provider files, or an operator's file, for what is wrong or will soon be.

    With -c it checks the file's accounts, grants and routes, and of the registry the configurations that the accounts
    use; with PATHS the provider files there; with neither the shipped registry. Files that cannot be loaded are
    findings too, all of their faults at once. `zdr explain ZDR901` tells what a rule means.

    Exits with 0 when nothing was found, with 2 when there are warnings only (with --fail-level error that is 0), with 3
    when there are errors, and with 64 when the command line is wrong. Nothing is sent anywhere.
    """
    if as_json and form not in (Format.PRETTY, Format.JSON):
        raise Fault(f"--json and --format {form} are two formats", fix="give one of them")
    if against == "":
        raise Fault("--against is empty", fix="name a revision or a folder, or leave it out")
    if against is not None and config is not None and not paths:
        raise Fault(
            "--against compares provider files, and none is named", fix="name them: zdr check PATHS --against …"
        )
    day = date(now, "--now")
    at = time.time() if day is None else start_of(day)
    margin = ahead * DAY
    report = Report(())
    if config is not None:
        operators = config
        report += _report(lambda: Subject.of_operator(operators, now=at, ahead=margin))
    if paths or config is None:
        named = paths or []
        report += _report(lambda: Subject.of_registry(named, now=at, before=_before(against, named), ahead=margin))
    _show(report.seen_from(Path.cwd()), Format.JSON if as_json else form, fail_level)
    if report.errors:
        return Code.REFUSED
    return Code.WARNINGS if report.warnings and fail_level is FailLevel.WARNING else Code.DONE


def _before(against: str | None, paths: list[Path]) -> Registry | None:
    if against is None:
        return None
    try:
        return earlier(against, paths)
    except Unknown as error:
        fault = Fault(f"--against: {error.what}", fix=error.fix)
    raise fault


def _report(subject: Callable[[], Subject]) -> Report:
    """What the rules find, or, where nothing can be loaded, why not."""
    try:
        loaded = subject()
    except ConfigError as error:
        return unreadable(error.problems)
    return judge(loaded)


def _show(report: Report, form: Format, fail_level: FailLevel) -> None:
    output = Output(as_json=form is Format.JSON)
    match form:
        case Format.PRETTY:
            _pretty(output, report)
        case Format.JSON:
            output.json(document(report))
        case Format.SARIF:
            output.text(sarif(report, version=zdr_router.__version__))
        case Format.JUNIT:
            output.text(junit(report, warnings_fail=fail_level is FailLevel.WARNING))
        case Format.GITHUB:
            output.text(github(report))


def _pretty(output: Output, report: Report) -> None:
    for finding in report.findings:
        style = "bold red" if finding.level == "error" else "bold yellow"
        output.line(f"{finding.level} {finding.id} {finding.subject}: {finding.sentence}", style)
        if finding.where:
            output.line(f"  where: {finding.where}")
        if finding.fix:
            output.line(f"  next:  {finding.fix}")
    output.line(report.summary, "bold")
