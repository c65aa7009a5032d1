"""The parts of an attested configuration: flags, legs, cache, exceptions, mechanism, models, attestation."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from zdr_router.registry.base import Date, Declared, Json, JsonSchema, Link, Text, one_said
from zdr_router.registry.conditions import Pattern
from zdr_router.registry.ladders import Medium

LIFETIME = dt.timedelta(days=90)
"""The longest that a reading of somebody else's documents is taken to hold."""

Word = Literal["yes", "no", "unknown"]
Capability = Literal["stream", "tools", "json", "images", "audio", "files", "logprobs", "reasoning"]
MechanismKind = Literal[
    "default",
    "request_parameter",
    "org_setting",
    "project_setting",
    "contract",
    "gateway_agreement",
    "self_operated",
    "enclave",
]
ScopeKind = Literal[
    "service", "organization", "project", "workspace", "subscription", "region", "deployment", "account"
]
Trigger = Literal["abuse_flag", "csam_screening", "safety_retention", "error_debug", "sampling", "legal_hold"]
When = Literal["all", "images", "files", "audio", "video"]


class Flags(Declared):
    """What happens to content on the routine path. Whatever is not said is unknown, and unknown never passes."""

    stores_prompts: Word = "unknown"
    stores_outputs: Word = "unknown"
    logs_content: Word = "unknown"
    trains_on_content: Word = "unknown"
    human_review: Word = "unknown"
    shares_or_sells: Word = "unknown"


class Leg(Declared):
    """One more party on the way, with flags of its own; the effective fact is the AND over all of them."""

    leg: Literal["gateway", "upstream", "tools"]
    operator: Text | None = None
    flags: Flags


class Isolation(Declared):
    """What keeps one tenant's cached prefix from showing in another's usage: a salt, or switching it off."""

    model_config = ConfigDict(json_schema_extra=one_said("parameter", "off"))

    parameter: Literal["prompt_cache_key", "cache_salt"] | None = None
    off: dict[str, Json] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.parameter is None) == (not self.off):
            kind, message = "isolation", "isolation is {parameter: …} or {off: {parameter: value}}"
            raise PydanticCustomError(kind, message)
        return self


class Cache(Declared):
    """Where prefixes of prompts are kept for re-use, for how long, and how tenants are kept apart."""

    medium: Medium = "unknown"
    max_ttl: Text | None = None
    can_disable: bool = False
    isolation: Isolation | None = None


class ExceptionClause(Declared):
    """What happens to content only on a trigger. `when` says which requests can set it off at all."""

    trigger: Trigger
    when: When = "all"
    max: Text | None = None
    human_review: Word = "unknown"


class DefaultRetention(Declared):
    """What a user gets who arranges nothing: for how long content is kept, and what for."""

    duration: Text
    purposes: list[Text] = Field(default_factory=list)


class Mechanism(Declared):
    """How zero retention is obtained, for whom, and what happens when it cannot be had."""

    kind: MechanismKind
    scope: ScopeKind = "account"
    fail_mode: Literal["closed", "open", "unknown"] = "unknown"
    effective_from: Date | None = None
    how: Text | None = None


class Price(Declared):
    """US dollars for a million tokens."""

    input: Annotated[float | int, Field(ge=0)]
    output: Annotated[float | int, Field(ge=0)] = 0


class Model(Declared):
    """A model that a configuration serves, by its exact id or by a pattern of ids."""

    model_config = ConfigDict(json_schema_extra=one_said("id", "pattern"))

    id: Text | None = None
    pattern: Pattern | None = None
    context: Annotated[int, Field(gt=0)] | None = None
    features: list[Capability] = Field(default_factory=list)
    price: Price | None = None
    origin: Literal["hosted", "proxied", "unknown"] = "hosted"

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if (self.id is None) == (self.pattern is None):
            kind, message = "model", "a model has an `id` or a `pattern`"
            raise PydanticCustomError(kind, message)
        return self


class ExcludedModel(Declared):
    """Models that the configuration does not cover, although its provider serves them."""

    matches: Pattern
    why: Text


def _versions(value: str) -> str:
    fault = False
    try:
        SpecifierSet(value)
    except InvalidSpecifier:
        fault = True
    if fault:
        kind, message = "versions", 'a version range is written like ">=0.10,<1"'
        raise PydanticCustomError(kind, message)
    return value


_VERSIONS: JsonSchema = {"type": "string", "pattern": r"^\s*((~=|===?|!=|<=?|>=?)\s*[^,\s]+\s*(,\s*|$))*$"}


class Engine(Declared):
    """The server software of a self-operated configuration, and how it has to be run.

    llama.cpp's builds are written as plain numbers: build b4000 is version 4000.
    """

    name: Text
    versions: Annotated[str, AfterValidator(_versions), WithJsonSchema(_VERSIONS)]
    required_flags: list[Text] = Field(default_factory=list)
    forbidden_flags: list[Text] = Field(default_factory=list)
    blocked_routes: list[Text] = Field(default_factory=list)


Claim = Literal[
    "stores_prompts",
    "stores_outputs",
    "logs_content",
    "trains_on_content",
    "human_review",
    "shares_or_sells",
    "cache",
    "exceptions",
    "mechanism",
    "conditions",
    "models",
    "hosts",
    "regions",
    "legs",
]


class Evidence(Declared):
    """Where a claim can be read: the page, the place on it, the day, and how sure the reading is.

    `about` names the claims that it carries; left out, it carries the configuration as a whole. An `inference` is
    no reading: its locator says what follows from which other claims (nothing kept, so nothing to review or sell).
    """

    kind: Literal[
        "policy_page",
        "documentation",
        "contract",
        "dpa",
        "terms",
        "source_code",
        "api",
        "inference",
        "secondary",
        "operator",
    ]
    about: list[Claim] = Field(default_factory=list)
    url: Link | None = None
    locator: Text
    observed: Date
    confidence: Literal["high", "medium", "low"]
    digest: Text | None = None


class Conflict(Declared):
    """A source that says otherwise; the weaker claim stands."""

    url: Link | None = None
    says: Text
    observed: Date


def _read_before(evidence: Evidence, info: ValidationInfo) -> Evidence:
    observed = info.data.get("observed")
    if observed is not None and evidence.observed > observed:
        kind, message = "dates", "evidence was observed after the attestation that rests on it"
        raise PydanticCustomError(kind, message)
    return evidence


class Attestation(Declared):
    """A dated, sourced statement that the flags hold. `expires` is its last day."""

    observed: Date
    expires: Date | None = None
    grade: Literal["claimed", "documented"] = "documented"
    evidence: Annotated[list[Annotated[Evidence, AfterValidator(_read_before)]], Field(min_length=1)]
    conflicts: list[Conflict] = Field(default_factory=list)
    reviewed_by: Text | None = None

    @field_validator("expires")
    @classmethod
    def _lapses(cls, expires: dt.date | None, info: ValidationInfo) -> dt.date | None:
        kind, observed = "dates", info.data.get("observed")
        if expires is None or observed is None:
            return expires
        if expires <= observed:
            message = "`expires` must be later than `observed`"
            raise PydanticCustomError(kind, message)
        if expires - observed > LIFETIME:
            message = "an attestation lasts 90 days from `observed` at most: read the evidence again, then renew it"
            raise PydanticCustomError(kind, message)
        return expires
