"""What holds of every service that content may be sent to, gathered from policy, grants and registry.

No account, no file and nobody's name is in it: it is for customers.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from zdr_router.conformance.clearable import asked, assumed
from zdr_router.conformance.grants import BY_ITSELF
from zdr_router.policy.standing import Standing, stand
from zdr_router.policy.trust import Trust
from zdr_router.registry.vocabulary import FEATURES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zdr_router.conformance.subject import Operator, Subject
    from zdr_router.metadata import Refusal
    from zdr_router.policy.target import Target
    from zdr_router.registry import Configuration, Provider
    from zdr_router.registry.facts import ExceptionClause
    from zdr_router.registry.ladders import Grade, Medium
    from zdr_router.registry.vocabulary.features import Feature

OF_ANOTHER: Final = "ZDR307"
"""The refusal of whoever does not own the account: no fault of the target."""

ENDPOINT: Final = "ZDR601"


@dataclass(frozen=True, slots=True)
class Caching:
    """What is kept of a prompt to speed up the next. `off`: the router switches it off in every request.

    `apart` tells whether customers are kept apart: None where only one reaches it.
    """

    medium: Medium
    ttl: str | None
    off: bool
    apart: bool | None


@dataclass(frozen=True, slots=True)
class Window:
    """The days on which the operator's statement about an agreement, a setting or a server counts."""

    since: dt.date
    until: dt.date


@dataclass(frozen=True, slots=True)
class Service:
    """One configuration in use, as far as customers are concerned with it.

    `features` are those beyond an answer that requests may use. `exceptions` may happen; `unsent` are those whose kind
    of request is never sent there. `regions` is empty where nobody says where content is processed.
    """

    configuration: Configuration
    provider: Provider
    grade: Grade
    window: Window | None
    models: tuple[str, ...]
    regions: tuple[str, ...]
    caching: Caching
    features: tuple[Feature, ...]
    exceptions: tuple[ExceptionClause, ...]
    unsent: tuple[ExceptionClause, ...]


@dataclass(frozen=True, slots=True)
class Gathered:
    """Every service in use, or why no statement can be made: `refusals` of targets, and `loosened` configurations.

    `until` is the day after which the first of the facts has to be read or stated anew; None where none lapses.
    `unseen` counts credentials that are not here, so that what their grants are bound to was not compared.
    """

    day: dt.date
    until: dt.date | None
    services: tuple[Service, ...]
    refusals: tuple[Refusal, ...]
    loosened: tuple[str, ...]
    unseen: int


def gather(subject: Subject, operator: Operator, tenant: str | None) -> Gathered:
    """For everybody, or for one tenant alone: then of the accounts only those that it may reach."""
    audience = tuple(operator.deployment.policies) if tenant is None else (tenant,)
    targets = _targets(operator, tenant)
    cleared, untils, refused = _cleared(subject, audience, targets)
    refusals = [each for name in targets if name not in cleared for each in _reasons(refused.get(name, ()))]
    used = [targets[name] for name in targets if name in cleared]
    by_configuration: dict[str, list[Target]] = {}
    for target in used:
        by_configuration.setdefault(target.configuration.id, []).append(target)
    services = [
        _service(
            operator,
            found,
            [standing for target in found for standing in _standings(subject, operator, target, cleared)],
        )
        for _, found in sorted(by_configuration.items())
    ]
    loosened = sorted({target.configuration.id for target in targets.values() if target.unsafe})
    first = min(untils, default=math.inf)
    return Gathered(
        day=dt.datetime.fromtimestamp(subject.now, dt.UTC).date(),
        until=None
        if math.isinf(first)
        else (dt.datetime.fromtimestamp(first, dt.UTC) - dt.timedelta(seconds=1)).date(),
        services=tuple(services),
        refusals=tuple(dict.fromkeys(refusals)),
        loosened=tuple(loosened),
        unseen=len({target.account_name for target in _declared(operator) if target.lacks_credential}),
    )


def _reasons(asked_for: Sequence[Sequence[Refusal]]) -> Sequence[Refusal]:
    """Every target is asked for all that its route serves; what it does not serve says nothing while it serves more."""
    served = [refusals for refusals in asked_for if all(each.id != ENDPOINT for each in refusals)]
    return [each for refusals in served or asked_for for each in refusals]


