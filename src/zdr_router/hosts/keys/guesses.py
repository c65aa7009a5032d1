"""Those who keep presenting wrong keys, by address, each made to wait longer than before.

Of an address a hash is kept, keyed with a secret that this process makes up, in memory and for a quarter of an hour. An
IPv6 address counts as the /64 that it lies in. A right key is never made to wait: 256 random bits are not guessed, and
behind one address there may be many people.
"""

from __future__ import annotations

import ipaddress
import secrets
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from cachetools import TTLCache

if TYPE_CHECKING:
    from collections.abc import Callable

FREE: Final = 5
"""Wrong keys that nobody waits for."""
LONGEST: Final = 300.0
"""Seconds that an address waits at most."""
REMEMBERED: Final = 900.0
"""Seconds for which an address is remembered after its last wrong key."""
ADDRESSES: Final = 20_000
"""Addresses that are remembered at a time."""


class Guesses:
    """Counts wrong keys by address; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._seen: TTLCache[bytes, tuple[int, float]] = TTLCache(ADDRESSES, REMEMBERED, timer=clock)

    def wrong(self, address: str) -> float:
        """Note a wrong key. Seconds for which the address has to wait; 0 where it need not yet.

        One that does not wait is answered the same, whatever it presents, and gets no further by it.
        """
        name, now = self._name(address), self._clock()
        times, until = self._seen.get(name, (0, 0.0))
        if until > now:
            return until - now
        times += 1
        wait = 0.0 if times <= FREE else min(2.0 ** min(times - FREE, 16), LONGEST)
        self._seen[name] = (times, now + wait)
        return 0.0

    def _name(self, address: str) -> bytes:
        return blake2b(_network(address).encode(errors="replace"), key=self._secret, digest_size=16).digest()


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(int(parsed) >> 64)
    return str(parsed)
