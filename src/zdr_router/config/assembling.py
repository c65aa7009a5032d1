"""Puts a deployment together from values."""

from __future__ import annotations

import os
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import ValidationError

from zdr_router.config.faults import Faults
from zdr_router.config.routes import TargetMaker, make_route, owners_of, with_alternates
from zdr_router.credentials.reading import read_credential
from zdr_router.deployment import Deployment
from zdr_router.entries import RouteEntry
from zdr_router.errors import ConfigError, Problem
from zdr_router.policy.accounts import fingerprint
from zdr_router.policy.secrets import how_to_give
from zdr_router.policy.target import authentication
from zdr_router.routing.settings import HealthSettings, ProbeSettings
from zdr_router.state.settings import StateSettings
from zdr_router.transport.settings import TransportSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zdr_router.entries import HealthEntry, Tenant
    from zdr_router.policy.accounts import Account
    from zdr_router.policy.policy import Policy
    from zdr_router.registry import Registry
    from zdr_router.registry.strict_yaml import Document
    from zdr_router.sealed import Sealed


def route_of(name: str, targets: Sequence[str]) -> RouteEntry:
    """A route that is given as a list of its targets. Raises `ConfigError`."""
    try:
        return RouteEntry.model_validate({"targets": targets if isinstance(targets, str) else list(targets)})
    except ValidationError:
        problem = Problem(f"route {name} is not a list of targets", fix="list at least one, each written account/model")
    raise ConfigError(problem)


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
    faults = Faults(document)
    owners = owners_of(tenants, accounts, faults)
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
    maker = TargetMaker(registry, accounts, secrets, owners, faults, bool(tenants))
    made = {name: make_route(name, entry, maker) for name, entry in routes.items()}
    made = {name: with_alternates(made[name], entry, made, faults) for name, entry in routes.items()}
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
