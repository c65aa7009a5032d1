"""`zdr explain`: who would serve a request on a route, why the others may not; or what an id means."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from zdr_router.cli.exits import Code, Fault
from zdr_router.cli.options import DEFAULT_CONFIG, AsJson, ConfigPath, Parameters, TenantName, parameters
from zdr_router.cli.output import Output
from zdr_router.router import AsyncRouter

if TYPE_CHECKING:
    from zdr_router.answers import Explanation

_ID: Final = re.compile(r"ZD[CR][0-9]{3}")


class Endpoint(StrEnum):
    """The endpoints that the router serves."""

    CHAT = "chat.completions"
    EMBEDDINGS = "embeddings"


EXAMPLES: Final = """
\b
Examples:
  zdr explain assistant -c zdr.yaml --tenant acme --param store=true
  zdr explain ZDR301
"""


def explain(  # noqa: PLR0913 - the options of the command
    name: Annotated[
        str, typer.Argument(metavar="ROUTE|ID", help="A route of the operator's file, or an id such as ZDR301.")
    ],
    *,
    config: ConfigPath = DEFAULT_CONFIG,
    tenant: TenantName = None,
    param: Parameters = None,
    endpoint: Annotated[Endpoint, typer.Option("--endpoint", help="What the request would be for.")] = Endpoint.CHAT,
    as_json: AsJson = False,
) -> int:
    """Say who would serve a request, in which order, and why everybody else may not.

    Nothing is sent and nothing is recorded. For every target that is refused there is every reason: its id, one
    sentence, the nearest fix, and the file and line of the fact behind it. Exits with 3 when no target passes.

    Given an id instead of a route, prints what it means: ZDR1xx to ZDR8xx are refusals, ZDR9xx rules of `zdr check`,
    ZDCxxx checks of `zdr conform`.
    """
    output = Output(as_json=as_json)
    if _ID.fullmatch(name):
        _page(output, name)
        return Code.DONE
    router = AsyncRouter.from_config(config)
    if name not in router.deployment.routes:
        known = ", ".join(router.deployment.routes)
        raise Fault("the file has no such route", where=str(config), fix=f"name one of: {known}")
    given = parameters(param)
    if endpoint is Endpoint.EMBEDDINGS:
        given["input"] = ""
    explanation = asyncio.run(_explained(router, model=name, tenant=tenant, endpoint=endpoint.value, **given))
    if as_json:
        output.json(explanation.as_dict())
    else:
        _show(output, explanation)
    return Code.DONE if explanation.planned else Code.REFUSED


async def _explained(router: AsyncRouter, **asked: Any) -> Explanation:  # noqa: ANN401 - what `explain` takes
    """Under the trust state that the file names, which has to be opened to be read."""
    async with router.trust:
        return router.explain(**asked)


def _show(output: Output, explanation: Explanation) -> None:
    output.line(f"route {explanation.route}", "bold")
    if explanation.planned:
        columns = ("order", "target", "configuration", "until", "cache", "forced parameters")
        rows = [
            (str(number), each.target, each.configuration, instant(each.until), each.cache, ", ".join(each.forced))
            for number, each in enumerate(explanation.planned, 1)
        ]
        output.table(columns, rows)
    else:
        output.line("no target may serve this request", "bold red")
    for target in explanation.refused_targets:
        output.line()
        output.line(f"refused: {target}", "bold")
        output.refusals((each for each in explanation.refusals if each.target == target), to_stderr=False)


def _page(output: Output, name: str) -> None:
    from zdr_router.conformance.book import pages  # noqa: PLC0415 - loaded when an id is asked for
    from zdr_router.conformance.contract.book import pages as pages_of_checks  # noqa: PLC0415 - as above
    from zdr_router.policy.refusals import REFUSALS  # noqa: PLC0415 - as above

    page = REFUSALS.get(name)
    rule = next((each for each in (*pages(), *pages_of_checks()) if each.id == name), None)
    if page is not None:
        if output.as_json:
            output.json({"id": name, "title": page.title, "means": page.means, "why": page.why, "next": page.next})
            return
        output.line(f"{name}: {page.title}", "bold")
        for text in (page.means, f"Why: {page.why}", f"Next: {page.next}"):
            output.line()
            output.line(text)
    elif rule is not None:
        if output.as_json:
            output.json({"id": name, "title": rule.title, "means": rule.text})
            return
        output.line(f"{name}: {rule.title}", "bold")
        output.line()
        output.line(rule.text)
    else:
        raise Fault(f"there is no {name}", fix="the ids are listed in docs/refusals.md, docs/rules/ and docs/contract/")


def instant(seconds: float) -> str:
    """An instant in UTC, for people."""
    if math.isinf(seconds):
        return "for ever"
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M}Z"
