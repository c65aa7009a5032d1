"""The registry, the accounts and the routes of the simulated world, as the plain values of their files.

The judge reads these values; the code under test gets what it makes of them itself. The world lives around a midnight
at which an attestation expires, a grant lapses and another attestation begins.
"""

from __future__ import annotations

import datetime as dt
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from judge import FLAGS, fingerprint

from zdr_router.config import assemble
from zdr_router.entries import RouteEntry, Tenant
from zdr_router.policy.accounts import Account
from zdr_router.policy.policy import Policy
from zdr_router.registry import Configuration, Provider, Registry, Source

if TYPE_CHECKING:
    from zdr_router.config import Deployment

TODAY = dt.date(2026, 11, 22)
MIDNIGHT = dt.datetime(2026, 11, 23, tzinfo=dt.UTC).timestamp()
"""The end of `TODAY`."""

MODEL = "m"
KEYS = {"alder": "key-of-alder", "birch": "key-of-birch", "elder": "key-of-elder"}
PROOF = {"header": "x-retention", "equals": "none"}


STALENESS = 5.0
"""Seconds for which a worker may go on with what it heard last of trust; what the host's policy says."""


def _day(days: int) -> str:
    return (TODAY + dt.timedelta(days)).isoformat()


def _configuration(name: str, **members: Any) -> dict[str, Any]:
    """A sound configuration, with what is particular about this one."""
    observed, expires = members.pop("observed", -10), members.pop("expires", 30)
    evidence = {"kind": "policy_page", "locator": "§1", "observed": _day(observed), "confidence": "high"}
    return {
        "id": f"{name}/zdr",
        "title": name,
        "mechanism": {"kind": "default", "fail_mode": "closed"},
        "hosts": [f"https://{name}.example/v1"],
        "credentials": {"auth": "bearer" if name in KEYS else "none"},
        "endpoints": ["chat.completions", "embeddings"],
        "regions": ["us"],
        "flags": dict.fromkeys(FLAGS, "no"),
        "cache": {"medium": "none"},
        "models": [{"id": MODEL, "features": ["stream", "tools", "json"], "price": {"input": 1, "output": 2}}],
        "attestation": {"observed": _day(observed), "expires": _day(expires), "evidence": [evidence]},
        **members,
    }


_OWN = {
    "mechanism": {"kind": "self_operated", "fail_mode": "closed"},
    "engine": {"name": "engine", "versions": ">=4000,<9000"},
}
_SETTING = {"mechanism": {"kind": "org_setting", "scope": "organization", "fail_mode": "closed"}}

CONFIGURATIONS = (
    _configuration("alder"),
    _configuration("birch", **_SETTING),
    _configuration("cedar", **_OWN, conditions={"force": [{"set": "store", "to": False}], "response": [PROOF]}),
    _configuration("dogwood", **_OWN, expires=0),
    _configuration("elder", regions=["eu"]),
    _configuration("fir", **_OWN, flags={**dict.fromkeys(FLAGS, "no"), "stores_prompts": "unknown"}),
    _configuration("ginkgo", **_OWN, observed=1, expires=60),
    _configuration("hazel", **_OWN, conditions={"response": [{**PROOF, "preflight": {"get": "/retention"}}]}),
    _configuration("iris", **_OWN),
    _configuration("juniper", **_OWN),
)

PROVING = frozenset({f"cedar/{MODEL}", f"hazel/{MODEL}"})
"""The targets whose answers have to show that nothing is kept."""

PROVIDER_FILES = [
    {
        "schema": 1,
        "provider": {"id": name, "name": name, "legal_entity": name, "country": "US"},
        "configurations": [each],
    }
    for each in CONFIGURATIONS
    for name in [each["id"].partition("/")[0]]
]


def _account(configuration: dict[str, Any]) -> dict[str, Any]:
    name, kind = configuration["id"].partition("/")[0], configuration["mechanism"]["kind"]
    account: dict[str, Any] = {"configuration": configuration["id"]}
    if name in KEYS:
        account["api_key"] = {"env": f"{name.upper()}_KEY"}
    grant = {"basis": kind, "stated_by": "security", "since": _day(-5), "until": _day(20)}
    if kind == "org_setting":
        account["scope"] = {"organization": "ours"}
        bound = fingerprint(name, KEYS[name])
        account["grant"] = {**grant, "until": _day(0), "scope": {"organization": "ours"}, "credential": bound}
    if kind == "self_operated":
        account["grant"] = grant
    return account


def _targets(names: str) -> list[str]:
    return [f"{name}/{MODEL}" for name in names.split()]


OPERATOR: dict[str, Any] = {
    "policy": {"minimum_grade": "documented", "max_revocation_staleness": "5s"},
    "accounts": {each["id"].partition("/")[0]: _account(each) for each in CONFIGURATIONS},
    "tenants": {
        "north": {"policy": {"minimum_grade": "documented"}, "accounts": ["elder"]},
        "south": {"policy": {"minimum_grade": "contracted"}, "accounts": []},
    },
    "routes": {
        "three": {
            "targets": _targets("alder iris juniper"),
            "timeout": "60s",
            "attempt_timeout": "6s",
            "first_chunk_timeout": "6s",
        },
        "steady": {"targets": _targets("alder cedar iris"), "timeout": "30s", "max_attempts": 2},
        "wide": {"targets": _targets("fir dogwood birch ginkgo alder cedar hazel"), "timeout": "20s"},
        "quickest": {"targets": _targets("cedar hazel iris alder"), "timeout": "15s", "strategy": "fastest"},
        "spread": {"targets": _targets("iris birch dogwood alder"), "timeout": "15s", "strategy": "least_loaded"},
        "tenants": {"targets": _targets("elder alder iris"), "timeout": "10s", "max_attempts": 2},
        "patient": {
            "targets": _targets("hazel alder"),
            "timeout": "30s",
            "attempt_timeout": "4s",
            "first_chunk_timeout": "3s",
            "chunk_timeout": "2s",
            "fallbacks": ["steady"],
            "larger_context": ["spread"],
        },
        "hedged": {"targets": _targets("alder cedar iris"), "timeout": "20s", "hedge_after": "1s"},
    },
}

ROUTES: dict[str, dict[str, Any]] = OPERATOR["routes"]


def deployment() -> Deployment:
    """What the code under test makes of these values."""
    providers = {file["provider"]["id"]: Provider.model_validate(file["provider"]) for file in PROVIDER_FILES}
    made = [Configuration.model_validate(each) for each in CONFIGURATIONS]
    registry = Registry(
        providers=MappingProxyType(providers),
        configurations=MappingProxyType({each.id: each for each in made}),
        sources=MappingProxyType({each.id: Source("providers.yaml", {"": 1}) for each in made}),
        unsafe=MappingProxyType({}),
    )
    return assemble(
        registry=registry,
        policy=Policy.model_validate(OPERATOR["policy"]),
        accounts={name: Account.model_validate(each) for name, each in OPERATOR["accounts"].items()},
        routes={name: RouteEntry.model_validate(each) for name, each in ROUTES.items()},
        tenants={name: Tenant.model_validate(each) for name, each in OPERATOR["tenants"].items()},
        environ={f"{name.upper()}_KEY": key for name, key in KEYS.items()},
    )
