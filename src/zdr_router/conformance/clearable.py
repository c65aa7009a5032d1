"""Who could serve a route, by the router's own `explain`: for the operator and every tenant, at every endpoint.

A credential that is not on this machine is taken to be the one that the grant names: whether it is there is a rule
of its own, and a pipeline that checks the file need not hold the keys.
"""

from __future__ import annotations

import dataclasses
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from zdr_router.router import AsyncRouter
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.answers import Explanation
    from zdr_router.conformance.subject import Operator, Subject
    from zdr_router.policy.target import Target
    from zdr_router.routing.plan import Route

CHAT: Final = "chat.completions"
EMBEDDINGS: Final = "embeddings"


def explained(subject: Subject) -> Iterator[tuple[str, tuple[Explanation, ...]]]:
    """Every route of the operator's file, with what would happen to the plainest requests on it."""
    found: dict[str, list[Explanation]] = {}
    for route, _, explanation in asked(subject):
        found.setdefault(route, []).append(explanation)
    yield from ((route, tuple(explanations)) for route, explanations in found.items())


def asked(subject: Subject) -> Iterator[tuple[str, str | None, Explanation]]:
    """Each route, whoever asks (a tenant; None is the operator itself), and what would happen to the request."""
    if subject.operator is None:
        return
    routes, tenants = assumed(subject.operator), tuple(subject.operator.deployment.policies)
    deployment = dataclasses.replace(subject.operator.deployment, routes=MappingProxyType(routes))
    router = AsyncRouter.of(deployment, clock=lambda: subject.now)
    for name, route in routes.items():
        endpoints = {endpoint for target in route.targets for endpoint in target.configuration.endpoints}
        for tenant in tenants:
            yield name, tenant, router.explain(model=name, tenant=tenant)
        for tenant in tenants if EMBEDDINGS in endpoints else ():
            yield name, tenant, router.explain(model=name, tenant=tenant, endpoint=EMBEDDINGS, input="")


def assumed(operator: Operator) -> dict[str, Route]:
    """The operator's routes, as if every credential that they name were there."""
    return {
        name: dataclasses.replace(route, targets=tuple(map(_with_credential, route.targets)))
        for name, route in operator.deployment.routes.items()
    }


def _with_credential(target: Target) -> Target:
    if not target.lacks_credential or not target.account.secrets:
        return target
    grant = target.account.grant
    # A grant that names no key is bound to none, whichever it will be.
    fingerprint = (grant.credential if grant is not None else None) or "any"
    return dataclasses.replace(target, credential=Sealed("absent"), credential_fingerprint=fingerprint)
