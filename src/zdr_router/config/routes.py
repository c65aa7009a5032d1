"""Makes targets and routes of the accounts, tenants and routes that an operator declares."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from zdr_router.policy.conditions import Compiled, compile_conditions
from zdr_router.policy.target import Target, make_target
from zdr_router.routing.plan import Route
from zdr_router.routing.settings import Patience

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.config.faults import Faults
    from zdr_router.entries import RouteEntry, Tenant
    from zdr_router.policy.accounts import Account
    from zdr_router.registry import Registry
    from zdr_router.sealed import Sealed


def owners_of(tenants: Mapping[str, Tenant], accounts: Mapping[str, Account], faults: Faults) -> dict[str, str]:
    """Account by account the tenant that it belongs to."""
    owners: dict[str, str] = {}
    for name, tenant in tenants.items():
        for index, account in enumerate(tenant.accounts):
            place = ("tenants", name, "accounts", index)
            if account not in accounts:
                faults.add(place, f"tenant {name} owns account {account}, which is not declared", "declare it")
            if owners.get(account, name) != name:
                what = f"account {account} belongs to two tenants, {owners[account]} and {name}"
                faults.add(place, what, "give each tenant an account of its own")
            owners[account] = name
    return owners


class TargetMaker:
    """Makes each target once, however many routes name it."""

    def __init__(  # noqa: PLR0913, PLR0917 - the five tables that a target is looked up in
        self,
        registry: Registry,
        accounts: Mapping[str, Account],
        secrets: Mapping[str, Sealed[str] | None],
        owners: Mapping[str, str],
        faults: Faults,
        several_tenants: bool,  # noqa: FBT001 - whether any tenant is declared at all
    ) -> None:
        """Nothing is made yet."""
        self._registry = registry
        self._accounts = accounts
        self._owners = owners
        self._several_tenants = several_tenants
        self._made: dict[str, Target] = {}
        self._rules: dict[str, Compiled] = {}
        self._secrets = secrets
        self.faults = faults

    def make(self, name: str, place: tuple[str | int, ...]) -> Target | None:
        """The target of this name; None, with a fault noted for `place`, where there is none."""
        if name in self._made:
            return self._made[name]
        account_name, slash, model = name.partition("/")
        account = self._accounts.get(account_name)
        if not slash or not model or account is None:
            what = f"the target {name} names no declared account" if slash else f"{name} is not a target"
            self.faults.add(place, what, "a target is written account/model")
            return None
        configuration = self._registry.configurations.get(account.configuration)
        if configuration is None:
            return None
        if configuration.id not in self._rules:
            self._rules[configuration.id] = compile_conditions(configuration.conditions)
        owner = self._owners.get(account_name)
        target = self._made[name] = make_target(
            account_name=account_name,
            account=account,
            configuration=configuration,
            model=model,
            country=self._registry.providers[configuration.provider].country,
            tenant=owner,
            shared=owner is None and self._several_tenants,
            credential=self._secrets[account_name],
            digest=self._registry.digests[configuration.id],
            source=self._registry.sources[configuration.id],
            rules=self._rules[configuration.id],
            account_source=self._where(account_name),
            unsafe=self._registry.unsafe.get(configuration.id),
        )
        return target

    def _where(self, account: str) -> str:
        document = self.faults.document
        return f"{document.file}:{document.line(('accounts', account))}" if document else f"account {account}"


def make_route(name: str, entry: RouteEntry, maker: TargetMaker) -> Route:
    """The route that an entry declares, still without those that it falls back to."""
    targets: list[Target] = []
    weights: dict[str, float] = {}
    if entry.strategy != "weighted" and any(not isinstance(item, str) for item in entry.targets):
        what = f"route {name} gives weights, and its strategy is {entry.strategy}"
        maker.faults.add(("routes", name, "strategy"), what, "say `strategy: weighted`, or leave the weights out")
    for index, item in enumerate(entry.targets):
        written = item if isinstance(item, str) else item.target
        target = maker.make(written, ("routes", name, "targets", index))
        if target is None:
            continue
        if target in targets:
            maker.faults.add(("routes", name, "targets", index), f"{written} is listed twice", "keep one of them")
        targets.append(target)
        if not isinstance(item, str):
            weights[target.id] = float(item.weight)
    patience = Patience(entry.attempt_timeout, entry.first_chunk_timeout, entry.chunk_timeout, entry.hedge_after)
    return Route(
        name,
        tuple(targets),
        entry.strategy,
        weights,
        entry.timeout,
        entry.max_attempts,
        retries=entry.retries,
        patience=patience,
        fastest_by=entry.fastest_by,
    )


def with_alternates(route: Route, entry: RouteEntry, routes: Mapping[str, Route], faults: Faults) -> Route:
    """The route with the routes that it falls back to. Theirs are not followed, so that none leads back."""
    found: dict[str, list[Route]] = {"fallbacks": [], "larger_context": []}
    for kind, names in (("fallbacks", entry.fallbacks), ("larger_context", entry.larger_context)):
        for index, name in enumerate(names):
            alternate = routes.get(name)
            place = ("routes", route.name, kind, index)
            if alternate is None:
                faults.add(place, f"route {route.name} names {name}, which is no route", "declare it, or leave it out")
            elif name == route.name:
                faults.add(place, f"route {name} names itself", "name another route, or leave it out")
            else:
                found[kind].append(alternate)
    return replace(route, fallbacks=tuple(found["fallbacks"]), larger_context=tuple(found["larger_context"]))
