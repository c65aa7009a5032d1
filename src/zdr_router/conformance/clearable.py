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
    from zdr_router.conformance.subject import Subject
    from zdr_router.policy.target import Target

CHAT: Final = "chat.completions"
EMBEDDINGS: Final = "embeddings"


def explained(subject: Subject) -> Iterator[tuple[str, tuple[Explanation, ...]]]:
    """Every route of the operator's file, with what would happen to the plainest requests on it."""
    if subject.operator is None:
        return
    deployment = subject.operator.deployment
    routes = {
        name: dataclasses.replace(route, targets=tuple(map(_with_credential, route.targets)))
        for name, route in deployment.routes.items()
    }
    assumed = dataclasses.replace(deployment, routes=MappingProxyType(routes))
    router = AsyncRouter.of(assumed, clock=lambda: subject.now)
    for name, route in routes.items():
        endpoints = {endpoint for target in route.targets for endpoint in target.configuration.endpoints}
        asked = [router.explain(model=name, tenant=tenant) for tenant in deployment.policies]
        if EMBEDDINGS in endpoints:
            asked += [
                router.explain(model=name, tenant=tenant, endpoint=EMBEDDINGS, input="")
                for tenant in deployment.policies
            ]
        yield name, tuple(asked)


def _with_credential(target: Target) -> Target:
    if not target.lacks_credential or not target.account.secrets:
        return target
    grant = target.account.grant
    # A grant that names no key is bound to none, whichever it will be.
    fingerprint = (grant.credential if grant is not None else None) or "any"
    return dataclasses.replace(target, credential=Sealed("absent"), credential_fingerprint=fingerprint)
