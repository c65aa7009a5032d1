"""What is routed to: an account's credentials, used with one configuration, for one model."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from zdr_router.policy.accounts import Account, fingerprint
from zdr_router.registry.configuration import SIGNED_HEADERS
from zdr_router.registry.hosts import has_placeholder

if TYPE_CHECKING:
    from zdr_router.policy.conditions import Compiled
    from zdr_router.registry import Configuration, Source
    from zdr_router.registry.configuration import Auth
    from zdr_router.registry.facts import Model
    from zdr_router.sealed import Sealed


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """An account, a configuration and a model.

    `tenant` owns the account, if one does; `shared` tells that several tenants may reach it.
    `declared` is the registry's entry for the model, None when the configuration does not serve it.
    """

    id: str
    account_name: str
    account: Account
    configuration: Configuration
    model: str
    declared: Model | None
    excluded: str | None
    base_url: str | None
    country: str
    tenant: str | None
    shared: bool
    auth: Auth
    credential: Sealed[str] | None
    credential_fingerprint: str | None
    digest: str
    source: Source
    account_source: str
    rules: Compiled
    unsafe: str | None = None

    @property
    def lacks_credential(self) -> bool:
        """Whether a credential that is needed, or that the account names, is not there."""
        if self.credential is not None or self.auth == "none":
            return False
        return bool(self.account.secrets) or self.auth in SIGNED_HEADERS or not self.configuration.self_operated

    def __repr__(self) -> str:
        """Its name: the rest is declared elsewhere."""
        return f"<target {self.id}>"


def make_target(  # noqa: PLR0913 - a target is what these thirteen make together
    *,
    account_name: str,
    account: Account,
    configuration: Configuration,
    model: str,
    country: str,
    tenant: str | None,
    shared: bool,
    credential: Sealed[str] | None,
    digest: str,
    source: Source,
    rules: Compiled,
    account_source: str = "",
    unsafe: str | None = None,
) -> Target:
    """Put a target together and look up its model."""
    hosts = configuration.hosts
    only = hosts[0] if len(hosts) == 1 and not has_placeholder(hosts[0]) else None
    base_url = account.base_url or only
    return Target(
        id=f"{account_name}/{model}",
        account_name=account_name,
        account=account,
        configuration=configuration,
        model=model,
        declared=find_model(configuration, model),
        excluded=exclusion(configuration, model),
        base_url=base_url.rstrip("/") if base_url else None,
        country=country,
        tenant=tenant,
        shared=shared,
        auth=authentication(configuration, account),
        credential=credential,
        credential_fingerprint=None if credential is None else fingerprint(account_name, credential.open()),
        digest=digest,
        source=source,
        account_source=account_source,
        rules=rules,
        unsafe=unsafe,
    )


def find_model(configuration: Configuration, model: str) -> Model | None:
    """The entry that serves `model`: by exact id first, else by the first pattern that matches."""
    for entry in configuration.models:
        if entry.id == model:
            return entry
    for entry in configuration.models:
        if entry.pattern is not None and re.search(entry.pattern, model):
            return entry
    return None


def exclusion(configuration: Configuration, model: str) -> str | None:
    """Why the configuration does not cover `model`, if it does not."""
    for excluded in configuration.excluded_models:
        if re.search(excluded.matches, model):
            return excluded.why
    return None


def authentication(configuration: Configuration, account: Account) -> Auth:
    """How requests authenticate. A server that needs no key may still be given one, which it then gets as a bearer."""
    declared = configuration.credentials.auth
    return "bearer" if declared == "none" and account.api_key is not None else declared


def engine_outside(configuration: Configuration, version: str) -> bool:
    """Whether an engine version is outside the range that was read, or cannot be read itself."""
    if configuration.engine is None:
        return False
    try:
        parsed = Version(version.removeprefix("b") if version[:1] == "b" else version)
    except InvalidVersion:
        return True
    return parsed not in SpecifierSet(configuration.engine.versions, prereleases=True)
