"""A condition or an endpoint names what the vocabulary does not know.

A permit, endpoint or path with a typing error matches no request, so the condition does not do what it was written
for: a permit opens nothing, and a `forbid` forbids nothing. The first member of a path is looked up in the bodies of
the endpoints that the configuration covers and that the router reads; a dialect other than openai has members of its
own, which are not looked up. Error.

Correct the spelling; the vocabulary is in `zdr_router.registry.vocabulary`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.registry.vocabulary import ENDPOINTS, FEATURES, REQUESTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject
    from zdr_router.registry import Configuration

ID = "ZDR904"


class UnknownWord:
    """Endpoints, permits and paths are words of the vocabulary."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each word that matches nothing."""
        for configuration in subject.configurations:
            for fact, sentence in _unknown(configuration):
                fix = "correct the spelling, or leave it out"
                yield Finding(ID, "error", configuration.id, sentence, fix, subject.where(configuration, fact))


def _unknown(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """The dotted name of each faulty fact, with the sentence about it."""
    conditions = configuration.conditions
    for index, name in enumerate(configuration.endpoints):
        if name not in ENDPOINTS:
            yield f"endpoints.{index}", f"the vocabulary has no endpoint {name}"
    for index, name in enumerate(conditions.permit):
        if name not in FEATURES:
            yield f"conditions.permit.{index}", f"the vocabulary has no feature {name} that could be permitted"
    read = [REQUESTS[name] for name in configuration.endpoints if name in REQUESTS]
    if not read or configuration.dialect != "openai":
        return
    members = {member for body in read for member in body.keys}
    paths = [(f"conditions.force.{index}", each.set) for index, each in enumerate(conditions.force)]
    paths += [(f"conditions.forbid.{index}", each.path) for index, each in enumerate(conditions.forbid)]
    paths += [("conditions.allow", path) for path in conditions.allow]
    for fact, path in paths:
        first = path.partition(".")[0].removesuffix("[]")
        if first not in members:
            yield fact, f"no request that is covered has a member {first}, so {path} matches nothing"


RULE = UnknownWord()
