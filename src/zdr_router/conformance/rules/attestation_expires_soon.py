"""The attestation expires soon.

After its last day every target of the configuration is refused (ZDR101); renewing in time keeps that from becoming
an outage. The warning comes 30 days ahead, or `--ahead` days. Warning.

Read each source again, compare, and renew: `zdr registry renew ID --reviewed-by NAME -o overlay.yaml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.policy.calendar import end_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR902"


class AttestationExpiresSoon:
    """No attestation has fewer days left than the warning comes ahead."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each configuration whose `expires` is near."""
        for configuration in subject.configurations:
            expires = configuration.attestation.expires
            if expires is not None and 0 < end_of(expires) - subject.now < subject.ahead:
                sentence = f"the attestation expires at the end of {expires}"
                fix = f"read its evidence again, then zdr registry renew {configuration.id} --reviewed-by …"
                place = subject.where(configuration, "attestation.expires")
                yield Finding(ID, "warning", configuration.id, sentence, fix, place)


RULE = AttestationExpiresSoon()
