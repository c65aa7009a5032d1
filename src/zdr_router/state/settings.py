"""Where what outlives a request, or is shared by a fleet, is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from zdr_router.sealed import Sealed


@dataclass(frozen=True, slots=True)
class RedisSettings:
    """A Redis or Valkey server: its address without credentials, and these apart. `source` is file:line, for errors."""

    url: str
    username: str | None = None
    password: Sealed[str] | None = field(default=None, compare=False)
    ca_file: str | None = None
    prefix: str = "zdr"
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class PostgresSettings:
    """A PostgreSQL server and database, with the schema (`namespace`) in which the tables are."""

    host: str
    port: int
    database: str
    username: str
    password: Sealed[str] | None = field(default=None, compare=False)
    ca_file: str | None = None
    private_network: bool = False
    namespace: str = "zdr"


@dataclass(frozen=True, slots=True)
class KeySettings:
    """Where API keys are kept, and what their hashes are keyed with. Counters are in memory where no Redis is given.

    After `stale_after` seconds in which the keys could not be read, none is gone by. `source` is file:line, for errors.
    """

    place: Path | PostgresSettings
    pepper: Sealed[str] = field(compare=False)
    counters: RedisSettings | None = None
    stale_after: float = 60.0
    source: str = field(default="", compare=False)

    def same(self, other: KeySettings | None) -> bool:
        """Whether `other` says the same, with the same secrets."""
        return other is not None and self == other and _secrets(self) == _secrets(other)


@dataclass(frozen=True, slots=True)
class StateSettings:
    """Trust in a file or in Redis, health in Redis; each in memory where nothing is given. `source` is file:line."""

    trust: Path | RedisSettings | None = None
    health: RedisSettings | None = None
    source: str = field(default="", compare=False)


def same_place(mine: StateSettings, theirs: StateSettings) -> bool:
    """Whether both keep the same things in the same place, and come there with the same password."""
    return mine == theirs and _passwords(mine) == _passwords(theirs)


def _secrets(settings: KeySettings) -> list[str | None]:
    sealed = [settings.pepper, None if settings.counters is None else settings.counters.password]
    if isinstance(settings.place, PostgresSettings):
        sealed.append(settings.place.password)
    return [None if each is None else each.open() for each in sealed]


def _passwords(settings: StateSettings) -> list[str | None]:
    places = [place for place in (settings.trust, settings.health) if isinstance(place, RedisSettings)]
    return [None if place.password is None else place.password.open() for place in places]
