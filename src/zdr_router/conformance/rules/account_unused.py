"""An account is in no route.

Nothing is sent with it, so it is a key that lies about, or a route that lost a target. Warning.

Add a target of the account to a route, or remove the account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.conformance.findings import Finding
from zdr_router.conformance.grants import accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Subject

ID = "ZDR925"


class AccountUnused:
    """Every account is used."""

    def check(self, subject: Subject) -> Iterator[Finding]:
        """One finding for each account that no target names."""
        for operator, name, _ in accounts(subject.operator):
            routes = operator.deployment.routes.values()
            if not any(target.account_name == name for route in routes for target in route.targets):
                fix = f"add {name}/MODEL to a route, or remove the account"
                place = operator.where("accounts", name)
                yield Finding(ID, "warning", f"account {name}", "no route uses it", fix, place)


RULE = AccountUnused()
