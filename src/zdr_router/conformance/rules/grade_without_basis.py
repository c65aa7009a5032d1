"""A grade is claimed that the evidence does not carry.

`documented` means that the provider's own page says so. Where every source is secondary or an inference, or was read
with low confidence, the grade is `claimed`. Error.

Find the provider's own sentence, or write `grade: claimed`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR908"


class GradeWithoutBasis:
    """A documented fact has a source of the provider's own."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each configuration whose sources are weaker than its grade."""
        for configuration in subject.configurations:
            attestation = configuration.attestation
            own = (each for each in attestation.evidence if each.kind not in ("secondary", "operator", "inference"))
            if attestation.grade == "documented" and all(each.confidence == "low" for each in own):
                sentence = "its grade is documented, and no source of the provider's own was read with confidence"
                place = subject.where(configuration, "attestation.grade")
                fix = "name the provider's own page, or write `grade: claimed`"
                yield Finding(ID, "error", configuration.id, sentence, fix, place)


RULE = GradeWithoutBasis()
