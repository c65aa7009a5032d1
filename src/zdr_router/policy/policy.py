"""What a host, a tenant or a call demands of every target. Policies intersect; nothing widens."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from zdr_router.registry.base import Declared, Duration, Identifier
from zdr_router.registry.digest import digest_of
from zdr_router.registry.facts import Trigger
from zdr_router.registry.ladders import GRADES, MEDIA, Grade, Medium

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
CacheIsolation = Literal["tenant", "none"]
OnRevocation = Literal["cut", "finish"]
Identifiers = Literal["refuse", "pseudonym"]

INHERENT: Final = frozenset({"csam_screening", "legal_hold"})
"""Exceptions that cannot be had without people looking; tolerating one tolerates its review."""


class Providers(Declared):
    """Which providers (or single configurations) may be used at all, and which never."""

    only: list[str] | None = None
    never: list[str] = Field(default_factory=list)


class Policy(Declared):
    """A set of demands. What is not given demands nothing more than the layer above already does.

    The host's policy is completed by the strictest defaults: `documented` grade, no cache, no exception
    tolerated, caches kept apart by tenant, attestations at most 90 days old, what is under way cut where it is
    revoked, and identifiers of callers' users refused. A policy without any field is an error.
    """

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    minimum_grade: Grade | None = None
    cache: Medium | None = None
    cache_isolation: CacheIsolation | None = None
    tolerate: list[Trigger] | None = None
    human_review_within_exceptions: bool | None = None
    regions: Annotated[list[Identifier], Field(min_length=1)] | None = None
    countries: Annotated[list[Country], Field(min_length=1)] | None = None
    max_attestation_age: Duration | None = None
    max_revocation_staleness: Duration | None = None
    on_revocation: OnRevocation | None = None
    providers: Providers | None = None
    bind_credentials: bool | None = None
    identifiers: Identifiers | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if not self.model_fields_set:
            kind, message = "policy", "a policy says something: an empty one is not taken for consent"
            raise PydanticCustomError(kind, message)
        return self

    def __and__(self, other: Policy) -> Policy:
        """Both at once: of every demand the tighter one."""
        demands = {
            name: _tighter(getattr(self, name), getattr(other, name), choose) for name, choose in _CHOOSE.items()
        }
        return Policy.model_construct(_fields_set={*self.model_fields_set, *other.model_fields_set}, **demands)

    @cached_property
    def digest(self) -> str:
        """Names this policy in every record made under it."""
        return digest_of(self)

    def complete(self) -> Policy:
        """This policy, with the strictest default for whatever it leaves open."""
        demands: dict[str, Any] = {name: getattr(self, name) for name in _CHOOSE}
        for name, default in _DEFAULTS.items():
            if demands[name] is None:
                demands[name] = default
        return Policy.model_construct(_fields_set=set(demands), **demands)


_DEFAULTS: Final[dict[str, object]] = {
    "minimum_grade": "documented",
    "cache": "none",
    "cache_isolation": "tenant",
    "tolerate": [],
    "human_review_within_exceptions": False,
    "max_attestation_age": 90 * 86400.0,
    "max_revocation_staleness": 60.0,
    "on_revocation": "cut",
    "bind_credentials": True,
    "identifiers": "refuse",
}


def _tighter(mine: Any, theirs: Any, choose: Callable[[Any, Any], Any]) -> Any:  # noqa: ANN401 - one type per field
    if mine is None or theirs is None:
        return theirs if mine is None else mine
    return choose(mine, theirs)


def _higher_grade(mine: Grade, theirs: Grade) -> Grade:
    return mine if GRADES[mine] >= GRADES[theirs] else theirs


def _smaller_medium(mine: Medium, theirs: Medium) -> Medium:
    return mine if MEDIA[mine] <= MEDIA[theirs] else theirs


def _isolating(mine: CacheIsolation, theirs: CacheIsolation) -> CacheIsolation:
    return "tenant" if "tenant" in (mine, theirs) else "none"


def _cutting(mine: OnRevocation, theirs: OnRevocation) -> OnRevocation:
    return "cut" if "cut" in (mine, theirs) else "finish"


def _refusing(mine: Identifiers, theirs: Identifiers) -> Identifiers:
    return "refuse" if "refuse" in (mine, theirs) else "pseudonym"


def _common(mine: list[str], theirs: list[str]) -> list[str]:
    return [item for item in mine if item in theirs]


def _both_providers(mine: Providers, theirs: Providers) -> Providers:
    """Either list names providers or single configurations, so the narrower name of a pair stays."""
    only = _tighter(mine.only, theirs.only, _both_named)
    return Providers.model_construct(only=only, never=[*mine.never, *theirs.never])


def _both_named(mine: list[str], theirs: list[str]) -> list[str]:
    pairs = ((mine, theirs), (theirs, mine))
    return sorted(
        {item for these, those in pairs for item in these if item in those or item.partition("/")[0] in those}
    )


_CHOOSE: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "minimum_grade": _higher_grade,
    "cache": _smaller_medium,
    "cache_isolation": _isolating,
    "tolerate": _common,
    "human_review_within_exceptions": min,
    "regions": _common,
    "countries": _common,
    "max_attestation_age": min,
    "max_revocation_staleness": min,
    "on_revocation": _cutting,
    "providers": _both_providers,
    "bind_credentials": max,
    "identifiers": _refusing,
}
"""How two demands on the same field become one; of two booleans, false is less review and true more binding."""
