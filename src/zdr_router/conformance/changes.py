"""What two registries say differently, fact by fact, and whether each change lets more through or less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from zdr_router.registry.loosening import loosened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pydantic import BaseModel

    from zdr_router.registry import Configuration, Provider, Registry

Weight = Literal["tighter", "looser", "neutral"]
"""looser: states a fact more weakly, or cannot be compared. tighter: could not be taken back without loosening."""

_PARTS: Final = frozenset({"mechanism", "flags", "cache", "conditions", "engine", "attestation"})
"""Fields whose own fields are facts; any other field is one fact as a whole."""

_TELLING: Final = frozenset({"legal_entity", "country"})
"""What a provider says of itself that decides whom content goes to."""


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that differs; `before` and `after` are plain values, None where it is not there.

    `subject` is a provider or a configuration, `where` the place in the newer registry that has it.
    """

    subject: str
    fact: str
    weight: Weight
    before: object
    after: object
    where: str


def changes(old: Registry, new: Registry) -> tuple[Change, ...]:
    """Every difference, by subject; what a provider says comes before its configurations."""
    found = [
        *_providers(old.providers, new.providers),
        *_configurations(old, new),
    ]
    return tuple(sorted(found, key=lambda change: change.subject))


def _providers(old: Mapping[str, Provider], new: Mapping[str, Provider]) -> Iterator[Change]:
    for name in _either(old, new):
        if name not in old or name not in new:
            yield _whole(name, "provider", old.get(name), new.get(name), "")
            continue
        before, after = _plain(old[name]), _plain(new[name])
        for fact in _differing(before, after):
            weight: Weight = "looser" if fact in _TELLING else "neutral"
            yield Change(name, fact, weight, before.get(fact), after.get(fact), "")


def _configurations(old: Registry, new: Registry) -> Iterator[Change]:
    for name in _either(old.configurations, new.configurations):
        before, after = old.configurations.get(name), new.configurations.get(name)
        if before is None or after is None:
            where = (old if after is None else new).sources[name].at("id")
            yield _whole(name, "configuration", before, after, where)
        elif old.digests[name] != new.digests[name]:
            for fact, weight, was, now in weighed(before, after):
                yield Change(name, fact, weight, was, now, new.sources[name].at(fact))


def weighed(before: Configuration, after: Configuration) -> Iterator[tuple[str, Weight, object, object]]:
    """Each fact that differs between two readings of a configuration: its name, weight, and both values."""
    weaker, stronger = loosened(before, after), loosened(after, before)
    was, now = _facts(before), _facts(after)
    for fact in _differing(was, now):
        weight: Weight = "neutral"
        if _names(fact, weaker):
            weight = "looser"
        elif _names(fact, stronger):
            weight = "tighter"
        yield fact, weight, was.get(fact), now.get(fact)


def _whole(name: str, kind: str, before: BaseModel | None, after: BaseModel | None, where: str) -> Change:
    """A provider or configuration that came or went. One that went serves nobody; nothing uses yet one that came."""
    weight: Weight = "tighter" if after is None else "neutral"
    return Change(name, kind, weight, _title(before), _title(after), where)


def _title(model: BaseModel | None) -> object:
    return None if model is None else getattr(model, "title", None) or getattr(model, "name", None)


def _facts(configuration: Configuration) -> dict[str, object]:
    facts: dict[str, object] = {}
    for name, value in _plain(configuration).items():
        if name in _PARTS and isinstance(value, dict):
            facts.update({f"{name}.{inner}": each for inner, each in value.items()})
        else:
            facts[name] = value
    return facts


def _plain(model: BaseModel) -> dict[str, object]:
    return model.model_dump(mode="json", by_alias=True)


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """In the order in which facts are declared."""
    return [name for name in dict.fromkeys([*before, *after]) if before.get(name) != after.get(name)]


def _names(fact: str, found: Iterable[str]) -> bool:
    """Whether `found` names the fact, a part of it, or the part that it belongs to."""
    return any(name == fact or name.startswith(f"{fact}.") or fact.startswith(f"{name}.") for name in found)


def _either(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    return sorted({*old, *new})
