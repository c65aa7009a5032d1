"""A permitted or forced cache is more durable than the one that is declared.

A policy accepts a target by its `cache.medium`; a request that may ask for more is then kept where the policy said no.
`extended_cache` keeps prefixes for hours, beyond memory; `memory_cache` keeps them in memory; and where nothing is
cached there is nothing to steer. Error.

Declare the most durable medium that a permitted request can reach, or leave the permit out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.findings import Finding
from zdr_router.conformance.places import bodies, reach
from zdr_router.registry.ladders import MEDIA
from zdr_router.registry.vocabulary import FEATURES
from zdr_router.registry.vocabulary.shapes import Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject
    from zdr_router.registry import Configuration
    from zdr_router.registry.ladders import Medium

ID = "ZDR944"

LEAST: Final[dict[str, Medium]] = {
    **{name: "gpu_memory" for name, feature in FEATURES.items() if feature.effect == "cache"},
    "extended_cache": "local_encrypted",
}
"""The least durable medium that is consistent with each feature of a cache."""


class PermitBeyondCache:
    """No request can reach a cache beyond the declared one."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each permit or forced value that contradicts `cache.medium`."""
        for configuration in subject.configurations:
            medium = configuration.cache.medium
            for fact, name, how in _asked(configuration):
                if name in LEAST and MEDIA[medium] < MEDIA[LEAST[name]]:
                    sentence = f"{name} is {how}, and the declared cache is {medium}"
                    place = subject.where(configuration, fact)
                    fix = f"declare a medium of {LEAST[name]} or beyond, or do without it"
                    yield Finding(ID, "error", configuration.id, sentence, fix, place)


def _asked(configuration: Configuration) -> Iterator[tuple[str, str, str]]:
    """The dotted name of each fact that opens a feature, with the feature."""
    for index, name in enumerate(configuration.conditions.permit):
        yield f"conditions.permit.{index}", name, "permitted"
    starts = bodies(configuration).values()
    for index, force in enumerate(configuration.conditions.force):
        for shape in reach(starts, force.set).shapes:
            if isinstance(shape, Words) and isinstance(force.to, str) and shape.words.get(force.to):
                yield f"conditions.force.{index}", shape.words[force.to], "forced"
                break


RULE = PermitBeyondCache()
