"""From what an operator declares (`zdr.yaml`, or values) to the deployment that comes of it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import ValidationError

from zdr_router.credentials.reading import read_credential, read_secret
from zdr_router.deployment import Deployment
from zdr_router.entries import ConfigFile, RouteEntry
from zdr_router.errors import ConfigError, Problem
from zdr_router.keeping import receipt_settings, store_settings
from zdr_router.policy.accounts import fingerprint
from zdr_router.policy.conditions import Compiled, compile_conditions
from zdr_router.policy.secrets import SecretSource, how_to_give
from zdr_router.policy.target import Target, authentication, make_target
from zdr_router.registry import Registry, shipped_directory
from zdr_router.registry.strict_yaml import Document, read
from zdr_router.routing.plan import Route
from zdr_router.routing.settings import HealthSettings, Patience, ProbeSettings
from zdr_router.state.settings import RedisSettings, StateSettings
from zdr_router.transport.settings import TransportSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zdr_router.entries import (
        HealthEntry,
        RedisEntry,
        RegistrySources,
        StateEntry,
        Tenant,
        TransportEntry,
    )
    from zdr_router.policy.accounts import Account
    from zdr_router.policy.policy import Policy
    from zdr_router.sealed import Sealed


_SALT_LENGTH = 16


def route_of(name: str, targets: Sequence[str]) -> RouteEntry:
    """A route that is given as a list of its targets. Raises `ConfigError`."""
    try:
        return RouteEntry.model_validate({"targets": targets if isinstance(targets, str) else list(targets)})
    except ValidationError:
        problem = Problem(f"route {name} is not a list of targets", fix="list at least one, each written account/model")
    raise ConfigError(problem)


def load(path: Path | str, environ: Mapping[str, str] | None = None) -> Deployment:
    """Read the operator's file and everything that it names. Raises `ConfigError` with file and line."""
    document = read(Path(path))
    file = document.validate(ConfigFile)
    deployment = assemble(
        registry=_registry(file.registry, Path(path).parent),
        policy=file.policy,
        accounts=file.accounts,
        tenants=file.tenants,
        routes=file.routes,
        transport=_transport(file.transport, Path(path).parent),
        health=file.health,
        state=_state(file.state, document, environ, Path(path).parent),
        otel=file.telemetry.otel,
        salt=_salt(file.salt, document, environ, Path(path).parent),
        document=document,
        environ=environ,
        base=Path(path).parent,
    )
    base = Path(path).parent
    return replace(
        deployment,
        receipts=None if file.receipts is None else receipt_settings(file.receipts, document, environ, base),
        records=None
        if file.records is None
        else store_settings(file.records, deployment.salt, document, environ, base),
    )


def assemble(  # noqa: PLR0913 - the parts of a deployment
    *,
    registry: Registry,
    policy: Policy,
    accounts: Mapping[str, Account],
    routes: Mapping[str, RouteEntry],
    tenants: Mapping[str, Tenant] | None = None,
    transport: TransportSettings | None = None,
    health: HealthEntry | None = None,
    state: StateSettings | None = None,
    otel: bool = False,
    salt: Sealed[str] | None = None,
    document: Document | None = None,
    environ: Mapping[str, str] | None = None,
    base: Path = Path(),
) -> Deployment:
    """Put a deployment together from values.

    `document` is where they were read, for the errors; files of secrets are relative to `base`.
    """
    tenants = tenants or {}
    faults = _Faults(document)
    owners = _owners(tenants, accounts, faults)
    for name, account in accounts.items():
        if account.configuration not in registry.configurations:
            what = f"account {name} uses the configuration {account.configuration}, which is not declared"
            faults.add(("accounts", name, "configuration"), what, "see `zdr registry list` for those that are")
            continue
        auth = authentication(registry.configurations[account.configuration], account)
        if misfit := account.misfit(auth):
            what = f"account {name} gives `{misfit}`, and its configuration authenticates with {auth}"
            faults.add(("accounts", name, misfit), what, how_to_give(auth))
    known = os.environ if environ is None else environ
    secrets = {name: read_credential(account, known, base) for name, account in accounts.items()}
    maker = _TargetMaker(registry, accounts, secrets, owners, faults, bool(tenants))
    made = {name: _route(name, entry, maker) for name, entry in routes.items()}
    made = {name: _with_alternates(made[name], entry, made, faults) for name, entry in routes.items()}
    faults.raise_any()
    host = policy.complete()
    policies: dict[str | None, Policy] = {None: host}
    for name, tenant in tenants.items():
        policies[name] = host & tenant.policy if tenant.policy is not None else host
    return Deployment(
        registry=registry,
        policies=MappingProxyType(policies),
        accounts=MappingProxyType(dict(accounts)),
        routes=MappingProxyType(made),
        fingerprints=MappingProxyType(
            {name: None if secret is None else fingerprint(name, secret.open()) for name, secret in secrets.items()}
        ),
        transport=transport or TransportSettings(),
        health=HealthSettings() if health is None else HealthSettings(**health.model_dump(exclude={"probe"})),
        probe=None if health is None or health.probe is None else ProbeSettings(**health.probe.model_dump()),
        state=state or StateSettings(),
        otel=otel,
        salt=salt,
    )


