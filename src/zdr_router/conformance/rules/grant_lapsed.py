"""A grant has lapsed.

The last day of what the operator stated has passed, so every target of the account is refused (ZDR303). Error.

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

ID = "ZDR921"


class GrantLapsed:
    """No grant is past its last day."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each grant whose `until` is over."""
        for operator, name, grant in granted(subject.operator):
            if end_of(grant.until) <= subject.now:
                sentence = f"the grant lapsed at the end of {grant.until}"
                fix = f"confirm that it still holds, then zdr grant {name} -c {operator.document.file}"
                place = operator.where("accounts", name, "grant", "until")
                yield Finding(ID, "error", f"account {name}", sentence, fix, place)


RULE = GrantLapsed()
