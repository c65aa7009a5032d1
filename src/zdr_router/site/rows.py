"""What the pages show of each configuration, and what a reader can look for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from zdr_router.registry.hosts import REGION
from zdr_router.registry.ladders import FLAGS, MEDIA
from zdr_router.site.verdict import Verdict, effective, verdict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from zdr_router.registry import Configuration, Provider, Registry

SOON: Final = 30
"""Days before its last day from which an attestation is shown as lapsing soon."""

BY_ACCOUNT: Final = "account"
UNKNOWN: Final = "unknown"


@dataclass(frozen=True)
class Row:
    """A configuration on the day of the catalogue. `unsafe` is what an overlay loosened, and why."""

    configuration: Configuration
    provider: Provider
    digest: str
    unsafe: str
    today: dt.date

    @cached_property
    def verdict(self) -> Verdict:
        """Whether and how it clears."""
        return verdict(self.configuration, self.today)

    @property
    def name(self) -> str:
        """The part of the id after the slash: the anchor on the provider's page."""
        return self.configuration.id.partition("/")[2]

    @cached_property
    def flags(self) -> Mapping[str, tuple[str, tuple[str, ...]]]:
        """By flag: its word over all legs, and the legs that make it worse."""
        return {flag: effective(self.configuration, flag) for flag in FLAGS}

    @property
    def regions(self) -> list[str]:
        """Where content is processed; "unknown" where nobody says, "account" where the account says."""
        configuration = self.configuration
        if configuration.regions:
            return configuration.regions
        named = any(f"{{{REGION}}}" in host for host in configuration.hosts)
        return [BY_ACCOUNT if named or configuration.self_operated else UNKNOWN]

    @cached_property
    def exceptions(self) -> Mapping[str, list[str]]:
        """By trigger: the requests that can set it off."""
        found: dict[str, list[str]] = {}
        for clause in self.configuration.exceptions:
            found.setdefault(clause.trigger, []).append(clause.when)
        return found

    @property
    def expires(self) -> dt.date | None:
        """The last day of its attestation."""
        return self.configuration.attestation.expires

    @property
    def days(self) -> int | None:
        """Days from today to its last day; below zero once that is past."""
        return None if self.expires is None else (self.expires - self.today).days

    @property
    def lapses(self) -> str:
        """How its last day stands to today: "lapsed", "soon", "later", or "never" for a range of versions."""
        if self.days is None:
            return "never"
        if self.days < 0:
            return "lapsed"
        return "soon" if self.days <= SOON else "later"

    @property
    def abilities(self) -> list[str]:
        """What at least one of its models can do."""
        return _in_order(feature for model in self.configuration.models for feature in model.features)

    @property
    def models(self) -> list[str]:
        """Names and patterns of its models, to be searched for."""
        return [model.id or model.pattern or "" for model in self.configuration.models]


@dataclass(frozen=True, slots=True)
class Group:
    """A provider and its configurations."""

    provider: Provider
    rows: tuple[Row, ...]

    @property
    def clearable(self) -> int:
        """How many of them something clears today."""
        return sum(row.verdict.kind not in ("never", "not_now") for row in self.rows)


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose from in the filters, in the order in which it is offered."""

    mechanisms: list[str]
    grades: list[str]
    media: list[str]
    regions: list[str]
    endpoints: list[str]
    abilities: list[str]
    permits: list[str]


def groups(registry: Registry, today: dt.date) -> tuple[Group, ...]:
    """Every provider by name, its configurations in the order in which they are declared."""
    rows: dict[str, list[Row]] = {name: [] for name in registry.providers}
    for name, configuration in registry.configurations.items():
        provider = registry.providers[configuration.provider]
        row = Row(configuration, provider, registry.digests[name], registry.unsafe.get(name, ""), today)
        rows[provider.id].append(row)
    found = [Group(registry.providers[name], tuple(each)) for name, each in rows.items() if each]
    return tuple(sorted(found, key=lambda group: (group.provider.name.casefold(), group.provider.id)))


def choices(rows: Iterable[Row]) -> Choices:
    """Only what occurs is offered."""
    every = list(rows)
    configurations = [row.configuration for row in every]
    regions = sorted({region for row in every for region in row.regions})
    named = [region for region in regions if region not in (BY_ACCOUNT, UNKNOWN)]
    return Choices(
        mechanisms=_in_order(each.mechanism.kind for each in configurations),
        grades=_in_order(each.attestation.grade for each in configurations),
        media=[medium for medium in MEDIA if any(each.cache.medium == medium for each in configurations)],
        regions=[*named, *(region for region in (BY_ACCOUNT, UNKNOWN) if region in regions)],
        endpoints=sorted({endpoint for each in configurations for endpoint in each.endpoints}),
        abilities=_in_order(ability for row in every for ability in row.abilities),
        permits=sorted({feature for each in configurations for feature in each.conditions.permit}),
    )


def _in_order(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))
