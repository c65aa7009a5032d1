"""The tools that send nothing: who would serve a route, what is served at all, and whether the registry is sound."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, Final

from zdr_router.conformance.book import check as judge
from zdr_router.conformance.subject import Subject
from zdr_router.errors import RouterError
from zdr_router.hosts.mcp.results import Checked, Choice, Explained, Fault, Listed, Models, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zdr_router.answers import Planned
    from zdr_router.hosts.mcp.arguments import ExplainArguments
    from zdr_router.hosts.mcp.caller import Caller
    from zdr_router.router import AsyncRouter

MOST: Final = 100
"""How many faults of a registry are told."""

_A_TOOL: Final = {"type": "function", "function": {"name": "any", "parameters": {"type": "object"}}}


def explain(router: AsyncRouter, asked: ExplainArguments, caller: Caller) -> Explained:
    """Who would serve the route, in order, and why the others may not. Raises `RouterError`."""
    uses: dict[str, Any] = {}
    if asked.tools:
        uses["tools"] = [_A_TOOL]
    if asked.json_object:
        uses["response_format"] = {"type": "json_object"}
    found = router.explain(model=asked.route, tenant=caller.tenant, policy=caller.policy, **uses)
    refused = [Refused.model_validate(each.public()) for each in found.refusals]
    return Explained(route=found.route, planned=_choices(found.planned), refused=_once(refused))


def models(router: AsyncRouter, caller: Caller) -> Models:
    """The routes that something may serve now, for this caller."""
    listed = []
    for route in filter(caller.may_know, router.deployment.routes):
        try:
            found = router.explain(model=route, tenant=caller.tenant, policy=caller.policy)
        except RouterError:  # a route that a chat cannot ask for, to this caller
            continue
        if found.planned:
            listed.append(Listed(route=route, choices=_choices(found.planned)))
    return Models(routes=listed)


def check(router: AsyncRouter, caller: Caller, *, everything: bool) -> Checked:
    """What is wrong with the registry in force, or will soon be. It reads everything, so it takes a while.

    Which configurations are in use is told of the caller's routes alone, without other tenants' accounts.
    """
    deployment = router.deployment
    registry = deployment.registry
    used = {
        target.configuration.id
        for name, route in deployment.routes.items()
        if caller.may_know(name)
        for target in route.targets
        if target.tenant in {None, caller.tenant}
    }
    report = judge(Subject(registry, time.time()))
    looked_at = registry.configurations.keys() if everything else used
    found = [each for each in report.findings if everything or each.subject in used]
    found.sort(key=lambda finding: finding.level)  # "error" comes before "warning"
    errors = sum(each.level == "error" for each in found)
    return Checked(
        registry=registry.digest,
        configurations=len(looked_at),
        errors=errors,
        warnings=len(found) - errors,
        faults=[
            Fault(id=each.id, level=each.level, subject=each.subject, sentence=each.sentence) for each in found[:MOST]
        ],
    )


def _choices(planned: Iterable[Planned]) -> list[Choice]:
    return _once(
        [
            Choice(
                configuration=each.configuration,
                model=each.model,
                until=None if math.isinf(each.until) else each.until,
                cache=each.cache,
                forced=list(each.forced),
            )
            for each in planned
        ]
    )


def _once(items: list[Any]) -> list[Any]:
    """Each item once: two accounts of one configuration look the same from outside."""
    found: list[Any] = []
    for item in items:
        if item not in found:
            found.append(item)
    return found
