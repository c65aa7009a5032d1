"""Which configuration a deployment of litellm would be here: by the address that it names, else by its prefix."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from zdr_router.conformance.importing.litellm_prefixes import PROVIDERS, RUN_BY_PEOPLE
from zdr_router.conformance.keeping import keeps_nothing
from zdr_router.policy.target import exclusion, find_model
from zdr_router.registry.hosts import bindings, has_placeholder, is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zdr_router.conformance.importing.litellm_config import Deployment
    from zdr_router.registry import Configuration, Registry

_PLACEHOLDER: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Choice:
    """`base_url` is None where the configuration settles it; `others` would do as well. `serves`: it has the model."""

    configuration: Configuration
    base_url: str | None
    others: tuple[str, ...] = ()
    serves: bool = True


@dataclass(frozen=True, slots=True)
class NoChoice:
    """Why a deployment is no configuration, and what to do."""

    why: str
    fix: str


def choose(deployment: Deployment, registry: Registry, servers: Mapping[str, str]) -> Choice | NoChoice:
    """`servers` are hosts that the operator runs, with the configuration that describes how."""
    base = deployment.base_url
    if base is not None and (named := servers.get(urlsplit(base).netloc)) is not None:
        own = registry.configurations[named]
        return Choice(own, _with_path(base), serves=_serves(own, deployment.model))
    if base is not None:
        found = list(_at(base, registry))
        if found:
            return _best(deployment, found)
        return _operated(deployment, registry, base)
    if deployment.prefix in RUN_BY_PEOPLE:
        return NoChoice("names no api_base, so nobody knows who runs the server", "give it an `api_base`")
    provider = PROVIDERS[deployment.prefix]
    here = [each for each in registry.configurations.values() if each.provider == provider and each.hosts]
    if not here:
        return NoChoice(f"the registry declares no provider {provider}", "declare it in a provider file of your own")
    return _best(deployment, [(each, _filled(each, deployment.places)) for each in here])


def _at(base: str, registry: Registry) -> Iterator[tuple[Configuration, str | None]]:
    """Every configuration one of whose hosts this address is, with the address as the host spells it."""
    for configuration in registry.configurations.values():
        for host in configuration.hosts:
            address = _spelt(host, base)
            if address is not None:
                settled = len(configuration.hosts) == 1 and not has_placeholder(host)
                yield configuration, None if settled else address
                break


def _spelt(host: str, base: str) -> str | None:
    """`base` as an attested host: itself, or, where it leaves the path out, with the host's path."""
    if bindings(host, base) is not None:
        return base.rstrip("/")
    start = host.find("/", host.find("//") + 2)
    path = "" if start < 0 else host[start:]
    plain = urlsplit(base).path.rstrip("/")
    if _PLACEHOLDER.search(path) or not path.startswith(plain):
        return None
    whole = base.rstrip("/").removesuffix(plain) + path
    return whole if bindings(host, whole) is not None else None


def _filled(configuration: Configuration, places: Mapping[str, str]) -> str | None:
    """The first host with its placeholders filled in from regions and projects that the deployment names."""
    host = configuration.hosts[0]
    if len(configuration.hosts) == 1 and not has_placeholder(host):
        return None
    filled = _PLACEHOLDER.sub(lambda match: places.get(match[1], match[0]), host)
    return None if has_placeholder(filled) else filled


def _best(deployment: Deployment, found: list[tuple[Configuration, str | None]]) -> Choice | NoChoice:
    """The first that is declared to keep nothing, and of those rather one that serves the model at the endpoint."""
    clean = [each for each in found if keeps_nothing(each[0])]
    if not clean:
        names = ", ".join(each.id for each, _ in found)
        fix = f"zdr registry show {found[0][0].id} tells what it keeps, and what to use instead"
        return NoChoice(f"what is declared there does not keep nothing: {names}", fix)
    ranked = sorted(clean, key=lambda each: _misfit(deployment, each[0]))
    best, address = ranked[0]
    alike = tuple(each.id for each, _ in ranked[1:] if _misfit(deployment, each) == _misfit(deployment, best))
    return Choice(best, address, alike, serves=_serves(best, deployment.model))


def _misfit(deployment: Deployment, configuration: Configuration) -> tuple[bool, bool, bool]:
    served = _serves(configuration, deployment.model)
    return not served, deployment.endpoint not in configuration.endpoints, configuration.dialect != "openai"


def _serves(configuration: Configuration, model: str) -> bool:
    return find_model(configuration, model) is not None and exclusion(configuration, model) is None


def _operated(deployment: Deployment, registry: Registry, base: str) -> Choice | NoChoice:
    """A server at no host that anybody attests: the operator's own, if prefix and address say so."""
    netloc = urlsplit(base).netloc
    say = f"if you run it, say which software it is: --server {netloc}=CONFIGURATION"
    if deployment.prefix not in RUN_BY_PEOPLE:
        return NoChoice(f"its api_base is no host that the registry attests for {deployment.prefix}", say)
    if not _near(urlsplit(base).hostname):
        return NoChoice("its api_base lies beyond this machine and its networks, so it may be somebody's service", say)
    own: list[tuple[Configuration, str | None]] = [
        (each, _with_path(base))
        for each in registry.configurations.values()
        if each.provider == PROVIDERS[deployment.prefix] and each.self_operated
    ]
    if not own:
        return NoChoice(f"the registry declares no server of your own for {deployment.prefix}", say)
    return _best(deployment, own)


def _near(host: str | None) -> bool:
    if is_loopback(host):
        return True
    try:
        return ipaddress.ip_address(host or "").is_private
    except ValueError:
        return False


def _with_path(base: str) -> str:
    """The OpenAI-compatible root of a server; litellm's own prefixes leave it out."""
    return base.rstrip("/") if urlsplit(base).path.strip("/") else f"{base.rstrip('/')}/v1"
