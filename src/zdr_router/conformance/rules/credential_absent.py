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
            if configuration.credentials.auth == "none":
                continue
            source = account.api_key
            if source is None and not configuration.self_operated:
                env = configuration.credentials.env or "NAME"
                fix = f"give the account `api_key: {{env: {env}}}`"
                place = operator.where("accounts", name)
                yield Finding(ID, "error", f"account {name}", "it needs a key and names none", fix, place)
            elif source is not None and present_fingerprint(operator, name) is None:
                fix = f"set {source.env}" if source.env else f"provide the file {source.file}"
                place = operator.where("accounts", name, "api_key")
                sentence = "its credential is not there, so what the grant is bound to was not compared"
                yield Finding(ID, "warning", f"account {name}", sentence, fix, place)


RULE = CredentialAbsent()
