"""A permit is for what needs none.

What only shapes the answer is covered wherever the endpoint is, and what the router sets itself is never asked about.
Such a permit does nothing, and reads as if something had been decided. Warning.

Leave it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.policy.capabilities import OPEN_EFFECTS
from zdr_router.registry.vocabulary import FEATURES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR943"


class PermitNeedless:
    """Only what would be refused is permitted."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each permit of an open feature."""
        for configuration in subject.configurations:
            for index, name in enumerate(configuration.conditions.permit):
                feature = FEATURES.get(name)
                if feature is not None and feature.effect in OPEN_EFFECTS:
                    sentence = f"{name} is permitted and needs no permit"
                    place = subject.where(configuration, f"conditions.permit.{index}")
                    yield Finding(ID, "warning", configuration.id, sentence, "leave it out", place)


RULE = PermitNeedless()
