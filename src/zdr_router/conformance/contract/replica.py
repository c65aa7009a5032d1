"""The kit's own copy of a deployment, in which a server of the kit stands in the place of a target's host.

What the request and the answer must look like stays as it is declared: dialect, path, endpoints, conditions, the
model's capabilities, how the prompt cache is switched off or kept apart. What says whether the target may be used at
all is set aside: grant, dates, flags, regions, the policy's other demands. So is the credential, for which a made-up
one is sent, as a bearer token where requests are signed. The copy knows no address but that of the kit's server, so
nothing that it sends can reach a provider.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, get_args
from urllib.parse import urlsplit

from zdr_router.conformance.contract.asking import ROUTE
from zdr_router.errors import ConfigError, Problem
from zdr_router.policy.policy import Policy
from zdr_router.registry.configuration import AUTH_HEADERS, Credentials
from zdr_router.registry.facts import LIFETIME, Capability, Flags, Mechanism, Model
from zdr_router.registry.ladders import FLAGS
from zdr_router.router import AsyncRouter
from zdr_router.routing.plan import Route
from zdr_router.sealed import Sealed
from zdr_router.state.settings import StateSettings

if TYPE_CHECKING:
    from zdr_router.deployment import Deployment
    from zdr_router.metadata import Refusal
    from zdr_router.policy.target import Target
    from zdr_router.registry import Configuration

MADE_UP: Final = "zdr-conform-made-up-key"
"""The credential of the copy; it is nobody's."""

TIMEOUT: Final = 10.0
"""Seconds for each request to the kit's own server."""

_CACHE_RULES: Final = frozenset({"ZDR202", "ZDR203"})
_STAND_IN_HOST: Final = "http://127.0.0.1"


def replica(deployment: Deployment, target: Target, port: int) -> Deployment:
    """A deployment of this target alone, at `port` of this machine.

    Raises `ConfigError` where even then it may not serve the plainest request.
    """
    policy = deployment.policies[target.tenant]
    cache, isolation = policy.cache, policy.cache_isolation
    strict = Policy(minimum_grade="documented", cache=cache, cache_isolation=isolation).complete()
    made = _copied(deployment, _moved(target, port), strict)
    refusals = _refusals(made, target)
    if not _CACHE_RULES.isdisjoint(refusal.id for refusal in refusals):
        moved = _moved(target, port, known_cache=True)
        medium = moved.configuration.cache.medium
        lenient = Policy(minimum_grade="documented", cache=medium, cache_isolation="none").complete()
        made = _copied(deployment, moved, lenient)
        refusals = _refusals(made, target)
    if refusals:
        raise ConfigError([_unfit(refusal) for refusal in refusals])
    return made


def _refusals(deployment: Deployment, target: Target) -> tuple[Refusal, ...]:
    return AsyncRouter.of(deployment).explain(model=ROUTE, tenant=target.tenant).refusals


def _unfit(refusal: Refusal) -> Problem:
    what = f"{refusal.target} can serve no request at all: {refusal.id}, {refusal.sentence}"
    file, _, line = refusal.where.rpartition(":")
    known = line.isdigit()
    return Problem(what, file=file if known else refusal.where, line=int(line) if known else 0, fix=refusal.fix)


def _copied(deployment: Deployment, target: Target, policy: Policy) -> Deployment:
    route = Route(ROUTE, (target,), timeout=TIMEOUT, max_attempts=1)
    return dataclasses.replace(
        deployment,
        policies=MappingProxyType(dict.fromkeys(deployment.policies, policy)),
        routes=MappingProxyType({ROUTE: route}),
        # A proxy would be asked to reach this machine.
        transport=dataclasses.replace(deployment.transport, proxy=None),
        probe=None,
        state=StateSettings(),
    )


def _moved(target: Target, port: int, *, known_cache: bool = False) -> Target:
    url = f"{_STAND_IN_HOST}:{port}{urlsplit(target.base_url or '').path}".rstrip("/")
    configuration = _configuration(target.configuration, url, known_cache=known_cache)
    keyless = target.auth == "none"
    declared = target.declared or Model(id=target.model, features=list(get_args(Capability)))
    return dataclasses.replace(
        target,
        account=target.account.model_copy(
            update={"base_url": url, "grant": None, "regions": None, "engine_version": None, "limits": None}
        ),
        configuration=configuration,
        declared=declared.model_copy(update={"origin": "hosted"}),
        excluded=None,
        base_url=url,
        auth=target.auth if keyless or target.auth in AUTH_HEADERS else "bearer",
        credential=None if keyless else Sealed(MADE_UP),
        credential_fingerprint=None,
        unsafe=None,
    )


def _configuration(configuration: Configuration, url: str, *, known_cache: bool) -> Configuration:
    today = dt.datetime.now(dt.UTC).date()
    lasting = {"observed": today, "expires": today + LIFETIME, "grade": "documented"}
    cache = configuration.cache
    if known_cache and cache.medium == "unknown":
        cache = cache.model_copy(update={"medium": "gpu_memory"})
    changed = {
        "hosts": [url],
        "mechanism": Mechanism(kind="default", fail_mode="closed"),
        "flags": Flags.model_validate(dict.fromkeys(FLAGS, "no")),
        "legs": [],
        "exceptions": [],
        "regions": [],
        "cache": cache,
        "credentials": Credentials(auth="none" if configuration.credentials.auth == "none" else "bearer"),
        "engine": None,
        "attestation": configuration.attestation.model_copy(update=lasting),
    }
    return configuration.model_copy(update=changed)
