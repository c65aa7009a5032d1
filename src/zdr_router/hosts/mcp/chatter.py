"""How much a key may say besides asking: what a client needs to find its way counts against none of the key's limits.

It has a limit of its own, which no honest client reaches: each message costs something here, and is billed to nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cachetools import LRUCache

from zdr_router.hosts.keys.base import Admission, Denied
from zdr_router.hosts.keys.buckets import Bucket, level, wait_for
from zdr_router.hosts.keys.saying import waiting
from zdr_router.metadata import ErrorCode, Signal

if TYPE_CHECKING:
    from collections.abc import Callable

PER_MINUTE: Final = 600
"""Messages that a key may send in a minute, in each process, besides those that ask."""
_COSTS: Final = {"mcp.check_registry": 20}
"""What is as much work as so many others."""
_KEYS: Final = 10_000


class Chatter:
    """Counts by key; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: LRUCache[str, Bucket] = LRUCache(_KEYS)

    def over(self, admitted: Admission, operation: str) -> Denied | None:
        """Note one more message of the key; why it may not go on, if it may not."""
        now, cost = self._clock(), _COSTS.get(operation, 1)
        have = level(self._buckets.get(admitted.key), PER_MINUTE, now)
        wait = wait_for(have, cost, PER_MINUTE)
        if wait:
            return Denied(
                429,
                ErrorCode.KEY_LIMITED,
                "this key has sent too many messages",
                code="rate_limit_exceeded",
                headers=waiting(wait),
                key=admitted.key,
                tenant=admitted.tenant,
                customer=admitted.customer,
                signals=(Signal.REQUEST_LIMIT,),
            )
        self._buckets[admitted.key] = Bucket(have - cost, now)
        return None
