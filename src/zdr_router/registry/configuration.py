"""What a provider file declares: a provider and its configurations, the unit that is attested."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from zdr_router.registry.base import ConfigurationId, Declared, Identifier, Text
from zdr_router.registry.conditions import Conditions
from zdr_router.registry.facts import (
    Attestation,
    Cache,
    DefaultRetention,
    Engine,
    ExceptionClause,
    ExcludedModel,
    Flags,
    Leg,
    Mechanism,
    Model,
)


def is_loopback(host: str | None) -> bool:
    """Whether `host` is this machine's own address, by its form alone (no name is looked up)."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def check_base_url(url: str, *, private_network: bool) -> str:
    """The fault of a base URL in one sentence, or "" when content may be sent to it."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "not a URL"
    if parts.username is not None or parts.password is not None:
        return "a host must not carry credentials: give them to the account as `api_key: {env: NAME}`"
    if parts.scheme not in ("https", "http") or not host:
        return "a host is written https://name/path"
    if parts.query or parts.fragment:
        return "a host has no query and no fragment"
    if parts.scheme == "http" and not is_loopback(host) and not private_network:
        return "a host beyond loopback needs https, or `private_network: true` on a network that you own"
    return ""


class Credentials(Declared):
    """How a request authenticates, and the environment variable where the key is usually kept."""

    env: Text | None = None
    auth: Literal["bearer", "x-api-key", "api-key", "none"] = "bearer"


class Links(Declared):
    """The provider's own pages."""

    privacy: Text | None = None
    terms: Text | None = None
    dpa: Text | None = None
    subprocessors: Text | None = None
    documentation: Text | None = None


class Provider(Declared):
    """The legal entity that runs an API."""

    id: Identifier
    name: Text
    legal_entity: Text
    country: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}|unknown)$")]
    links: Links = Links()


class Configuration(Declared):
    """One way of using a provider: product, endpoints, hosts, terms and conditions."""

    id: ConfigurationId
    title: Text
    dialect: Annotated[str, StringConstraints(pattern=r"^(openai|litellm:[a-z0-9_]+)$")] = "openai"
    hosts: list[str] = Field(default_factory=list)
    private_network: bool = False
    credentials: Credentials = Credentials()
    credential_mode: Literal["own_key", "gateway_managed", "byok"] = "own_key"
    tier: Literal["any", "free", "trial", "paid", "enterprise"] = "any"
    endpoints: Annotated[list[Text], Field(min_length=1)]
    regions: list[Identifier] = Field(default_factory=list)
    mechanism: Mechanism
    flags: Flags
    legs: list[Leg] = Field(default_factory=list)
    cache: Cache = Cache()
    exceptions: list[ExceptionClause] = Field(default_factory=list)
    default_retention: DefaultRetention | None = None
    conditions: Conditions = Conditions()
    models: list[Model] = Field(default_factory=list)
    excluded_models: list[ExcludedModel] = Field(default_factory=list)
    engine: Engine | None = None
    attestation: Attestation

    @property
    def provider(self) -> str:
        """The id of the provider, the part before the slash."""
        return self.id.partition("/")[0]

    @property
    def self_operated(self) -> bool:
        """Whether the operator runs the server itself."""
        return self.mechanism.kind == "self_operated"

    @model_validator(mode="after")
    def _hosts(self) -> Self:
        for host in self.hosts:
            if fault := check_base_url(host, private_network=self.private_network):
                kind, message = "host", "{fault}"
                raise PydanticCustomError(kind, message, {"fault": fault})
        if not self.hosts and not self.self_operated:
            kind, message = "host", "a configuration that is not self-operated names its `hosts`"
            raise PydanticCustomError(kind, message)
        return self

    @model_validator(mode="after")
    def _lapse(self) -> Self:
        kind = "dates"
        if self.self_operated and self.engine is None:
            message = "a self-operated configuration names its `engine` and the versions it was read for"
            raise PydanticCustomError(kind, message)
        if self.attestation.expires is None and not self.self_operated:
            message = "`attestation.expires` is missing: only self-operated engines are attested by version range"
            raise PydanticCustomError(kind, message)
        return self


def _supported(value: int) -> int:
    if value != 1:
        kind, message = "schema", "this release reads schema 1"
        raise PydanticCustomError(kind, message)
    return value


Schema = Annotated[int, AfterValidator(_supported)]


class ProviderFile(Declared):
    """A file under `providers/`."""

    schema_: Annotated[Schema, Field(alias="schema")]
    provider: Provider
    configurations: Annotated[list[Configuration], Field(min_length=1)]

    @model_validator(mode="after")
    def _ids(self) -> Self:
        for configuration in self.configurations:
            if configuration.provider != self.provider.id:
                kind, message = "id", "the id of a configuration starts with its provider's id and a slash"
                raise PydanticCustomError(kind, message)
        return self
