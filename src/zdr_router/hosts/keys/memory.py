"""A book of keys that are given as values, for one process: for tests, and for hosts that keep keys elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from zdr_router.hosts.keys.book import Book, Known
from zdr_router.hosts.keys.counting import LocalCounters
from zdr_router.hosts.keys.spending import Spending
from zdr_router.hosts.keys.token import hasher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from zdr_router.hosts.keys.key import Key
    from zdr_router.sealed import Sealed


def book_of(
    keys: Iterable[Key],
    pepper: Sealed[str],
    *,
    lease: float = 600.0,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], float] = time.time,
) -> Book:
    """A book of `keys`, whose hashes were made with `pepper`. It counts from nothing, and keeps nothing.

    A place among the requests at a time is free again after `lease` seconds, even if nobody gave it back.
    """
    counters = LocalCounters(clock, lease)
    return Book(Known(keys), hasher(pepper), counters, Spending(), clock=clock, now=now)
