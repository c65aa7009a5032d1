"""Whether a local overlay may change a shipped configuration: tighten and renew, yes; loosen, only if it says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from zdr_router.registry.base import ConfigurationId, Declared, Json, Text
from zdr_router.registry.configuration import Schema
from zdr_router.registry.ladders import FLAGS, MEDIA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zdr_router.registry.configuration import Configuration
    from zdr_router.registry.facts import Flags, Leg

_WEAKNESS = {"no": 0, "unknown": 1, "yes": 2}


class Overlay(Declared):
    """Who stands behind a local change; `unsafe_loosen` gives the reason for weakening a shipped fact."""

    reviewed_by: Text
    unsafe_loosen: Text | None = None


class OverlayFile(Declared):
    """A file of local changes: for each configuration, only the keys that change.

    Mappings merge with what is shipped; lists and scalars replace it.
    """

    schema_: Annotated[Schema, Field(alias="schema")]
    overlay: Overlay
    configurations: Annotated[list[dict[str, Json]], Field(min_length=1)]


class Named(Declared):
    """The one key that every entry of an overlay has."""

    id: ConfigurationId


def merge(base: object, change: object) -> object:
    """`base` with `change` laid over it."""
    if isinstance(base, dict) and isinstance(change, dict):
        merged = dict(base)
        for key, value in change.items():
            merged[key] = merge(base[key], value) if key in base else value
        return merged
    return change


def loosened(base: Configuration, changed: Configuration) -> list[str]:
    """Dotted names of the facts that `changed` states more weakly than `base`, or that cannot be compared."""
    found = [f"flags.{name}" for name in FLAGS if _weaker(base.flags, changed.flags, name)]
    found += _loosened_legs(base.legs, changed.legs)
    if MEDIA[changed.cache.medium] < MEDIA[base.cache.medium]:
        found.append("cache.medium")
    if changed.cache.can_disable > base.cache.can_disable or (
        changed.cache.isolation != base.cache.isolation and changed.cache.isolation is not None
    ):
        found.append("cache.isolation")
    grew: dict[str, tuple[Sequence[object], Sequence[object]]] = {
        "hosts": (changed.hosts, base.hosts),
        "endpoints": (changed.endpoints, base.endpoints),
        "models": (changed.models, base.models),
        "conditions.permit": (changed.conditions.permit, base.conditions.permit),
    }
    found += [name for name, (larger, smaller) in grew.items() if not _within(larger, smaller)]
    shrank: dict[str, tuple[Sequence[object], Sequence[object]]] = {
        "exceptions": (base.exceptions, changed.exceptions),
        "excluded_models": (base.excluded_models, changed.excluded_models),
        "conditions.force": (base.conditions.force, changed.conditions.force),
        "conditions.forbid": (base.conditions.forbid, changed.conditions.forbid),
        "conditions.response": (base.conditions.response, changed.conditions.response),
    }
    found += [name for name, (kept, present) in shrank.items() if not _within(kept, present)]
    for path, values in base.conditions.allow.items():
        if path not in changed.conditions.allow or not _within(changed.conditions.allow[path], values):
            found.append(f"conditions.allow.{path}")
    same = ("dialect", "private_network", "credentials", "credential_mode", "tier", "regions", "mechanism", "engine")
    found += [name for name in same if getattr(base, name) != getattr(changed, name)]
    if changed.attestation.grade not in (base.attestation.grade, "claimed"):
        found.append("attestation.grade")
    return found


def _within(smaller: Sequence[object], larger: Sequence[object]) -> bool:
    return all(item in larger for item in smaller)


def _weaker(base: Flags, changed: Flags, name: str) -> bool:
    return _WEAKNESS[getattr(changed, name)] < _WEAKNESS[getattr(base, name)]


def _loosened_legs(base: list[Leg], changed: list[Leg]) -> list[str]:
    if len(changed) < len(base):
        return ["legs"]
    pairs = zip(base, changed, strict=False)
    return [
        f"legs.{old.leg}.{name}"
        for old, new in pairs
        for name in FLAGS
        if old.leg != new.leg or _weaker(old.flags, new.flags, name)
    ]
