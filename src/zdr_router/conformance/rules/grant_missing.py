"""An account needs a grant and holds none.

Its configuration obtains zero retention by a setting, an agreement or by how a server is run; nobody states that it
does, so every target of the account is refused (ZDR301). Error.

Arrange what the fix says, then state it: `zdr grant ACCOUNT -c zdr.yaml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.conformance.grants import BY_ITSELF, accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR920"


class GrantMissing:
    """Who needs a grant holds one."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each account without."""
        for operator, name, account in accounts(subject.operator):
            mechanism = operator.configuration(name).mechanism
            if account.grant is None and mechanism.kind not in BY_ITSELF:
                sentence = f"zero retention needs a grant ({mechanism.kind}), and the account holds none"
                ask = f"zdr grant {name} -c {operator.document.file}"
                fix = f"{mechanism.how}, then {ask}" if mechanism.how else ask
                yield Finding(ID, "error", f"account {name}", sentence, fix, operator.where("accounts", name))


RULE = GrantMissing()
