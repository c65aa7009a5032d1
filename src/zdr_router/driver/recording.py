"""What the store of records has to know of a deployment before requests are decided by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zdr_router.records.store.archive import Document, documents

if TYPE_CHECKING:
    from zdr_router.deployment import Deployment


class Lesson(NamedTuple):
    """The names that may be recorded, and the documents that their digests stand for."""

    names: frozenset[str]
    documents: tuple[Document, ...]


def lesson(deployment: Deployment) -> Lesson:
    """Takes a while where the registry is large; best done in a thread."""
    targets = deployment.targets
    configurations = {target.configuration.id for target in targets}
    names = {*deployment.routes, *configurations, *(name for name in deployment.policies if name is not None)}
    names |= {target.id for target in targets} | {target.model for target in targets}
    policies = {policy.digest: policy for policy in deployment.policies.values()}
    return Lesson(frozenset(names), documents(deployment.registry, configurations, policies.values()))
