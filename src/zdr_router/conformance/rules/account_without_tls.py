"""An account's server is reached without TLS.

Whoever can listen on the way reads prompts and answers. Beyond loopback that is refused (ZDR704), unless the
configuration is declared to be on a network of the operator's own. Error where it is refused, warning where it is not.

Give the server a certificate, and write https.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.conformance.grants import accounts
from zdr_router.registry.hosts import in_the_clear

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.findings import Level
    from zdr_router.conformance.subject import Subject

ID = "ZDR929"


class AccountWithoutTls:
    """Every account's address beyond loopback is https."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each address that is not."""
        for operator, name, account in accounts(subject.operator):
            if account.base_url is not None and in_the_clear(account.base_url):
                level: Level = "warning" if operator.configuration(name).private_network else "error"
                sentence = "content travels to its server in the clear"
                place = operator.where("accounts", name, "base_url")
                fix = "give the server a certificate, and write https"
                yield Finding(ID, level, f"account {name}", sentence, fix, place)


RULE = AccountWithoutTls()
