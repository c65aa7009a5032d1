"""Which trust state a deployment asks for: a file, Redis, or the memory of this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.state.settings import RedisSettings
from zdr_router.state.trust import MemoryTrust
from zdr_router.state.trust_file import FileTrust
from zdr_router.state.trust_redis import RedisTrust

if TYPE_CHECKING:
    from collections.abc import Callable

    from zdr_router.state.settings import StateSettings
    from zdr_router.state.trust import TrustStore


def trust_store(settings: StateSettings, clock: Callable[[], float]) -> TrustStore:
    """The store, which reads nothing yet; `clock` dates its changes, in seconds since the epoch."""
    if settings.trust is None:
        return MemoryTrust()
    if isinstance(settings.trust, RedisSettings):
        return RedisTrust(settings.trust, clock=clock)
    return FileTrust(settings.trust, clock=clock)
