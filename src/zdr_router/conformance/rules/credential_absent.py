"""An account's credential is not there.

Where the router runs, that refuses every target of the account (ZDR309). Where only the file is checked, the key may
well be missing, so it is a warning, and what the grant was bound to cannot be compared. An account of a hosted
configuration that names no key at all is an error.

Set the environment variable or provide the file; a key is never written in `zdr.yaml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.conformance.grants import accounts, present_fingerprint
from zdr_router.policy.secrets import how_to_give
from zdr_router.registry.configuration import SIGNED_HEADERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR923"


class CredentialAbsent:
    """Every account has the key that it names, or needs."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each account without its key."""
        for operator, name, account in accounts(subject.operator):
            configuration = operator.configuration(name)
            auth = configuration.credentials.auth
            if auth == "none":
                continue
            if not account.secrets and (auth in SIGNED_HEADERS or not configuration.self_operated):
                fix = how_to_give(auth, configuration.credentials.env or "NAME")
                place = operator.where("accounts", name)
                yield Finding(ID, "error", f"account {name}", "it needs a key and names none", fix, place)
            elif account.secrets and present_fingerprint(operator, name) is None:
                fix = " and ".join(source.provide for source in account.secrets)
                place = operator.where("accounts", name, "api_key" if account.credentials is None else "credentials")
                sentence = "its credential is not there, so what the grant is bound to was not compared"
                yield Finding(ID, "warning", f"account {name}", sentence, fix, place)


RULE = CredentialAbsent()
