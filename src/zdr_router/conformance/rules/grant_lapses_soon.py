"""A grant lapses soon.

After its last day every target of the account is refused (ZDR303); renewing in time keeps that from becoming an
outage. The warning comes 30 days ahead, or `--ahead` days. Warning.

Confirm that the setting or agreement still stands, then state it again: `zdr grant ACCOUNT -c zdr.yaml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.conformance.grants import granted
from zdr_router.policy.calendar import end_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR922"


class GrantLapsesSoon:
    """No grant has fewer days left than the warning comes ahead."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each grant whose `until` is near."""
        for operator, name, grant in granted(subject.operator):
            if 0 < end_of(grant.until) - subject.now < subject.ahead:
                sentence = f"the grant lapses at the end of {grant.until}"
                fix = f"confirm that it still holds, then zdr grant {name} -c {operator.document.file}"
                place = operator.where("accounts", name, "grant", "until")
                yield Finding(ID, "warning", f"account {name}", sentence, fix, place)


RULE = GrantLapsesSoon()
