"""`zdr conform`: hold a target against the contract, on the wire and, if asked for, live."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from zdr_router.cli.exits import Code, Fault
from zdr_router.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath
from zdr_router.cli.output import Output
from zdr_router.config import load
from zdr_router.conformance.contract.book import checks
from zdr_router.conformance.contract.formats import document, junit
from zdr_router.conformance.contract.runner import SCOPE, Demand, Report, most_requests, run, targets_of
from zdr_router.conformance.contract.session import USUAL, Length


class Format(StrEnum):
    """Who reads the report."""

    PRETTY = "pretty"
    JSON = "json"
    JUNIT = "junit"


class Only(StrEnum):
    """One of the two kinds of checks."""

    WIRE = "wire"
    LIVE = "live"


EXAMPLES: Final = """\
\b
Examples:
  zdr conform assistant -c zdr.yaml
  zdr conform groq-prod/llama-3.3-70b-versatile --live
  zdr conform assistant --format junit > conform.xml
"""

_LENGTHS: Final = ("max_tokens", "max_completion_tokens")


def conform(  # noqa: PLR0913 - the options of the command
    name: Annotated[
        str | None,
        typer.Argument(metavar="TARGET|ROUTE", help="A target of a route, as account/model, or a route: all of its."),
    ] = None,
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    live: Annotated[
        bool, typer.Option("--live", help="Also ask the provider itself, with fixed prompts. The requests are billed.")
    ] = False,
    only: Annotated[Only | None, typer.Option("--only", help="One kind of checks; live ones need --live.")] = None,
    with_bad_key: Annotated[
        bool, typer.Option("--with-bad-key", help="With --live: also send a made-up key, to see that it is refused.")
    ] = False,
    length: Annotated[
        str,
        typer.Option("--length", metavar="NAME=N", help="With --live: the parameter that bounds an answer, in tokens."),
    ] = f"{USUAL.parameter}={USUAL.tokens}",
    listed: Annotated[bool, typer.Option("--list", help="Print which checks there are, and exit.")] = False,
    form: Annotated[Format, typer.Option("--format", help="Who reads the report.")] = Format.PRETTY,
    as_json: AsJson = False,
) -> int:
    """Test that requests to a target, and its answers, are what the contract says.

    This tests the shape of requests and answers. It cannot see what a provider stores.

    Wire checks put a server of this machine in the provider's place, which records and misbehaves: they need no
    network, no key and no grant, and nothing is sent anywhere. Live checks (--live) ask the provider itself with fixed
    prompts of their own, if the policy clears it; how many requests that may be is said beforehand. `zdr explain
    ZDC001` tells what a check shows.

    Exits with 0 when something passed and nothing failed, with 3 when something failed, and with 64 when the command
    line is wrong. What is skipped is listed with its reason and never counts as passed.
    """
    if as_json and form is Format.JUNIT:
        raise Fault("--json and --format junit are two formats", fix="give one of them")
    output = Output(as_json=as_json or form is Format.JSON)
    if listed:
        _list(output)
        return Code.DONE
    demand = _demand(live=live, only=only, bad_key=with_bad_key, length=length)
    if name is None:
        raise Fault("nothing is named to be tested", fix="name a route, or a target of one: zdr conform account/model")
    report = _run(output, config, name, demand)
    _show(output, report, Format.JSON if output.as_json else form)
    return Code.DONE if report.sound else Code.REFUSED


def _demand(*, live: bool, only: Only | None, bad_key: bool, length: str) -> Demand:
    if only is Only.WIRE and live:
        raise Fault("--only wire and --live are two demands", fix="give one of them")
    if only is Only.LIVE and not live:
        raise Fault("live checks send billed requests to the provider", fix="say so with --live")
    if bad_key and not live:
        raise Fault("--with-bad-key is about live checks", fix="add --live")
    parameter, _, tokens = length.partition("=")
    if parameter not in _LENGTHS or not (tokens.isascii() and tokens.isdigit() and int(tokens)):
        raise Fault("--length is not NAME=N", fix=f"write it {_LENGTHS[0]}=64 or {_LENGTHS[1]}=64")
    return Demand(wire=only is not Only.LIVE, live=live, bad_key=bad_key, length=Length(parameter, int(tokens)))


def _run(output: Output, config: Path, name: str, demand: Demand) -> Report:
    deployment = load(config)
    targets = targets_of(deployment, name)
    if not targets:
        fix = f"name one of {', '.join(deployment.routes)}, or a target of theirs, as account/model"
        raise Fault("the file has no such route or target", where=str(config), fix=fix)
    most = most_requests(demand, targets)
    if most:
        ids = ", ".join(target.id for target in targets)
        output.note(f"at most {most} requests, of at most {demand.length.tokens} tokens each, will be sent to {ids}")
    with _unheard():
        return asyncio.run(run(deployment, targets, demand))


@contextmanager
def _unheard() -> Iterator[None]:
    """What the library warns of meanwhile is what the checks bring about; the report says what came of it."""
    log, handler = logging.getLogger("zdr_router"), logging.NullHandler()
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


def _list(output: Output) -> None:
    if output.as_json:
        output.json([{"id": check.id, "kind": check.kind, "shows": check.page.title} for check in checks()])
        return
    output.line(SCOPE)
    output.line()
    output.table(("check", "kind", "shows"), [(check.id, check.kind, check.page.title) for check in checks()])


def _show(output: Output, report: Report, form: Format) -> None:
    match form:
        case Format.PRETTY:
            _pretty(output, report)
        case Format.JSON:
            output.json(document(report))
        case Format.JUNIT:
            output.text(junit(report))


def _pretty(output: Output, report: Report) -> None:
    output.line(SCOPE)
    for target in dict.fromkeys(result.target for result in report.results):
        results = [result for result in report.results if result.target == target]
        output.line()
        output.line(target, "bold")
        rows = [
            (each.check.id, each.check.kind, each.check.page.title, each.verdict.status, each.verdict.sentence)
            for each in results
        ]
        output.table(("check", "kind", "shows", "result", "because"), rows)
    output.line()
    output.line(report.summary, "bold" if report.sound else "bold red")
