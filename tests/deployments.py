"""Builds small deployments in memory: configurations, registries and routers over upstreams of a test.

Their routes do not retry, so that a test says how often a target is asked; one about retries says so.
"""

from __future__ import annotations

import atexit
import datetime as dt
import functools
import tempfile
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import certifi

from zdr_router import Account, AsyncRouter, Grant, Policy, Registry, RouteEntry
from zdr_router.policy.clearance import Clearance
from zdr_router.policy.clearing import Clearing
from zdr_router.policy.request import Request
from zdr_router.policy.trust import Trust
from zdr_router.registry import Configuration, Provider, Source
from zdr_router.sealed import Sealed
from zdr_router.transport.settings import TransportSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from upstream import Upstream

    from zdr_router import Router, Tenant
    from zdr_router.policy.accounts import SecretSource
    from zdr_router.policy.target import Target

TODAY = dt.datetime.now(dt.UTC).date()
SAYING = ({"role": "user", "content": "hello"},)
LLAMA = "llama-cpp/self-operated"
NO_FLAGS = dict.fromkeys(
    ("stores_prompts", "stores_outputs", "logs_content", "trains_on_content", "human_review", "shares_or_sells"), "no"
)


def grant(**members: Any) -> Grant:
    dates = {"since": TODAY, "until": TODAY + dt.timedelta(30)}
    return Grant(**{"basis": "self_operated", "stated_by": "tests", **dates, **members})


def local(url: str, **members: Any) -> Account:
    """An account for a self-operated llama.cpp at `url`."""
    return Account(**{"configuration": LLAMA, "base_url": url, "grant": grant(), **members})


def configuration(name: str = "acme/zdr", hosts: Sequence[str] = ("http://127.0.0.1:9/v1",), **members: Any) -> Any:
    """A configuration of a provider that keeps nothing, with the changes that a test is about."""
    declared: dict[str, Any] = {
        "id": name,
        "title": "An API that keeps nothing",
        "mechanism": {"kind": "default", "fail_mode": "closed"},
        "hosts": list(hosts),
        "credentials": {"auth": "none"},
        "endpoints": ["chat.completions", "embeddings"],
        "regions": ["us"],
        "flags": NO_FLAGS,
        "cache": {"medium": "none"},
        "models": [{"pattern": ".", "features": ["stream", "tools", "json", "images", "logprobs", "reasoning"]}],
        "attestation": {
            "observed": TODAY.isoformat(),
            "expires": (TODAY + dt.timedelta(30)).isoformat(),
            "evidence": [{"kind": "policy_page", "locator": "§1", "observed": TODAY.isoformat(), "confidence": "high"}],
        },
    }
    return Configuration.model_validate({**declared, **members})


def registry(*configurations: Configuration) -> Registry:
    """A registry of these alone."""
    names = {each.provider for each in configurations}
    providers = {
        name: Provider(id=name, name=name.title(), legal_entity=f"{name.title()}, Inc.", country="US")
        for name in sorted(names)
    }
    return Registry(
        providers=MappingProxyType(providers),
        configurations=MappingProxyType({each.id: each for each in configurations}),
        sources=MappingProxyType({each.id: Source("acme.yaml", {"": 1}) for each in configurations}),
        unsafe=MappingProxyType({}),
    )


@functools.cache
def one_authority() -> TransportSettings:
    """A trust store of one certificate: to read them all takes longer than most tests."""
    bundle = Path(certifi.where()).read_text(encoding="ascii")
    end = "-----END CERTIFICATE-----\n"
    with tempfile.NamedTemporaryFile("w", suffix=".pem", delete=False) as file:
        file.write(bundle[: bundle.index(end)] + end)
    atexit.register(Path(file.name).unlink)
    return TransportSettings(ca_file=file.name)


@functools.cache
def shipped() -> Registry:
    """The shipped registry, read once: it never changes."""
    return Registry.shipped()


def parts(*upstreams: Upstream | str, timeout: str = "10s", **entry: Any) -> dict[str, Any]:
    """Accounts `a`, `b`, … on self-operated servers, and the route `chat` over a model `m` of each."""
    accounts = {
        name: local(each if isinstance(each, str) else each.url)
        for name, each in zip("abcdefgh", upstreams, strict=False)
    }
    route: dict[str, Any] = {"targets": [f"{name}/m" for name in accounts], "timeout": timeout, "retries": 0, **entry}
    return {
        "registry": shipped(),
        "transport": one_authority(),
        "policy": Policy(minimum_grade="contracted", cache="host_memory"),
        "accounts": accounts,
        "routes": {"chat": RouteEntry(**route)},
    }


def router(
    *upstreams: Upstream | str, timeout: str = "10s", recorders: Sequence[Any] = (), **entry: Any
) -> AsyncRouter:
    return AsyncRouter(**parts(*upstreams, timeout=timeout, **entry), recorders=recorders)


def acme(
    configurations: Sequence[Configuration],
    *,
    policy: Policy | None = None,
    tenants: Mapping[str, Tenant] | None = None,
    kind: type[AsyncRouter | Router] = AsyncRouter,
    api_key: SecretSource | None = None,
    **members: Any,
) -> Any:
    """A router with one account for each configuration (`a`, `b`, …), and the route `chat` over `m` of each."""
    accounts = {
        name: Account(
            configuration=each.id, base_url=each.hosts[0], api_key=None if each.credentials.auth == "none" else api_key
        )
        for name, each in zip("abcdefgh", configurations, strict=False)
    }
    return kind(
        registry=registry(*{each.id: each for each in configurations}.values()),
        policy=policy or Policy(minimum_grade="documented"),
        accounts=accounts,
        routes={"chat": RouteEntry(targets=[f"{name}/m" for name in accounts], retries=0)},
        tenants=tenants,
        transport=one_authority(),
        **members,
    )


def targets(count: int, **members: Any) -> tuple[Target, ...]:
    """Targets `a/m`, `b/m`, … of one route."""
    made = acme([configuration(f"acme/{name}", **members) for name in "abcdefgh"[:count]])
    return made.deployment.routes["chat"].targets


def clearances(count: int) -> tuple[Clearance, ...]:
    """Clearances of that many targets for one request."""
    return tuple(clear(target) for target in targets(count))


def clear(target: Target, **body: object) -> Clearance:
    request = Request.of("chat.completions", Sealed({"model": "chat", "messages": list(SAYING), **body}))
    clearing = Clearing(dialects=frozenset({"openai"}), salt_key=bytes(32))
    policy = Policy(minimum_grade="documented").complete()
    now = dt.datetime.now(dt.UTC).timestamp()
    result = clearing.clear(target, request, policy, Trust(), now)
    if not isinstance(result, Clearance):
        raise AssertionError(result)  # noqa: TRY004 - the test is wrong
    return result
