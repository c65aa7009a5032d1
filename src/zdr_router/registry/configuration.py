"""What a provider file declares: a provider and its configurations, the unit that is attested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError

from zdr_router.registry.base import ConfigurationId, Declared, Identifier, JsonSchema, Link, Text
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
from zdr_router.registry.hosts import check_host

if TYPE_CHECKING:
    from collections.abc import Mapping

Auth = Literal["bearer", "x-api-key", "api-key", "x-goog-api-key", "aws_sigv4", "google", "azure_ad", "ibm_iam", "none"]
"""How a request proves whose it is. bearer, x-api-key, api-key and x-goog-api-key: a secret in that header.
aws_sigv4: signed with AWS keys. google: a token of a service account. azure_ad: a token of a Microsoft Entra
application. ibm_iam: a token that IBM Cloud gives for an API key."""

AUTH_HEADERS: Final = {
    "bearer": "authorization",
    "x-api-key": "x-api-key",
    "api-key": "api-key",
    "x-goog-api-key": "x-goog-api-key",
}
"""The header in which a secret is sent as it is, by the way to authenticate."""

SIGNED_HEADERS: Final[Mapping[str, frozenset[str]]] = {
    "aws_sigv4": frozenset({"authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"}),
    "google": frozenset({"authorization"}),
    "azure_ad": frozenset({"authorization"}),
    "ibm_iam": frozenset({"authorization"}),
}
"""The headers that are made for each request, or fetched for a while, by the way to authenticate."""

SIGNED_ONCE: Final = frozenset({"aws_sigv4"})
"""The ways whose headers no second request has."""

_MADE_OUT: Final = frozenset({"aws_sigv4", "google", "azure_ad"})


class Credentials(Declared):
    """How a request authenticates, and the environment variable where the key is usually kept.

    `audience` is what a signature or a token is made out to: the AWS service (`bedrock` if nothing is said), or the
    scope of a token. A field whose rule looks at another stands after it.
    """

    env: Text | None = None
    auth: Auth = "bearer"
    audience: Annotated[str, StringConstraints(pattern=r"^[!-~]{1,256}$")] | None = None

    @field_validator("audience")
    @classmethod
    def _made_out(cls, audience: str | None, info: ValidationInfo) -> str | None:
        if audience is not None and info.data.get("auth", "google") not in _MADE_OUT:
            kind, message = "audience", "an `audience` goes with aws_sigv4, google or azure_ad"
            raise PydanticCustomError(kind, message)
        return audience


class Links(Declared):
    """The provider's own pages."""

    privacy: Link | None = None
    terms: Link | None = None
    dpa: Link | None = None
    subprocessors: Link | None = None
    documentation: Link | None = None


class Provider(Declared):
    """The legal entity that runs an API."""

    id: Identifier
    name: Text
    legal_entity: Text
    country: Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}|unknown)$")]
    links: Links = Links()


def _sendable(url: str, info: ValidationInfo) -> str:
    private = info.data.get("private_network")
    fault = "" if private is None else check_host(url, private_network=private)
    if fault:
        kind, message = "host", "{fault}"
        raise PydanticCustomError(kind, message, {"fault": fault})
    return url


_SELF_OPERATED: JsonSchema = {"properties": {"mechanism": {"properties": {"kind": {"const": "self_operated"}}}}}
_HOSTED: JsonSchema = {
    "required": ["hosts"],
    "properties": {"hosts": {"minItems": 1}, "attestation": {"required": ["expires"]}},
}


class Configuration(Declared):
    """One way of using a provider: product, endpoints, hosts, terms and conditions.

    A field whose rule looks at other fields stands after them, so that the fault points at that field.
    """

    model_config = ConfigDict(
        json_schema_extra={"if": _SELF_OPERATED, "then": {"required": ["engine"]}, "else": _HOSTED}
    )

    id: ConfigurationId
    title: Text
    dialect: Annotated[str, StringConstraints(pattern=r"^(openai|litellm:[a-z0-9_]+)$")] = "openai"
    mechanism: Mechanism
    private_network: bool = False
    hosts: Annotated[list[Annotated[str, AfterValidator(_sendable)]], Field(validate_default=True)] = Field(
        default_factory=list
    )
    credentials: Credentials = Credentials()
    credential_mode: Literal["own_key", "gateway_managed", "byok"] = "own_key"
    tier: Literal["any", "free", "trial", "paid", "enterprise"] = "any"
    endpoints: Annotated[list[Text], Field(min_length=1)]
    regions: list[Identifier] = Field(default_factory=list)
    flags: Flags
    legs: list[Leg] = Field(default_factory=list)
    cache: Cache = Cache()
    exceptions: list[ExceptionClause] = Field(default_factory=list)
    default_retention: DefaultRetention | None = None
    conditions: Conditions = Conditions()
    models: list[Model] = Field(default_factory=list)
    excluded_models: list[ExcludedModel] = Field(default_factory=list)
    engine: Annotated[Engine | None, Field(validate_default=True)] = None
    attestation: Attestation

    @property
    def provider(self) -> str:
        """The id of the provider, the part before the slash."""
        return self.id.partition("/")[0]

    @property
    def self_operated(self) -> bool:
        """Whether the operator runs the server itself."""
        return self.mechanism.kind == "self_operated"

    @field_validator("hosts")
    @classmethod
    def _somewhere(cls, hosts: list[str], info: ValidationInfo) -> list[str]:
        if not hosts and not _self_operated(info):
            kind, message = "host", "a configuration that is not self-operated names its `hosts`"
            raise PydanticCustomError(kind, message)
        return hosts

    @field_validator("engine")
    @classmethod
    def _versioned(cls, engine: Engine | None, info: ValidationInfo) -> Engine | None:
        if engine is None and _self_operated(info) and "mechanism" in info.data:
            kind, message = (
                "engine",
                "a self-operated configuration names its `engine`, with the versions that were read",
            )
            raise PydanticCustomError(kind, message)
        return engine

    @field_validator("attestation")
    @classmethod
    def _lapses(cls, attestation: Attestation, info: ValidationInfo) -> Attestation:
        if attestation.expires is None and not _self_operated(info):
            kind, message = "dates", "`expires` is missing: only self-operated engines are attested by version range"
            raise PydanticCustomError(kind, message)
        return attestation


def _self_operated(info: ValidationInfo) -> bool:
    """By what was read so far; a faulty mechanism is a fault of its own, and counts as either."""
    mechanism = info.data.get("mechanism")
    return mechanism is None or mechanism.kind == "self_operated"


def _supported(value: int) -> int:
    if value != 1:
        kind, message = "schema", "this release reads schema 1"
        raise PydanticCustomError(kind, message)
    return value


Schema = Annotated[int, AfterValidator(_supported), WithJsonSchema({"const": 1})]


def _named_after(configuration: Configuration, info: ValidationInfo) -> Configuration:
    provider = info.data.get("provider")
    if provider is not None and configuration.provider != provider.id:
        kind, message = "id", "the id of a configuration starts with its provider's id and a slash"
        raise PydanticCustomError(kind, message)
    return configuration


class ProviderFile(Declared):
    """A file under `providers/`."""

    schema_: Annotated[Schema, Field(alias="schema")]
    provider: Provider
    configurations: Annotated[list[Annotated[Configuration, AfterValidator(_named_after)]], Field(min_length=1)]
