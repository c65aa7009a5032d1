"""The attestation has expired.

The last day of a reading of the provider's documents has passed, so every target of the configuration is refused
(ZDR101). Error.

Read each source again, compare, and renew: `zdr registry renew ID --reviewed-by NAME -o overlay.yaml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.policy.calendar import end_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR901"


class AttestationExpired:
    """No attestation is past its last day."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each configuration whose `expires` is over."""
        for configuration in subject.configurations:
            expires = configuration.attestation.expires
            if expires is not None and end_of(expires) <= subject.now:
                sentence = f"the attestation expired at the end of {expires}"
                fix = f"read its evidence again, then zdr registry renew {configuration.id} --reviewed-by …"
                place = subject.where(configuration, "attestation.expires")
                yield Finding(ID, "error", configuration.id, sentence, fix, place)


RULE = AttestationExpired()
