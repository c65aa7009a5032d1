"""Clears targets of the shipped registry, as an operator who states every grant that a configuration asks for."""

from __future__ import annotations

import datetime as dt
from typing import Any

from zdr_router.policy.accounts import Account, fingerprint
from zdr_router.policy.clearance import Clearance
from zdr_router.policy.clearing import Clearing
from zdr_router.policy.conditions import compile_conditions
from zdr_router.policy.policy import Policy
from zdr_router.policy.request import Request
from zdr_router.policy.target import exclusion, find_model, make_target
from zdr_router.policy.trust import Trust
from zdr_router.registry import Registry
from zdr_router.registry.ladders import FLAGS
from zdr_router.sealed import Sealed

REGISTRY = Registry.shipped()
CONFIGURATIONS = REGISTRY.configurations
NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC).timestamp()
KEY = "a key of the operator's"
WITHOUT_GRANT = ("default", "request_parameter")

ACCEPTING = {
    "minimum_grade": "claimed",
    "cache": "host_memory",
    "tolerate": ["abuse_flag", "csam_screening", "safety_retention", "error_debug", "sampling", "legal_hold"],
    "human_review_within_exceptions": True,
}
"""A policy that accepts whatever can be accepted, so that what is refused is refused by the facts alone."""


def verdict(name: str, model: str, **changes: Any) -> Clearance | tuple[str, ...]:
    """What becomes of a request to `model` under configuration `name`: a clearance, or the ids of the refusals.

    `changes`: policy, grant (False for none), body, base_url, engine_version, shared.
    """
    configuration = CONFIGURATIONS[name]
    kind = configuration.mechanism.kind
    raw: dict[str, Any] = {"configuration": name, "engine_version": changes.get("engine_version")}
    raw["api_key"] = {"env": "SOME_KEY"}
    base_url = changes.get("base_url") or _address(name)
    if base_url is not None:
        raw["base_url"] = base_url
    if kind not in WITHOUT_GRANT and changes.get("grant", True):
        scope = {configuration.mechanism.scope: "one"}
        raw["scope"] = scope
        raw["grant"] = {
            "basis": kind,
            "stated_by": "a test",
            "since": "2026-11-22",
            "until": "2026-12-20",
            "scope": scope,
            "credential": fingerprint("main", KEY),
        }
    target = make_target(
        account_name="main",
        account=Account.model_validate(raw),
        configuration=configuration,
        model=model,
        country=REGISTRY.providers[configuration.provider].country,
        tenant=None,
        shared=changes.get("shared", False),
        credential=Sealed(KEY),
        digest="sha256:0",
        source=REGISTRY.sources[name],
        rules=compile_conditions(configuration.conditions),
    )
    body = {"messages": [{"role": "user", "content": "hello"}]}
    if configuration.endpoints[0] != "chat.completions":
        body = {"input": "hello"}
    request = Request.of(configuration.endpoints[0], Sealed({**body, **changes.get("body", {})}), None)
    clearing = Clearing(dialects=frozenset({"openai"}), salt_key=bytes(16))
    policy = Policy.model_validate({**ACCEPTING, **changes.get("policy", {})}).complete()
    found = clearing.clear(target, request, policy, Trust(), NOW)
    return found if isinstance(found, Clearance) else tuple(sorted({refusal.id for refusal in found}))


def _address(name: str) -> str | None:
    """The address that the account has to give: one of several, or that of a server of one's own."""
    hosts = CONFIGURATIONS[name].hosts
    if not hosts:
        return "http://127.0.0.1:8000/v1"
    return hosts[0].replace("{", "").replace("}", "") if len(hosts) > 1 or "{" in hosts[0] else None


def clears(name: str, model: str, **changes: Any) -> bool:
    """Whether a request to `model` clears."""
    return isinstance(verdict(name, model, **changes), Clearance)


def keeps_nothing(name: str) -> bool:
    """Whether every flag of every party is no."""
    configuration = CONFIGURATIONS[name]
    parties = [configuration.flags, *(leg.flags for leg in configuration.legs)]
    return all(getattr(flags, flag) == "no" for flags in parties for flag in FLAGS)


def serves(name: str, model: str) -> bool:
    """Whether the configuration lists `model` and does not exclude it."""
    configuration = CONFIGURATIONS[name]
    return find_model(configuration, model) is not None and exclusion(configuration, model) is None


def of(*providers: str) -> list[str]:
    """The ids of all configurations of these providers."""
    return [name for name, each in CONFIGURATIONS.items() if each.provider in providers]


def carried(name: str) -> set[str]:
    """The claims that evidence of the provider's own carries: neither secondary nor read with low confidence."""
    evidence = CONFIGURATIONS[name].attestation.evidence
    return {claim for each in evidence if each.kind != "secondary" and each.confidence != "low" for claim in each.about}
