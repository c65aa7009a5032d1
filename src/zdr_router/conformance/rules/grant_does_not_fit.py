"""A grant is not the one that its account needs.

Its basis is another than the configuration's mechanism (ZDR302), it begins only later (ZDR303), or account and grant do
not name the same scope where the mechanism holds for one project, workspace, subscription or region (ZDR304). Every
target of the account is refused. Error.

State the grant again, for the mechanism and the scope that it is about: `zdr grant ACCOUNT -c zdr.yaml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.conformance.grants import granted
from zdr_router.policy.calendar import start_of
from zdr_router.policy.grants import NAMED_SCOPES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Operator, Subject
    from zdr_router.policy.accounts import Grant

ID = "ZDR932"


class GrantDoesNotFit:
    """Every grant is about its account's mechanism and scope, now."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each way in which a grant misses."""
        for operator, name, grant in granted(subject.operator):
            fix = f"state it again: zdr grant {name} -c {operator.document.file}"
            for key, sentence in _misses(operator, name, grant, subject.now):
                place = operator.where("accounts", name, "grant", key)
                yield Finding(ID, "error", f"account {name}", sentence, fix, place)


def _misses(operator: Operator, name: str, grant: Grant, now: float) -> Iterator[tuple[str, str]]:
    """The key of the grant that is wrong, and the sentence about it."""
    mechanism = operator.configuration(name).mechanism
    if grant.basis != mechanism.kind:
        yield "basis", f"the grant's basis is {grant.basis}, and the mechanism is {mechanism.kind}"
    if start_of(grant.since) > now:
        yield "since", f"the grant counts only from {grant.since}"
    scope = operator.deployment.accounts[name].scope
    for kind, named in grant.scope.items():
        if scope.get(kind) != named:
            yield "scope", f"the account is not within the {kind} that the grant names"
    kind = mechanism.scope
    if kind in NAMED_SCOPES and (kind not in scope or kind not in grant.scope):
        yield "scope", f"the mechanism holds for one {kind}, and account and grant do not both name it"


RULE = GrantDoesNotFit()
