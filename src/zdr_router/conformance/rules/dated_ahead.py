"""The attestation is dated in the future.

Nobody has read tomorrow's page, so every target of the configuration is refused until that day (ZDR102). Error.

Write the day on which the evidence was read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.policy.calendar import start_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR914"


class DatedAhead:
    """No attestation was observed later than now."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each configuration whose `observed` is still to come."""
        for configuration in subject.configurations:
            observed = configuration.attestation.observed
            if start_of(observed) > subject.now:
                sentence = f"the attestation is dated {observed}, which is still to come"
                place = subject.where(configuration, "attestation.observed")
                fix = "write the day on which the evidence was read"
                yield Finding(ID, "error", configuration.id, sentence, fix, place)


RULE = DatedAhead()
