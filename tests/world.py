"""Builds what the policy room works on out of the plain values of a case."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zdr_router.policy.accounts import Account
from zdr_router.policy.clearance import Clearance
from zdr_router.policy.clearing import Clearing
from zdr_router.policy.conditions import compile_conditions
from zdr_router.policy.policy import Policy
from zdr_router.policy.request import Request
from zdr_router.policy.target import Target, make_target
from zdr_router.policy.trust import Trust
from zdr_router.registry import Configuration, Source
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from strategies import Case

    from zdr_router.metadata import Refusal

SALT_KEY = bytes(range(16))
_NOWHERE = Source("provider.yaml", {"": 1})


class World:
    """The same case, in the words of the code under test."""

    def __init__(self, case: Case, sources: Mapping[str, Source] | None = None) -> None:
        self.case = case
        self.targets = _targets(case, sources or {})
        self.policy = effective_policy(case)
        self.trust = None if case.trust is None else Trust(**case.trust)
        self.request = Request.of(case.endpoint, Sealed(case.body), case.tenant)
        self.clearing = Clearing(dialects=case.dialects, salt_key=SALT_KEY)

    def clear_all(self, clearing: Clearing | None = None) -> dict[str, Clearance | tuple[Refusal, ...]]:
        mint = clearing or self.clearing
        return {
            target.id: mint.clear(target, self.request, self.policy, self.trust, self.case.now)
            for target in self.targets
        }

    def eligible(self) -> set[str]:
        return {name for name, verdict in self.clear_all().items() if isinstance(verdict, Clearance)}


def effective_policy(case: Case) -> Policy:
    """The host's policy, completed; then whatever tenant and call add to it."""
    policy = Policy.model_validate(case.operator["policy"]).complete()
    tenant = case.operator["tenants"].get(case.tenant, {})
    for layer in (tenant.get("policy"), case.call_policy):
        if layer:
            policy &= Policy.model_validate(layer)
    return policy


def _targets(case: Case, sources: Mapping[str, Source]) -> list[Target]:
    made: dict[str, tuple[Configuration, str, Any]] = {}
    for file in case.provider_files:
        for raw in file["configurations"]:
            configuration = Configuration.model_validate(raw)
            rules = compile_conditions(configuration.conditions)
            made[configuration.id] = configuration, file["provider"]["country"], rules
    targets = []
    for route in case.operator["routes"].values():
        for name in route["targets"]:
            account_name, _, model = name.partition("/")
            account = Account.model_validate(case.operator["accounts"][account_name])
            configuration, country, rules = made[account.configuration]
            owners = [owner for owner, each in case.operator["tenants"].items() if account_name in each["accounts"]]
            key = case.credentials.get(account_name)
            targets.append(
                make_target(
                    account_name=account_name,
                    account=account,
                    configuration=configuration,
                    model=model,
                    country=country,
                    tenant=owners[0] if owners else None,
                    shared=not owners and bool(case.operator["tenants"]),
                    credential=None if key is None else Sealed(key),
                    digest="sha256:0",
                    source=sources.get(configuration.id, _NOWHERE),
                    account_source="zdr.yaml:1",
                    rules=rules,
                )
            )
    return targets