class _Faults:
    """Problems of the operator's declarations, with lines when they came from a file."""

    def __init__(self, document: Document | None) -> None:
        self.document = document
        self._problems: list[Problem] = []

    def add(self, path: tuple[str | int, ...], what: str, fix: str) -> None:
        known = self.document
        self._problems.append(known.problem(path, what, fix) if known else Problem(what, fix=fix))

    def raise_any(self) -> None:
        if self._problems:
            raise ConfigError(self._problems)


def _transport(entry: TransportEntry, base: Path) -> TransportSettings:
    ca_file = None if entry.ca_file is None else str(base / entry.ca_file)
    return TransportSettings(ca_file=ca_file, proxy=entry.proxy)


def _state(entry: StateEntry, document: Document, environ: Mapping[str, str] | None, base: Path) -> StateSettings:
    def redis(given: RedisEntry, *path: str) -> RedisSettings:
        password = read_secret(given.password, os.environ if environ is None else environ, base)
        place = ("state", *path, "redis", "url")
        if given.password is not None and password is None:
            raise ConfigError(document.problem(place, "the password of Redis is not there", given.password.provide))
        ca_file = None if given.ca_file is None else str(base / given.ca_file)
        source = f"{document.file}:{document.line(place)}"
        return RedisSettings(given.url, given.username, password, ca_file, given.prefix, source)

    trust: Path | RedisSettings | None = None
    if entry.trust is not None and entry.trust.redis is not None:
        trust = redis(entry.trust.redis, "trust")
    elif entry.trust is not None and entry.trust.file is not None:
        trust = base / entry.trust.file
    health = None if entry.health is None else redis(entry.health.redis, "health")
    return StateSettings(trust, health, f"{document.file}:{document.line(('state',))}")


def _salt(
    given: SecretSource | None, document: Document, environ: Mapping[str, str] | None, base: Path
) -> Sealed[str] | None:
    if given is None:
        return None
    salt = read_secret(given, os.environ if environ is None else environ, base)
    if salt is None:
        raise ConfigError(document.problem(("salt",), "the salt is not there", given.provide))
    if len(salt.open()) < _SALT_LENGTH:
        what = f"the salt has {len(salt.open())} characters, and needs {_SALT_LENGTH}"
        raise ConfigError(document.problem(("salt",), what, "make one at random: openssl rand -hex 32"))
    return salt


def _registry(sources: RegistrySources, base: Path) -> Registry:
    shipped = [shipped_directory()] if sources.shipped else []
    own = [base / path for path in sources.providers]
    return Registry.load([*shipped, *own], overlays=[base / path for path in sources.overlays])


def _owners(tenants: Mapping[str, Tenant], accounts: Mapping[str, Account], faults: _Faults) -> dict[str, str]:
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


class _TargetMaker:
    """Makes each target once, however many routes name it."""

    def __init__(  # noqa: PLR0913, PLR0917 - the five tables that a target is looked up in
        self,
        registry: Registry,
        accounts: Mapping[str, Account],
        secrets: Mapping[str, Sealed[str] | None],
        owners: Mapping[str, str],
        faults: _Faults,
        several_tenants: bool,  # noqa: FBT001 - whether any tenant is declared at all
    ) -> None:
        self._registry = registry
        self._accounts = accounts
        self._owners = owners
        self._several_tenants = several_tenants
        self._made: dict[str, Target] = {}
        self._rules: dict[str, Compiled] = {}
        self._secrets = secrets
        self.faults = faults

    def make(self, name: str, place: tuple[str | int, ...]) -> Target | None:
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


def _route(name: str, entry: RouteEntry, maker: _TargetMaker) -> Route:
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


def _with_alternates(route: Route, entry: RouteEntry, routes: Mapping[str, Route], faults: _Faults) -> Route:
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
