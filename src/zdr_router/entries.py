"""What an operator writes in `zdr.yaml`: one closed model for each part of it."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from zdr_router.policy.accounts import Account
from zdr_router.policy.calendar import DAY
from zdr_router.policy.policy import Policy
from zdr_router.policy.secrets import SecretSource
from zdr_router.records.store.settings import WhenFull
from zdr_router.registry.base import Declared, Duration, Identifier, Text, one_said
from zdr_router.registry.configuration import Schema
from zdr_router.routing.settings import ProbeMethod
from zdr_router.routing.strategy import LatencyMeasure, StrategyName

_CENTURY: Final = 36_525 * DAY


class WeightedTarget(Declared):
    """A target and its share under the strategy `weighted`."""

    target: Text
    weight: Annotated[float | int, Field(ge=0)]


class RouteEntry(Declared):
    """A name that callers ask for. A target is written `account/model`.

    `timeout` bounds the request with all its attempts; the others bound one attempt: `attempt_timeout` a whole answer,
    `first_chunk_timeout` the wait for the first content of a stream, `chunk_timeout` the wait for the next piece.
    `retries` are further tries at the same target. `hedge_after` starts a second target when the first is silent for
    that long. `fallbacks` are routes whose targets are tried after this one's, `larger_context` those that are tried
    once a target has found the request too long.
    """

    targets: Annotated[list[Text | WeightedTarget], Field(min_length=1)]
    strategy: StrategyName = "in_order"
    fastest_by: LatencyMeasure = "mean"
    timeout: Duration = 60.0
    attempt_timeout: Duration | None = None
    first_chunk_timeout: Duration | None = None
    chunk_timeout: Duration | None = None
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 6
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    hedge_after: Duration | None = None
    fallbacks: list[Identifier] = Field(default_factory=list)
    larger_context: list[Identifier] = Field(default_factory=list)


class Tenant(Declared):
    """Whose requests these are: a policy that tightens the host's, and accounts that nobody else reaches."""

    policy: Policy | None = None
    accounts: list[Identifier] = Field(default_factory=list)


class RegistrySources(Declared):
    """Provider files and overlays beside the shipped registry; paths are relative to the file that names them."""

    shipped: bool = True
    providers: list[Text] = Field(default_factory=list)
    overlays: list[Text] = Field(default_factory=list)


class TransportEntry(Declared):
    """The trust store (a PEM file) and the proxy; the environment is never asked for either."""

    ca_file: Text | None = None
    proxy: Text | None = None


class ProbeEntry(Declared):
    """Looks at targets that nobody uses for the moment, `every` so often.

    `connect` opens a connection, `models` asks for the list of models: neither carries content, and neither is billed.
    `completion` asks the model to answer a fixed word, which is billed.
    """

    every: Duration = 30.0
    by: ProbeMethod = "connect"


class HealthEntry(Declared):
    """When a target is given a rest, and for how long."""

    window: Duration = 30.0
    failure_ratio: Annotated[float | int, Field(gt=0, le=1)] = 0.5
    minimum_throughput: Annotated[int, Field(ge=1)] = 10
    consecutive_failures: Annotated[int, Field(ge=1)] = 5
    eject_for: Duration = 5.0
    longest_ejection: Duration = 300.0
    longest_throttle: Duration = 300.0
    retry_share: Annotated[float | int, Field(ge=0, le=1)] = 0.2
    probe: ProbeEntry | None = None


class RedisEntry(Declared):
    """A Redis or Valkey server. The address names no credentials; keys begin with `prefix`."""

    url: Annotated[str, StringConstraints(pattern=r"^rediss?://[^\s/@]+(/[0-9]{1,4})?$")]
    username: Text | None = None
    password: SecretSource | None = None
    ca_file: Text | None = None
    prefix: Identifier = "zdr"


class TrustEntry(Declared):
    """Where revocations are kept: a file, or Redis for a fleet. It has to exist: `zdr trust init` makes it."""

    model_config = ConfigDict(json_schema_extra=one_said("file", "redis"))

    file: Text | None = None
    redis: RedisEntry | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.file is None) == (self.redis is None):
            kind, message = "trust", "trust is kept in {file: PATH} or in {redis: {url: ...}}"
            raise PydanticCustomError(kind, message)
        return self


class SharedHealth(Declared):
    """Where health is shared by a fleet."""

    redis: RedisEntry


class StateEntry(Declared):
    """What several processes share. Without it, health and trust are kept in memory for as long as the process runs."""

    trust: TrustEntry | None = None
    health: SharedHealth | None = None


class TelemetryEntry(Declared):
    """Whether OpenTelemetry is told of requests, through the providers that the process has set; never of content."""

    otel: bool = False


class ReceiptsEntry(Declared):
    """Receipts: signed with `key` (a private Ed25519 key in PEM), kept in `directory`, which is relative to this file.

    A batch is sealed after `seal_every`, or once it holds `seal_at` records.
    """

    directory: Text
    key: SecretSource
    seal_every: Duration = 60.0
    seal_at: Annotated[int, Field(ge=1, le=100_000)] = 1000


class PostgresEntry(Declared):
    """A PostgreSQL server. The address names no credentials; tables are kept in the schema `namespace`.

    Beyond loopback it speaks TLS, unless `private_network` says that the network between is your own.
    """

    url: Annotated[str, StringConstraints(pattern=r"^postgresql://[^\s/@?#]+/[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$")]
    username: Text
    password: SecretSource | None = None
    ca_file: Text | None = None
    private_network: bool = False
    namespace: Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,62}$")] = "zdr"


