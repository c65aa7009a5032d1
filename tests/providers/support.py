"""Clears targets of the shipped registry, as an operator who states every grant that a configuration asks for."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any, Final

from zdr_router.policy.accounts import Account, Grant, fingerprint
from zdr_router.policy.clearance import Clearance
from zdr_router.policy.clearing import Clearing
from zdr_router.policy.conditions import compile_conditions
from zdr_router.policy.grants import NAMED_SCOPES
from zdr_router.policy.policy import Policy
from zdr_router.policy.request import Request
from zdr_router.policy.target import exclusion, find_model, make_target
from zdr_router.policy.trust import Trust
from zdr_router.registry import Registry
from zdr_router.registry.ladders import FLAGS
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.metadata import Refusal
    from zdr_router.registry import Configuration

REGISTRY: Final = Registry.shipped()
CONFIGURATIONS: Final = REGISTRY.configurations
DAY: Final = max(each.attestation.observed for each in CONFIGURATIONS.values())
NOON: Final = dt.datetime.combine(DAY, dt.time(12), tzinfo=dt.UTC).timestamp()
"""Of the day on which the last of the registry was read."""

SPEAKS_EVERYTHING: Final = frozenset(each.dialect for each in CONFIGURATIONS.values())
"""Which formats a build speaks is no fact about a provider."""

WITHOUT_GRANT: Final = frozenset({"default", "request_parameter"})
ACCEPTING: Final = Policy(
    minimum_grade="claimed",
    cache="disk",
    tolerate=["abuse_flag", "csam_screening", "safety_retention", "error_debug", "sampling", "legal_hold"],
    human_review_within_exceptions=True,
)
"""Accepts whatever can be accepted, so that what is refused under it is refused by the facts alone."""

KEY: Final = "a key of the operator's"
NOWHERE: Final = ""
"""As `base_url`: the account names no address."""

_SAYING: Final = {"messages": [{"role": "user", "content": "hello"}]}
_PLACES: Final = {"region": "eu-west-1", "location": "eu-west-1"}


def decided(  # noqa: PLR0913 - what a verdict depends on
    name: str,
    model: str,
    *,
    endpoint: str | None = None,
    body: Mapping[str, object] | None = None,
    base_url: str | None = None,
    granted: bool = True,
    scope: Mapping[str, str] | None = None,
    grant_scope: Mapping[str, str] | None = None,
    engine_version: str | None = None,
    shared: bool = False,
    **demands: Any,
) -> Clearance | tuple[Refusal, ...]:
    """What becomes of a request; `demands` are fields of a policy, which tighten `ACCEPTING`.

    Unless told otherwise the request is for the first endpoint, and the account names an address and holds the grant
    that the configuration asks for, for the scope that it asks for.
    """
    configuration = CONFIGURATIONS[name]
    mechanism = configuration.mechanism
    if scope is None:
        scope = {mechanism.scope: "ours"} if mechanism.scope in NAMED_SCOPES else {}
    grant = Grant(
        basis=mechanism.kind,
        stated_by="tests",
        since=DAY,
        until=DAY,
        scope=dict(scope if grant_scope is None else grant_scope),
        credential=fingerprint("ours", KEY),
    )
    account = Account(
        configuration=name,
        base_url=(address(configuration) if base_url is None else base_url) or None,
        scope=dict(scope),
        grant=grant if granted and mechanism.kind not in WITHOUT_GRANT else None,
        engine_version=engine_version,
    )
    target = make_target(
        account_name="ours",
        account=account,
        configuration=configuration,
        model=model,
        country=REGISTRY.providers[configuration.provider].country,
        tenant=None,
        shared=shared,
        credential=Sealed(KEY),
        digest=REGISTRY.digests[name],
        source=REGISTRY.sources[name],
        rules=compile_conditions(configuration.conditions),
    )
    asked = endpoint or configuration.endpoints[0]
    said = _SAYING if asked == "chat.completions" else {"input": "hello"}
    request = Request.of(asked, Sealed({"model": model, **said, **(body or {})}))
    clearing = Clearing(dialects=SPEAKS_EVERYTHING, salt_key=bytes(32))
    policy = ACCEPTING & Policy(**demands) if demands else ACCEPTING
    return clearing.clear(target, request, policy.complete(), Trust(), NOON)


def refused(name: str, model: str, **how: Any) -> frozenset[str]:
    """The ids of the rules that refuse; none when it clears."""
    found = decided(name, model, **how)
    return frozenset() if isinstance(found, Clearance) else frozenset(each.id for each in found)


def cleared(name: str, model: str, **how: Any) -> Clearance:
    """The clearance of a request that has to be cleared."""
    found = decided(name, model, **how)
    assert isinstance(found, Clearance), found
    return found


def address(configuration: Configuration) -> str:
    """The first host with its placeholders filled in, or that of a server of one's own."""
    host = configuration.hosts[0] if configuration.hosts else "http://127.0.0.1:8000/v1"
    return re.sub(r"\{(\w+)\}", lambda match: _PLACES.get(match[1], "example"), host)


def clean(name: str) -> bool:
    """Whether every flag of every party is no."""
    configuration = CONFIGURATIONS[name]
    parties = [configuration.flags, *(leg.flags for leg in configuration.legs)]
    return all(getattr(flags, flag) == "no" for flags in parties for flag in FLAGS)


def serves(name: str, model: str) -> bool:
    """Whether the configuration lists `model` and does not exclude it."""
    configuration = CONFIGURATIONS[name]
    return find_model(configuration, model) is not None and exclusion(configuration, model) is None


def forbids(name: str, body: dict[str, object]) -> bool:
    """Whether a body, as it leaves, breaks one of the configuration's conditions."""
    return any(check.fails(body) for check in compile_conditions(CONFIGURATIONS[name].conditions).checks)


def accepts(name: str, headers: Mapping[str, str]) -> bool:
    """Whether an answer with these headers shows what it has to."""
    return all(each.holds(headers, {}) for each in compile_conditions(CONFIGURATIONS[name].conditions).response)


def shows_beforehand(name: str, path: str, headers: Mapping[str, str]) -> bool:
    """Whether an answer at `path` with these headers, and nothing else, lets content leave."""
    expected = compile_conditions(CONFIGURATIONS[name].conditions).preflight
    return list(expected) == [path] and all(each.holds(headers, {}) for each in expected[path])


def of(*providers: str) -> list[str]:
    """The ids of all configurations of these providers."""
    return [name for name, each in CONFIGURATIONS.items() if each.provider in providers]


def carried(name: str) -> set[str]:
    """The claims that evidence of the provider's own carries: neither secondary nor read with low confidence."""
    evidence = CONFIGURATIONS[name].attestation.evidence
    return {claim for each in evidence if each.kind != "secondary" and each.confidence != "low" for claim in each.about}
