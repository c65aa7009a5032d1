"""Asks the shipped registry for verdicts: may this configuration serve this request under that policy?"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final

from zdr_router.policy.accounts import Account, Grant, fingerprint
from zdr_router.policy.clearance import Clearance
from zdr_router.policy.clearing import Clearing
from zdr_router.policy.conditions import compile_conditions
from zdr_router.policy.grants import NAMED_SCOPES
from zdr_router.policy.policy import Policy
from zdr_router.policy.request import Request
from zdr_router.policy.target import make_target
from zdr_router.policy.trust import Trust
from zdr_router.registry import Registry
from zdr_router.registry.ladders import FLAGS
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.registry import Configuration

REGISTRY: Final = Registry.shipped()
CONFIGURATIONS: Final = REGISTRY.configurations
NOW: Final = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC).timestamp()
"""Between the day on which the registry was read and the first day on which one of these files lapses."""

SPEAKS_EVERYTHING: Final = frozenset(each.dialect for each in CONFIGURATIONS.values())
NOT_OF_THE_DATA: Final = "ZDR705"
"""Which formats and credentials a build knows is no fact about a provider."""

GENEROUS: Final = Policy(
    minimum_grade="documented",
    cache="local_encrypted",
    tolerate=["abuse_flag", "csam_screening", "safety_retention", "error_debug", "sampling", "legal_hold"],
    human_review_within_exceptions=True,
)
"""Whatever it refuses, every policy refuses."""

_SAYING: Final = {
    "chat.completions": {"messages": [{"role": "user", "content": "hello"}]},
    "responses": {"input": "hello"},
    "embeddings": {"input": "hello"},
}
_PLACES: Final = {"region": "eu-west-1", "location": "eu-west-1"}


def host_of(configuration: Configuration, **places: str) -> str:
    """The first host, its placeholders filled in."""
    return re.sub(r"\{(\w+)\}", lambda match: {**_PLACES, **places}.get(match[1], "example"), configuration.hosts[0])


def verdict(  # noqa: PLR0913 - what a verdict depends on
    name: str,
    model: str,
    *,
    policy: Policy = GENEROUS,
    endpoint: str = "chat.completions",
    base_url: str | None = None,
    grant_scope: Mapping[str, str] | None = None,
    granted: bool = True,
    tenants: int = 1,
    **body: object,
) -> frozenset[str]:
    """The ids of the refusals for one request; none when it is cleared.

    The account holds the grant that its configuration asks for, for the scope that it asks for, unless told otherwise.
    """
    configuration = CONFIGURATIONS[name]
    kind = configuration.mechanism.scope
    scope = {kind: "ours"} if kind in NAMED_SCOPES else {}
    grant = Grant(
        basis=configuration.mechanism.kind,
        stated_by="tests",
        since=dt.date(2026, 11, 22),
        until=dt.date(2027, 2, 1),
        scope=scope if grant_scope is None else dict(grant_scope),
        credential=fingerprint("ours", "a key"),
    )
    account = Account(
        configuration=name,
        base_url=base_url or host_of(configuration),
        scope=scope,
        grant=grant if granted and configuration.mechanism.kind != "default" else None,
    )
    target = make_target(
        account_name="ours",
        account=account,
        configuration=configuration,
        model=model,
        country=REGISTRY.providers[configuration.provider].country,
        tenant=None,
        shared=tenants > 1,
        credential=Sealed("a key"),
        digest=REGISTRY.digests[name],
        source=REGISTRY.sources[name],
        rules=compile_conditions(configuration.conditions),
    )
    request = Request.of(endpoint, Sealed({"model": "chat", **_SAYING[endpoint], **body}))
    clearing = Clearing(dialects=SPEAKS_EVERYTHING, salt_key=bytes(32))
    answer = clearing.clear(target, request, policy.complete(), Trust(), NOW)
    return frozenset() if isinstance(answer, Clearance) else frozenset(each.id for each in answer) - {NOT_OF_THE_DATA}


def clean(name: str) -> bool:
    """Whether every flag of every party is no."""
    configuration = CONFIGURATIONS[name]
    parties = [configuration.flags, *(leg.flags for leg in configuration.legs)]
    return all(getattr(flags, flag) == "no" for flags in parties for flag in FLAGS)


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
