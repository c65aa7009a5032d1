"""The section `keys` of the operator's file as settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.config.records import place_of
from zdr_router.config.sections import redis
from zdr_router.key_settings import KeySettings

if TYPE_CHECKING:
    from zdr_router.config.sections import Where
    from zdr_router.entries import KeysEntry

_PEPPER_LENGTH: Final = 32


def keys(entry: KeysEntry, where: Where) -> KeySettings:
    """Where API keys are kept. Raises `ConfigError`."""
    place = place_of(entry.store, where, "keys")
    pepper = where.secret(entry.pepper, ("keys", "pepper"), "the pepper of API keys")
    if len(pepper.open()) < _PEPPER_LENGTH:
        what = f"the pepper has {len(pepper.open())} characters, and needs {_PEPPER_LENGTH}"
        raise where.error(("keys", "pepper"), what, "make one at random: openssl rand -hex 32")
    counters = None if entry.counters is None else redis(entry.counters.redis, where, "keys", "counters")
    return KeySettings(place, pepper, counters, entry.stale_after, where.line("keys"))
