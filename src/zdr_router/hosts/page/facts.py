"""What the page says: the statement that policy supports, what is in use, and how that is doing now."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from zdr_router.conformance.statement.facts import Gathered, gather
from zdr_router.conformance.statement.page import document
from zdr_router.conformance.subject import Operator, Subject
from zdr_router.errors import RouterError
from zdr_router.policy.refusals import REFUSALS
from zdr_router.registry.strict_yaml import Document, Place
from zdr_router.state.settings import StateSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.answers import Explanation
    from zdr_router.hosts.page.counts import RefusalCounts
    from zdr_router.registry import Configuration
    from zdr_router.router import AsyncRouter

_NO_FILE: Final = Document(None, Place(1, {}), "")
"""What the statement is made of says nothing about places in a file."""


class State(StrEnum):
    """How a configuration is doing. Nothing finer is told: no counts, no accounts."""

    IN_USE = "in use"
    RESTING = "resting"
    CLOSED = "closed"


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


def facts(router: AsyncRouter, counts: RefusalCounts | None) -> Facts:
    """What holds now. It reads everything that is in use, so it takes a while."""
    now = time.time()
    deployment = router.deployment
    gathered = _gathered(router, now)
    whole = document(gathered)
    sound = not (gathered.refusals or gathered.loosened) and bool(gathered.services)
    said = {each["configuration"]: each for each in whole["services"]}
    states = _states([_explained(router, route) for route in deployment.routes])
    used = {target.configuration.id: target.configuration for target in deployment.targets}
    registry = deployment.registry
    configurations = [
        InUse(
            configuration=configuration,
            provider=registry.providers[configuration.provider].name,
            state=states.get(name, (State.CLOSED, ()))[0],
            closed_by=states.get(name, (State.CLOSED, ()))[1],
            said=said.get(name),
            digest=registry.digests[name],
        )
        for name, configuration in sorted(used.items())
    ]
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


def _gathered(router: AsyncRouter, now: float) -> Gathered:
    """From policy, grants and registry. What was revoked is a matter of the state that each configuration is in."""
    deployment = replace(router.deployment, state=StateSettings())
    operator = Operator(deployment, _NO_FILE, {})
    return gather(Subject(deployment.registry, now, operator), operator, None)


def _explained(router: AsyncRouter, route: str) -> Explanation | None:
    try:
        return router.explain(model=route)
    except RouterError:  # a route that no chat can ask for
        return None


def _states(explanations: list[Explanation | None]) -> dict[str, tuple[State, tuple[tuple[str, str], ...]]]:
    """By configuration: the best that any of its targets is in."""
    found: dict[str, tuple[State, tuple[tuple[str, str], ...]]] = {}
    for each in filter(None, explanations):
        closed: dict[str, list[str]] = {}
        for refusal in each.refusals:
            closed.setdefault(refusal.configuration, []).append(refusal.id)
        for name, ids in closed.items():
            found.setdefault(name, (State.CLOSED, _titles(ids)))
    for each in filter(None, explanations):
        for planned in each.planned:
            resting = planned.target in each.resting
            if not resting or found.get(planned.configuration, (State.CLOSED,))[0] is State.CLOSED:
                found[planned.configuration] = (State.RESTING if resting else State.IN_USE, ())
    return found


def _titles(ids: Any) -> tuple[tuple[str, str], ...]:  # noqa: ANN401 - any iterable of ids
    return tuple((each, REFUSALS[each].title) for each in sorted(set(ids)))


def _refused(counts: RefusalCounts) -> tuple[Refused, ...]:
    return tuple(Refused(name, REFUSALS[name].title, count) for name, count in counts.rules.most_common())


def _moment(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).replace(microsecond=0)
