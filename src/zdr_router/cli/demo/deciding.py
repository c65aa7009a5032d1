"""The acts in which nothing is sent: who may serve a request, and what a caller gets when nobody may."""

from __future__ import annotations

import dataclasses
import time
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from zdr_router.cli.demo import world
from zdr_router.cli.demo.stage import LONG, SHORT, messages
from zdr_router.errors import Refused
from zdr_router.metadata import ErrorCode
from zdr_router.registry import shipped_directory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zdr_router.answers import Explanation
    from zdr_router.cli.demo.scene import Act, Scene
    from zdr_router.cli.demo.stage import Stage
    from zdr_router.metadata import Refusal


def explain(scene: Scene, stage: Stage) -> None:
    """Ask who may serve a request, and why the others may not."""
    with scene.act(2, "Who may serve a request, and why the others may not") as act:
        begun = time.perf_counter()
        asked = stage.router.explain(model=world.ROUTE, messages=messages(SHORT), tenant=world.TENANT)
        micros = (time.perf_counter() - begun) * 1e6
        stored = stage.router.explain(model=world.ROUTE, messages=messages(SHORT), tenant=world.TENANT, store=True)
        stage.keep("explanation", asked)
        act.say(f"The route `{world.ROUTE}` names eight targets; tenant {world.TENANT} asks it. Nothing is sent.")
        act.gap()
        act.show(_verdicts(asked, stored))
        _check_verdicts(act, asked, stored)
        cleared = len(asked.planned)
        named = cleared + len(asked.refused_targets)
        act.say(f"Decided in {micros / 1000:.1f} ms, the first time that these targets are looked at.", "dim")
        act.facts["explanation"] = asked.as_dict()
        act.facts["with_store"] = [dataclasses.asdict(each) for each in stored.refusals]
        act.summary = f"{cleared} of {named} targets cleared, {named - cleared} refused, each for another reason"


async def refuse(scene: Scene, stage: Stage) -> None:
    """Ask the route on which everybody must be refused, and show what a caller gets."""
    with scene.act(5, "No target passes: Refused, with every reason and the nearest fix") as act:
        act.say(f"The long prompt, asked of the route `{world.HOSTED_ROUTE}`, where no local server stands:")
        act.gap()
        try:
            answer = await stage.router.chat(
                model=world.HOSTED_ROUTE, messages=messages(LONG), tenant=world.TENANT, max_tokens=1
            )
        except Refused as error:
            stage.keep_error("Refused", error)
            _show_refusals(act, error)
            return
        act.check("no target may serve it", held=False)
        act.facts["metadata"] = answer.metadata.as_dict()


def _show_refusals(act: Act, error: Refused) -> None:
    metadata, refused = error.metadata, {refusal.target for refusal in error.refusals}
    act.pairs(
        {
            "raised": f"{type(error).__name__}: HTTP {metadata.status} {metadata.error_code}",
            "attempts": f"{len(metadata.attempts)}",
        }
    )
    for target in dict.fromkeys(refusal.target for refusal in error.refusals):
        act.gap()
        act.show(_reasons(target, [refusal for refusal in error.refusals if refusal.target == target]))
    act.gap()
    count = len(error.refusals)
    act.check(
        f"all {len(world.HOSTED)} targets are refused, with {count} reasons, and a fix for each",
        held=refused == set(world.HOSTED) and all(each.fix and each.sentence for each in error.refusals),
    )
    act.check("nothing was sent: no attempt is on record", held=metadata.attempts == ())
    act.check(
        f"a caller over HTTP sees {metadata.status} {metadata.error_code}, which no retry mends",
        held=(metadata.status, metadata.error_code) == (HTTPStatus.FORBIDDEN, ErrorCode.REFUSED),
    )
    act.facts["status"] = metadata.status
    act.facts["error_code"] = metadata.error_code
    act.facts["refusals"] = [dataclasses.asdict(each) for each in error.refusals]
    act.facts["attempts"] = len(metadata.attempts)
    act.summary = f"no target passes: Refused with {count} reasons, nothing sent"


def _check_verdicts(act: Act, asked: Explanation, stored: Explanation) -> None:
    rules = {target: _rules(asked, target) for target in asked.refused_targets}
    act.check(
        "the two local targets are cleared, in the order of the route",
        held=tuple(planned.target for planned in asked.planned) == world.CLEARED,
    )
    act.check(
        "each of the six traps is refused by the rule that it was set for",
        held={name: each[0] for name, each in rules.items()} == world.REFUSED,
    )
    act.check(
        "the same request with `store: true` clears no target at all",
        held=not stored.planned and all(_rules(stored, target) == [world.VOIDING_RULE] for target in world.CLEARED),
    )


def _rules(explanation: Explanation, target: str) -> list[str]:
    return list(dict.fromkeys(refusal.id for refusal in explanation.refusals if refusal.target == target))


def _verdicts(asked: Explanation, stored: Explanation) -> Table:
    table = Table(box=None, padding=(0, 2, 1, 0), show_edge=False, header_style="dim")
    table.add_column("verdict", no_wrap=True)
    table.add_column("id", no_wrap=True)
    table.add_column("target: reason, nearest fix, and where the fact stands", overflow="fold")
    for planned in asked.planned:
        forced = ", ".join(planned.forced) or "nothing"
        lines = Text.assemble((planned.target, "bold"), f"\nit caches in {planned.cache}; the router sets {forced}")
        table.add_row(Text("cleared", style="green"), "", lines)
    for target in asked.refused_targets:
        table.add_row(*_refused(target, [each for each in asked.refusals if each.target == target]))
    voided = [each for each in stored.refusals if each.target == world.ONE]
    if voided:
        table.add_row(*_refused(f"{world.ONE}, asked with `store: true`", voided))
    return table


def _refused(name: str, refusals: Sequence[Refusal]) -> tuple[Text, str, Text]:
    first, others = refusals[0], len(refusals) - 1
    more = f" (and {others} reasons more)" if others else ""
    lines = ((name, "bold"), f"\n{first.sentence}{more}", ("\nfix: ", "dim"), first.fix, (f"\n{_place(first)}", "dim"))
    return Text("refused", style="red"), first.id, Text.assemble(*lines)


def _reasons(target: str, refusals: Sequence[Refusal]) -> Table:
    """Every reason of one target; those that share rule and fix share a line."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for refusal in refusals:
        grouped.setdefault((refusal.id, refusal.fix), []).append(refusal.sentence)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for (rule, fix), sentences in grouped.items():
        grid.add_row(rule, Text.assemble("; ".join(sentences), ("\nfix: ", "dim"), fix))
    outer = Table.grid()
    outer.add_row(Text(target, style="bold"))
    outer.add_row(grid)
    return outer


def _place(refusal: Refusal) -> str:
    """`file:line`, from the folder of the registry or of the demo."""
    file, colon, line = refusal.where.rpartition(":")
    path = Path(file)
    shipped = shipped_directory()
    short = f"providers/{path.name}" if path.parent == shipped else path.name
    return f"{short}{colon}{line}"