def _declared(operator: Operator) -> Iterable[Target]:
    return (target for route in operator.deployment.routes.values() for target in route.targets)


def _targets(operator: Operator, tenant: str | None) -> dict[str, Target]:
    """Every target that the audience may reach, by name, in the order of the routes."""
    return {
        target.id: target
        for route in assumed(operator).values()
        for target in route.targets
        if tenant is None or target.tenant in {None, tenant}
    }


def _cleared(
    subject: Subject, audience: Sequence[str | None], targets: Mapping[str, Target]
) -> tuple[dict[str, set[str | None]], list[float], dict[str, list[list[Refusal]]]]:
    """By target: whom it may serve; until when each holds; and why it may not serve the others, for each asking."""
    cleared: dict[str, set[str | None]] = {}
    refused: dict[str, list[list[Refusal]]] = {}
    untils: list[float] = []
    for _, asking, explanation in asked(subject):
        if asking not in audience:
            continue
        for planned in explanation.planned:
            cleared.setdefault(planned.target, set()).add(asking)
            untils.append(planned.until)
        reasons: dict[str, list[Refusal]] = {}
        for refusal in explanation.refusals:
            if refusal.target in targets and refusal.id != OF_ANOTHER:
                reasons.setdefault(refusal.target, []).append(refusal)
        for name, found in reasons.items():
            refused.setdefault(name, []).append(found)
    return cleared, untils, refused


def _standings(
    subject: Subject, operator: Operator, target: Target, cleared: Mapping[str, set[str | None]]
) -> list[Standing]:
    """How the target stands for everybody whom it may serve."""
    policies = operator.deployment.policies
    dialects = frozenset({target.configuration.dialect})
    return [stand(target, policies[asking], Trust(), dialects, subject.now) for asking in cleared[target.id]]


def _service(operator: Operator, targets: Sequence[Target], standings: Sequence[Standing]) -> Service:
    configuration = targets[0].configuration
    by_itself = configuration.mechanism.kind in BY_ITSELF
    regions = [set(target.account.processing_regions(configuration)) for target in targets]
    kept_out = {when for standing in standings for when, _ in standing.on_media}
    unsent = [
        each
        for each in configuration.exceptions
        if each.when in kept_out and not any(_accepts(standing, each) for standing in standings)
    ]
    return Service(
        configuration=configuration,
        provider=operator.deployment.registry.providers[configuration.provider],
        grade=configuration.attestation.grade if by_itself else "contracted",
        window=None if by_itself else _window(targets),
        models=tuple(sorted({target.model for target in targets})),
        regions=tuple(sorted(set[str]().union(*regions))) if all(regions) else (),
        caching=_caching(configuration, targets, standings),
        features=tuple(
            FEATURES[name]
            for name in configuration.conditions.permit
            if name in FEATURES and any(name not in standing.closed for standing in standings)
        ),
        exceptions=tuple(each for each in configuration.exceptions if each not in unsent),
        unsent=tuple(unsent),
    )


def _accepts(standing: Standing, clause: ExceptionClause) -> bool:
    """Whether requests that can set the exception off are sent all the same."""
    return clause.when not in {when for when, _ in standing.on_media}


def _window(targets: Sequence[Target]) -> Window | None:
    """The days that every grant in question covers."""
    grants = [target.account.grant for target in targets if target.account.grant is not None]
    if not grants:
        return None
    return Window(max(grant.since for grant in grants), min(grant.until for grant in grants))


def _caching(configuration: Configuration, targets: Sequence[Target], standings: Sequence[Standing]) -> Caching:
    cache = configuration.cache
    switched_off = set((cache.isolation and cache.isolation.off) or {})
    off = bool(switched_off) and all(
        switched_off <= {forced.name for forced in standing.forced} for standing in standings
    )
    shared = any(target.shared for target in targets)
    apart = all(standing.salted is not None for standing in standings) if shared else None
    return Caching(cache.medium, cache.max_ttl, off, apart)
