"""A grant was made for another credential than the one that is there.

The policy binds grants to keys, so every target of the account is refused (ZDR305): the new key may belong to another
project, for which nothing was stated. Error.

Make sure that the statement holds for the key in use, then state it again: `zdr grant ACCOUNT -c zdr.yaml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.conformance.grants import granted, present_fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR924"


class GrantForAnotherCredential:
    """Every grant is bound to the key that is there."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each grant with another fingerprint, or none."""
        for operator, name, grant in granted(subject.operator):
            present = present_fingerprint(operator, name)
            if (
                present is None
                or grant.credential == present
                or not operator.deployment.policies[None].bind_credentials
            ):
                continue
            sentence = "the grant was made for another credential than the one that is there"
            if grant.credential is None:
                sentence = "the grant is not bound to the account's credential"
            fix = f"confirm that it holds for the key in use, then zdr grant {name} -c {operator.document.file}"
            place = operator.where("accounts", name, "grant", "credential")
            yield Finding(ID, "error", f"account {name}", sentence, fix, place)


RULE = GrantForAnotherCredential()
