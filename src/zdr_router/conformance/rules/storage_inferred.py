"""An inference is said to carry that something is not kept.

That nothing is kept has to be read; what follows from it (nobody reviews or sells what is not there) may be inferred.
An inference that names no claims would carry all of them. Error.

Name the sentence that says so, or leave the claim out of the inference's `about`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.evidence import READ_ONLY
from zdr_router.conformance.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR911"


class StorageInferred:
    """What is kept is read, not inferred."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each inference that claims too much."""
        for configuration in subject.configurations:
            for index, evidence in enumerate(configuration.attestation.evidence):
                wrong = [claim for claim in evidence.about if claim in READ_ONLY]
                if evidence.kind != "inference" or (evidence.about and not wrong):
                    continue
                sentence = f"an inference is to carry {', '.join(wrong)}" if wrong else "an inference names no claims"
                place = subject.where(configuration, f"attestation.evidence.{index}")
                fix = "name the sentence that was read, or only what follows from others"
                yield Finding(ID, "error", configuration.id, sentence, fix, place)


RULE = StorageInferred()
