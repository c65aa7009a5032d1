"""An endpoint or a permit is no word of the vocabulary.

An endpoint with a typing error covers no request, and a permit opens nothing. Error.

Correct the spelling; the vocabulary is in `zdr_router.registry.vocabulary`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.registry.vocabulary import ENDPOINTS, FEATURES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject
    from zdr_router.registry import Configuration

ID = "ZDR904"


class UnknownWord:
    """Endpoints and permits are words of the vocabulary."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each word that matches nothing."""
        for configuration in subject.configurations:
            for fact, sentence in _unknown(configuration):
                fix = "correct the spelling, or leave it out"
                yield Finding(ID, "error", configuration.id, sentence, fix, subject.where(configuration, fact))


def _unknown(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """The dotted name of each faulty fact, with the sentence about it."""
    for index, name in enumerate(configuration.endpoints):
        if name not in ENDPOINTS:
            yield f"endpoints.{index}", f"the vocabulary has no endpoint {name}"
    for index, name in enumerate(configuration.conditions.permit):
        if name not in FEATURES:
            yield f"conditions.permit.{index}", f"the vocabulary has no feature {name} that could be permitted"


RULE = UnknownWord()
