"""An attestation is newer than a reading that it rests on.

A reading holds for 90 days, and this one was older than that when the attestation was dated; nobody is named as
having read it again. Servers of the operator's own are attested by version and not looked at. Warning.

Read the source again and move its `observed`, or let a named person renew: `zdr registry renew ID --reviewed-by NAME`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.registry.facts import LIFETIME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR913"


class EvidenceNotReadAgain:
    """An attestation rests on readings of its own time."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each row that was old already."""
        for configuration in subject.configurations:
            attestation = configuration.attestation
            if attestation.expires is None or attestation.reviewed_by is not None:
                continue
            for index, evidence in enumerate(attestation.evidence):
                if evidence.kind != "inference" and attestation.observed - evidence.observed > LIFETIME:
                    sentence = (
                        f"a source was read on {evidence.observed}, and the attestation is of {attestation.observed}"
                    )
                    place = subject.where(configuration, f"attestation.evidence.{index}")
                    fix = "read it again and move its `observed`"
                    yield Finding(ID, "warning", configuration.id, sentence, fix, place)


RULE = EvidenceNotReadAgain()