class StoreEntry(Declared):
    """Where records or keys are kept: a file of SQLite, which is made when it is missing, or PostgreSQL for a fleet."""

    model_config = ConfigDict(json_schema_extra=one_said("file", "postgresql"))

    file: Text | None = None
    postgresql: PostgresEntry | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.file is None) == (self.postgresql is None):
            kind, message = "store", "a store is {file: PATH} or {postgresql: {url: ..., username: ...}}"
            raise PydanticCustomError(kind, message)
        return self


class RecordsEntry(Declared):
    """The operational record of requests, kept for `keep`, and the incident index, kept for `incidents`.

    What is older is deleted. `when_full` says what becomes of requests while records cannot be written and no more of
    them can be held in memory: they are refused, or served and not recorded.
    """

    store: StoreEntry
    keep: Annotated[Duration, Field(ge=3600, le=_CENTURY)] = 90 * DAY
    incidents: Annotated[Duration, Field(ge=DAY, le=_CENTURY)] = 400 * DAY
    when_full: WhenFull = "refuse"
    hold: Annotated[int, Field(ge=100, le=10_000_000)] = 50_000


class SharedCounters(Declared):
    """Where a fleet counts what each key asks for."""

    redis: RedisEntry


class KeysEntry(Declared):
    """The API keys of a host's callers. `pepper` is a secret of 32 characters or more, which hashes are keyed with.

    Limits are counted in `counters`, or in each process by itself. After `stale_after` without a word from `store` no
    key is taken any more, since one of them may have been revoked.
    """

    store: StoreEntry
    pepper: SecretSource
    counters: SharedCounters | None = None
    stale_after: Annotated[Duration, Field(ge=2)] = 60.0


class CertificateEntry(Declared):
    """What a server shows its callers: files in PEM, relative to this file, read again when they change."""

    certificate: Text
    key: Text


class GatewayLimits(Declared):
    """How much of a request is taken: bytes of its head and body, levels of its JSON, and how long each may take.

    Within `write_within` a caller has to take something of its answer.
    """

    head: Annotated[int, Field(ge=1024, le=1 << 20)] = 16 << 10
    body: Annotated[int, Field(ge=1024, le=1 << 30)] = 20 << 20
    nesting: Annotated[int, Field(ge=8, le=200)] = 64
    head_within: Annotated[Duration, Field(gt=0)] = 10.0
    body_within: Annotated[Duration, Field(gt=0)] = 30.0
    write_within: Annotated[Duration, Field(gt=0)] = 30.0


Address = Annotated[str, StringConstraints(pattern=r"^(\[[0-9a-fA-F:.]+\]|[^\s:\[\]]+):[0-9]{1,5}$")]
"""HOST:PORT."""


class GatewayEntry(Declared):
    """What `zdr serve` is: where it listens, who may ask, and how it ends.

    `keys: none` lets everybody in, on loopback only; otherwise the keys of the section `keys` are asked for. Beyond
    loopback it speaks TLS, unless `unsafe_cleartext` says that something before it does. `hosts` are the only names it
    answers to, and `origins` pages of other sites that may call it. With `mcp` there is the MCP server at `/mcp`.
    `metrics_key` opens `/metrics`; `metrics` is an address of its own for that, which on loopback needs no key.
    `show_models` tells callers which model answered. After SIGTERM it goes on for `notice`, and ends what is still
    under way after `drain`. At `/` it shows the trust page, on which it is called `service`, unless `page` is false.
    """

    listen: Address = "127.0.0.1:8080"
    keys: Literal["none"] | None = None
    tls: CertificateEntry | None = None
    unsafe_cleartext: bool = False
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    hosts: list[Text] | None = None
    origins: list[Annotated[str, StringConstraints(pattern=r"^https?://[^\s/*]+$")]] = Field(default_factory=list)
    mcp: bool = False
    proxies: list[Text] = Field(default_factory=list)
    metrics: Address | None = None
    metrics_key: SecretSource | None = None
    show_models: bool = False
    page: bool = True
    service: Text = "This service"
    limits: GatewayLimits = GatewayLimits()
    notice: Duration = 0.0
    drain: Duration = 30.0


class ConfigFile(Declared):
    """The operator's file.

    `salt` is a secret of 16 characters or more, which keeps tenants' caches apart and makes pseudonyms of identifiers.
    Without it, each process makes up its own.
    """

    schema_: Annotated[Schema, Field(alias="schema")] = 1
    registry: RegistrySources = RegistrySources()
    policy: Policy
    accounts: dict[Identifier, Account]
    tenants: dict[Identifier, Tenant] = Field(default_factory=dict)
    routes: Annotated[dict[Identifier, RouteEntry], Field(min_length=1)]
    transport: TransportEntry = TransportEntry()
    health: HealthEntry = HealthEntry()
    state: StateEntry = StateEntry()
    telemetry: TelemetryEntry = TelemetryEntry()
    salt: SecretSource | None = None
    receipts: ReceiptsEntry | None = None
    records: RecordsEntry | None = None
    keys: KeysEntry | None = None
    gateway: GatewayEntry = GatewayEntry()
