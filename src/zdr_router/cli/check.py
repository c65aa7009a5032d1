"""`zdr check`: what is wrong, or will soon be, in a registry or an operator's file."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from zdr_router.cli.exits import Code
from zdr_router.cli.options import AsJson, date
from zdr_router.cli.output import Output
from zdr_router.conformance.book import Report, unreadable
from zdr_router.conformance.book import check as judge
from zdr_router.conformance.subject import Subject
from zdr_router.errors import ConfigError
from zdr_router.policy.calendar import start_of


class FailLevel(StrEnum):
    """From which level on the command fails."""

    ERROR = "error"
    WARNING = "warning"


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATHS", help="Provider files, or folders of them. Default: what is shipped."),
    ] = None,
    *,
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", metavar="FILE", help="The operator's file: its accounts, grants and routes."),
    ] = None,
    fail_level: Annotated[
        FailLevel, typer.Option("--fail-level", help="From which level on to exit with a failure.")
    ] = FailLevel.ERROR,
    now: Annotated[
        str | None, typer.Option("--now", metavar="DATE", help="Judge as of the start of this day, UTC.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Check provider files, or an operator's file, for what is wrong or will soon be.

    With -c it checks the file's accounts, grants and routes, and of the registry the configurations that the accounts
    use; with PATHS the provider files there; with neither the shipped registry. Files that cannot be loaded are
    findings too, all of their faults at once. `zdr explain ZDR901` tells what a rule means.

    Exits with 0 when there are no errors, with 3 when there are; with --fail-level warning also with 2 when there are
    warnings only. Nothing is sent anywhere.
    """
    output = Output(as_json=as_json)
    day = date(now, "--now")
    at = time.time() if day is None else start_of(day)
    report = Report(())
    if config is not None:
        operators = config
        report += _report(lambda: Subject.of_operator(operators, now=at))
    if paths or config is None:
        report += _report(lambda: Subject.of_registry(paths or (), now=at))
    if as_json:
        output.json(_document(report))
    else:
        _show(output, report)
    if report.errors:
        return Code.REFUSED
    return Code.WARNINGS if report.warnings and fail_level is FailLevel.WARNING else Code.DONE


def _report(subject: Callable[[], Subject]) -> Report:
    """What the rules find, or, where nothing can be loaded, why not."""
    try:
        loaded = subject()
    except ConfigError as error:
        return unreadable(error.problems)
    return judge(loaded)


def _document(report: Report) -> dict[str, object]:
    scope = {name: getattr(report, name) for name in ("providers", "configurations", "accounts", "routes", "rules")}
    return {
        "findings": [dataclasses.asdict(finding) for finding in report.findings],
        "scope": scope,
        "errors": report.errors,
        "warnings": report.warnings,
        "summary": report.summary,
    }


def _show(output: Output, report: Report) -> None:
    for finding in report.findings:
        style = "bold red" if finding.level == "error" else "bold yellow"
        output.line(f"{finding.level} {finding.id} {finding.subject}: {finding.sentence}", style)
        if finding.where:
            output.line(f"  where: {finding.where}")
        if finding.fix:
            output.line(f"  next:  {finding.fix}")
    output.line(report.summary, "bold")
