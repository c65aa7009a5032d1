"""What the rules about accounts share: which accounts need a grant, and what their credentials are here and now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zdr_router.conformance.subject import Operator
    from zdr_router.policy.accounts import Account, Grant

BY_ITSELF: Final = frozenset({"default", "request_parameter"})
"""Mechanisms that no grant is needed for."""


def accounts(operator: Operator | None) -> Iterator[tuple[Operator, str, Account]]:
    """Every account of the operator's file, if there is one."""
    if operator is not None:
        for name, account in operator.deployment.accounts.items():
            yield operator, name, account


def granted(operator: Operator | None) -> Iterator[tuple[Operator, str, Grant]]:
    """Every grant that its account's configuration asks for."""
    for known, name, account in accounts(operator):
        if account.grant is not None and known.configuration(name).mechanism.kind not in BY_ITSELF:
            yield known, name, account.grant


def present_fingerprint(operator: Operator, name: str) -> str | None:
    """The fingerprint of the account's credential, or None when it is not there."""
    return operator.deployment.fingerprints[name]
