"""What a host over HTTP takes, and where it listens: sizes in bytes, durations in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from zdr_router.sealed import Sealed

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""What the `Host` of a request on loopback is. Another one is a web page that has had its name pointed there."""


@dataclass(frozen=True, slots=True)
class HopSettings:
    """What the hop between a caller and the gateway is held to.

    `body` is the largest body, `nesting` how deep its JSON may go, `body_within` how long it may take to arrive.
    `hosts` are the only names that it answers to, None for any, and `origins` pages of other sites that may call it.
    `models` says whether callers are told which model of which configuration answered. `metrics_key` opens `/metrics`,
    which does not exist without it. `tls` says that callers speak TLS to it, so that browsers are told to insist on
    that.
    """

    body: int = 20 << 20
    nesting: int = 64
    body_within: float = 30.0
    hosts: frozenset[str] | None = None
    origins: frozenset[str] = frozenset()
    models: bool = False
    metrics_key: Sealed[str] | None = None
    tls: bool = False


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files in PEM: a chain, and its private key."""

    chain: Path
    key: Path


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Where `/metrics` is, apart from the rest, and who may read it: whoever has `key`, or this machine."""

    host: str
    port: int
    key: Sealed[str] | None = None


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """Where `zdr serve` listens, and how it ends.

    `head` is the largest head of a request, `head_within` how long that may take to arrive, and `write_within` how long
    a caller may take nothing of its answer. After SIGTERM the server is not ready any more, goes on for `notice`, takes
    no new connection then, and ends what is still under way after `drain`. `proxies` are the addresses whose
    `X-Forwarded-For` is believed. Without keys (`is_open`) anybody who reaches it is served. `unsafe_cleartext`: beyond
    loopback it may do without TLS. `mcp`: the MCP server is beside it. `metrics` is where the counts are, if that is an
    address of its own. `page` is what the trust page at `/` calls the service, None for no page. `source` is file:line,
    for errors.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    is_open: bool = False
    certificate: Certificate | None = None
    unsafe_cleartext: bool = False
    workers: int = 1
    head: int = 16 << 10
    head_within: float = 10.0
    write_within: float = 30.0
    notice: float = 0.0
    drain: float = 30.0
    proxies: tuple[str, ...] = ()
    page: str | None = None
    mcp: bool = False
    metrics: MetricsSettings | None = None
    hop: HopSettings = field(default_factory=HopSettings)
    source: str = ""


@dataclass(frozen=True, slots=True)
class Alone:
    """The MCP server is all that is served, at `listen`. Where no keys are asked for, calls are this tenant's."""

    listen: str
    tenant: str | None = None
    customer: str | None = None
