"""What the page says: the statement that policy supports, what is in use, and how that is doing now."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from zdr_router.conformance.statement.facts import ENDPOINT, OF_ANOTHER, Gathered, gather
from zdr_router.conformance.statement.page import document
from zdr_router.conformance.subject import Operator, Subject
from zdr_router.errors import RouterError
from zdr_router.policy.refusals import REFUSALS
from zdr_router.registry.strict_yaml import Document
from zdr_router.registry.yaml_builder import Place
from zdr_router.state.settings import StateSettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zdr_router.answers import Explanation
    from zdr_router.deployment import Deployment
    from zdr_router.hosts.page.counts import RefusalCounts
    from zdr_router.registry import Configuration
    from zdr_router.router import AsyncRouter

_NO_FILE: Final = Document(None, Place(1, mapping=True), "")
"""What the statement is made of says nothing about places in a file."""


class State(StrEnum):
    """How a configuration is doing. Nothing finer is told: no counts, no accounts."""

    IN_USE = "in use"
    RESTING = "resting"
    CLOSED = "closed"


States: TypeAlias = "Mapping[str, tuple[State, tuple[tuple[str, str], ...]]]"
"""By configuration: its state and, where it is closed, the rules that close it, with their titles."""


@dataclass(frozen=True, slots=True)
class InUse:
    """A configuration that routes name. `said` are the sentences of the statement, None where it makes none."""

    configuration: Configuration
    provider: str
    state: State
    closed_by: tuple[tuple[str, str], ...]
    said: Mapping[str, Any] | None
    digest: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A rule, and how many requests it refused."""

    id: str
    title: str
    count: int


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the page shows. `statement` is None where none can be made: then `closed` says by which rules."""

    at: dt.datetime
    statement: Mapping[str, Any] | None
    closed: tuple[tuple[str, str], ...]
    configurations: tuple[InUse, ...]
    refused: tuple[Refused, ...] | None
    refused_requests: int
    since: dt.datetime | None
    registry: str
    policy: str


def live(router: AsyncRouter) -> States:
    """How every configuration is doing. Quick, and to be asked where the router runs.

    Asked on behalf of the operator, and of those tenants that own accounts, which nobody else reaches.
    """
    found: dict[str, tuple[State, tuple[tuple[str, str], ...]]] = {}
    deployment = router.deployment
    configurations = {target.id: target.configuration.id for target in deployment.targets}
    for name, route in deployment.routes.items():
        for tenant in {None, *(target.tenant for target in route.targets)}:
            for endpoint in {endpoint for target in route.targets for endpoint in target.configuration.endpoints}:
                explanation = _explained(router, name, tenant, endpoint)
                if explanation is not None:
                    _learn(found, explanation, configurations)
    return found


def facts(router: AsyncRouter, counts: RefusalCounts | None, states: States) -> Facts:
    """What holds now. It reads everything that is in use, so it takes a while."""
    now = time.time()
    deployment = router.deployment
    gathered = _gathered(deployment, now)
    whole = document(gathered)
    sound = not (gathered.refusals or gathered.loosened) and bool(gathered.services)
    said = {each["configuration"]: each for each in whole["services"]}
    used = {target.configuration.id: target.configuration for target in deployment.targets}
    registry = deployment.registry
    configurations = []
    for name, configuration in sorted(used.items()):
        state, closed_by = states.get(name, (State.CLOSED, ()))
        provider = registry.providers[configuration.provider].name
        configurations.append(InUse(configuration, provider, state, closed_by, said.get(name), registry.digests[name]))
    return Facts(
        at=_moment(now),
        statement=whole if sound else None,
        closed=_titles(each.id for each in gathered.refusals),
        configurations=tuple(configurations),
        refused=None if counts is None else _refused(counts),
        refused_requests=0 if counts is None else counts.requests,
        since=None if counts is None else _moment(counts.since),
        registry=registry.digest,
        policy=deployment.policies[None].digest,
    )


def _gathered(deployment: Deployment, now: float) -> Gathered:
    """From policy, grants and registry. What was revoked is a matter of the state that each configuration is in."""
    kept = replace(deployment, state=StateSettings())
    operator = Operator(kept, _NO_FILE, {})
    return gather(Subject(kept.registry, now, operator), operator, None)


def _explained(router: AsyncRouter, route: str, tenant: str | None, endpoint: str) -> Explanation | None:
    uses: dict[str, Any] = {"input": ""} if endpoint == "embeddings" else {}
    try:
        return router.explain(model=route, tenant=tenant, endpoint=endpoint, **uses)
    except RouterError:  # an endpoint that is declared, and not spoken here
        return None


def _learn(
    found: dict[str, tuple[State, tuple[tuple[str, str], ...]]],
    explanation: Explanation,
    configurations: Mapping[str, str],
) -> None:
    """The best that any target of a configuration is in counts; where none may serve, the reasons of the first."""
    closed: dict[str, list[str]] = {}
    for refusal in explanation.refusals:
        if refusal.id not in {OF_ANOTHER, ENDPOINT}:
            closed.setdefault(refusal.configuration, []).append(refusal.id)
    for name, ids in closed.items():
        found.setdefault(name, (State.CLOSED, _titles(ids)))
    for name in {configurations[target] for target in explanation.resting}:
        if found.get(name, (State.CLOSED, ()))[0] is State.CLOSED:
            found[name] = (State.RESTING, ())
    for planned in explanation.planned:
        found[planned.configuration] = (State.IN_USE, ())


def _titles(ids: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple((each, REFUSALS[each].title) for each in sorted(set(ids)))


def _refused(counts: RefusalCounts) -> tuple[Refused, ...]:
    return tuple(Refused(name, REFUSALS[name].title, count) for name, count in counts.rules.most_common())


def _moment(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).replace(microsecond=0)
