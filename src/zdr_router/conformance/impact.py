"""Which targets an operator's routes gain or lose when one registry takes the place of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from zdr_router.config import assemble
from zdr_router.conformance.clearable import explained
from zdr_router.conformance.subject import Operator, Subject
from zdr_router.entries import ConfigFile
from zdr_router.registry import Registry, shipped_directory
from zdr_router.registry.provider_file import declared_in, files_inside
from zdr_router.registry.strict_yaml import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from zdr_router.entries import RouteEntry, WeightedTarget
    from zdr_router.registry.strict_yaml import Document

UNDECLARED = "its configuration is not declared"


@dataclass(frozen=True, slots=True)
class Effect:
    """A target that a route gains or loses for somebody, and what stands in its way in the other registry."""

    route: str
    target: str
    effect: Literal["gains", "loses"]
    reasons: tuple[str, ...]


def effects(config: Path, old: Path, new: Path, *, now: float, environ: Mapping[str, str]) -> tuple[Effect, ...]:
    """Ask the plainest requests of every route, for the operator and every tenant, over both registries.

    A folder takes the place of the shipped registry; a file, and every provider in either, that of whatever else
    declares the same provider. Raises `ConfigError`.
    """
    before, after = (_cleared(config, each, now, environ) for each in (old, new))
    found = []
    for route in before:
        served = {"gains": after[route][0] - before[route][0], "loses": before[route][0] - after[route][0]}
        other = {"gains": before[route][1], "loses": after[route][1]}
        for effect in ("gains", "loses"):
            for target in sorted(served[effect]):
                reasons = other[effect].get(target, (UNDECLARED,))
                found.append(Effect(route, target, effect, reasons))
    return tuple(found)


def _cleared(
    config: Path, place: Path, now: float, environ: Mapping[str, str]
) -> dict[str, tuple[set[str], dict[str, tuple[str, ...]]]]:
    """By route: the targets that may serve somebody, and why the others may not."""
    document = read(config)
    file = document.validate(ConfigFile)
    subject = _subject(document, file, config, place, now, environ)
    found = {name: (set[str](), dict[str, tuple[str, ...]]()) for name in file.routes}
    for route, explanations in explained(subject):
        served, refused = found[route]
        served |= {planned.target for each in explanations for planned in each.planned}
        for refusal in (refusal for each in explanations for refusal in each.refusals):
            reason = f"{refusal.id}: {refusal.sentence}"
            refused[refusal.target] = tuple(dict.fromkeys((*refused.get(refusal.target, ()), reason)))
    return found


def _subject(  # noqa: PLR0913, PLR0917 - what a subject is made of
    document: Document, file: ConfigFile, config: Path, place: Path, now: float, environ: Mapping[str, str]
) -> Subject:
    base = config.parent
    registry = Registry.load(_paths(file, base, place), [base / path for path in file.registry.overlays])
    accounts = {name: each for name, each in file.accounts.items() if each.configuration in registry.configurations}
    kept = {name: _only(entry, accounts) for name, entry in file.routes.items()}
    tenants = {
        name: tenant.model_copy(update={"accounts": [each for each in tenant.accounts if each in accounts]})
        for name, tenant in file.tenants.items()
    }
    deployment = assemble(
        registry=registry,
        policy=file.policy,
        accounts=accounts,
        tenants=tenants,
        routes={name: entry for name, entry in kept.items() if entry is not None},
        document=document,
        environ=environ,
        base=base,
    )
    return Subject(registry, now, Operator(deployment, document, environ))


def _paths(file: ConfigFile, base: Path, place: Path) -> list[Path]:
    """`place` first, then the files of the operator that declare other providers."""
    taken = set(Registry.load([place]).providers)
    others = [base / path for path in file.registry.providers]
    if file.registry.shipped and not place.is_dir():
        others.append(shipped_directory())
    return [place, *(each for each in _files(others) if declared_in(each).provider.id not in taken)]


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        yield from files_inside(path) if path.is_dir() else [path]


def _only(entry: RouteEntry, accounts: Mapping[str, object]) -> RouteEntry | None:
    """The route with the targets whose account is left; None when there are none."""

    def left(target: str | WeightedTarget) -> bool:
        name = target if isinstance(target, str) else target.target
        return name.partition("/")[0] in accounts

    targets = [each for each in entry.targets if left(each)]
    return entry.model_copy(update={"targets": targets}) if targets else None
