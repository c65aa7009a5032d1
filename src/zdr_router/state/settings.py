"""Where the state of a fleet is kept."""

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
class StateSettings:
    """Trust in a file or in Redis, health in Redis; each in memory where nothing is given. `source` is file:line."""

    trust: Path | RedisSettings | None = None
    health: RedisSettings | None = None
    source: str = field(default="", compare=False)


def same_place(mine: StateSettings, theirs: StateSettings) -> bool:
    """Whether both keep the same things in the same place, and come there with the same password."""
    return mine == theirs and _passwords(mine) == _passwords(theirs)


def _passwords(settings: StateSettings) -> list[str | None]:
    places = [place for place in (settings.trust, settings.health) if isinstance(place, RedisSettings)]
    return [None if place.password is None else place.password.open() for place in places]
