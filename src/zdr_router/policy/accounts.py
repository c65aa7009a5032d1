"""The operator's side of a configuration: credentials, scope, and the grant that it holds."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from zdr_router.policy.limits import Limits
from zdr_router.policy.secrets import PARTS, CredentialParts, SecretSource
from zdr_router.registry.base import ConfigurationId, Date, Declared, Identifier, Text
from zdr_router.registry.facts import MechanismKind, ScopeKind
from zdr_router.registry.hosts import REGION, bindings

if TYPE_CHECKING:
    from zdr_router.registry import Configuration

_VERSION = "k1"


def fingerprint(account: str, credential: str) -> str:
    """What a grant is bound to: `k1:` and a keyed hash of the credential, 128 bits.

    The account's name is part of the key, so the same credential in two accounts gives two fingerprints and
    a grant cannot be moved from one to the other. The credential cannot be had back from it.
    """
    key = hashlib.blake2b(account.encode(), digest_size=32, person=b"zdr-account").digest()
    keyed = hashlib.blake2b(credential.encode(), key=key, digest_size=16, person=b"zdr-grant-k1")
    return f"{_VERSION}:{keyed.hexdigest()}"


class Grant(Declared):
    """The agreement or setting that the operator states for an account. It counts to the end of `until`, UTC."""

    basis: MechanismKind
    stated_by: Text
    since: Date
    until: Date
    reference: Text | None = None
    scope: dict[ScopeKind, Text] = Field(default_factory=dict)
    credential: Annotated[str, StringConstraints(pattern=r"^k1:[0-9a-f]{32}$")] | None = None

    @model_validator(mode="after")
    def _dates(self) -> Self:
        if self.until < self.since:
            kind, message = "dates", "`until` is before `since`"
            raise PydanticCustomError(kind, message)
        return self


class Account(Declared):
    """Credentials for one configuration, and the grant that they hold.

    The credential is an `api_key`, or where it is more than one key, `credentials`.
    `base_url` picks one of the configuration's hosts, or gives the address of a self-operated server;
    `engine_version` and `regions` state what runs there and where (`on_premises` unless said otherwise). `limits` hold
    for each of its targets.
    """

    configuration: ConfigurationId
    api_key: SecretSource | None = None
    credentials: CredentialParts | None = None
    base_url: Text | None = None
    scope: dict[ScopeKind, Text] = Field(default_factory=dict)
    grant: Grant | None = None
    regions: list[Identifier] | None = None
    engine_version: Text | None = None
    limits: Limits | None = None

    @property
    def secrets(self) -> tuple[SecretSource, ...]:
        """Where its credential is read from; nothing when it names none."""
        if self.credentials is not None:
            return self.credentials.sources
        return () if self.api_key is None else (self.api_key,)

    def misfit(self, auth: str) -> str:
        """Which of `api_key` and `credentials` is stated and not what this way to authenticate takes, or nothing."""
        if self.credentials is not None and not self.credentials.made_for(auth):
            return "credentials"
        return "api_key" if self.api_key is not None and auth in PARTS else ""

    def processing_regions(self, configuration: Configuration) -> tuple[str, ...]:
        """Where content may be processed; empty when nobody knows. A host that names its region settles it."""
        if configuration.self_operated:
            return tuple(self.regions if self.regions is not None else ("on_premises",))
        named = attested_host(configuration, self.base_url) or {}
        return (named[REGION],) if REGION in named else tuple(configuration.regions)


def attested_host(configuration: Configuration, url: str | None) -> dict[str, str] | None:
    """What the placeholders of the attested host stand for in `url`; None when it is no attested host.

    A region that the host names is one of the configuration's `regions`, where it lists any.
    """
    for host in configuration.hosts:
        named = bindings(host, url or "")
        if named is not None and (not configuration.regions or named.get(REGION) in (None, *configuration.regions)):
            return named
    return None
