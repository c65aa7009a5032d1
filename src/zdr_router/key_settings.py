"""What an operator may set about API keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zdr_router.records.store.settings import PostgresSettings

if TYPE_CHECKING:
    from pathlib import Path

    from zdr_router.sealed import Sealed
    from zdr_router.state.settings import RedisSettings


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


def _secrets(settings: KeySettings) -> list[str | None]:
    sealed = [settings.pepper, None if settings.counters is None else settings.counters.password]
    if isinstance(settings.place, PostgresSettings):
        sealed.append(settings.place.password)
    return [None if each is None else each.open() for each in sealed]
