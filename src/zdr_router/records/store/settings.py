"""What an operator may set about the store of records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from zdr_router.policy.calendar import DAY

if TYPE_CHECKING:
    from pathlib import Path

    from zdr_router.sealed import Sealed

WhenFull: TypeAlias = Literal["refuse", "drop"]
"""What becomes of requests whose records could not be kept: they are refused, or served and not recorded."""


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
class StoreSettings:
    """Where records are kept, for how long (seconds), and how many are held in memory until they are written.

    `salt` is what pseudonyms in the incident index are made with; `source` is file:line, for errors.
    """

    place: Path | PostgresSettings
    salt: Sealed[str] = field(compare=False)
    keep: float = 90 * DAY
    incidents: float = 400 * DAY
    when_full: WhenFull = "refuse"
    hold: int = 50_000
    source: str = field(default="", compare=False)

    def same(self, other: StoreSettings | None) -> bool:
        """Whether `other` says the same, with the same secrets."""
        return other is not None and self == other and _secrets(self) == _secrets(other)


def _secrets(settings: StoreSettings) -> tuple[str, str | None]:
    place = settings.place
    password = place.password if isinstance(place, PostgresSettings) else None
    return settings.salt.open(), None if password is None else password.open()
