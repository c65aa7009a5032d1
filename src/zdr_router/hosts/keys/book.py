"""Decides whether a request may go on as one of a key: whether the key is right, and for this, and within its limits.

Nothing here waits but for the counters of a fleet, and then only for keys that have limits.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from zdr_router.hosts.keys import saying
from zdr_router.hosts.keys.base import Admission, Denied
from zdr_router.hosts.keys.guesses import Guesses
from zdr_router.hosts.keys.spending import ends_in
from zdr_router.hosts.keys.spikes import Spikes
from zdr_router.hosts.keys.verifying import Shown, Wrong, read, verify
from zdr_router.metadata import ErrorCode, Signal

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from zdr_router.hosts.keys.counting import Counters
    from zdr_router.hosts.keys.key import Key
    from zdr_router.hosts.keys.spending import Spending
    from zdr_router.hosts.keys.token import Parts
    from zdr_router.metadata import Metadata

_FAULTS: Final = frozenset(
    {ErrorCode.EXHAUSTED, ErrorCode.DEADLINE, ErrorCode.STREAM_BROKEN, ErrorCode.INTERNAL, ErrorCode.RATE_LIMITED}
)
_NOBODY: Final = "none"
"""Stands for the key of those who presented none that is known."""


class Known:
    """The keys as they were last read, and which of them were used since that was last written down.

    After `until`, by the clock of the book, they are not gone by any more.
    """

    def __init__(self, keys: Iterable[Key] = (), until: float = float("inf")) -> None:
        self.keys: dict[str, Key] = {key.id: key for key in keys}
        self.until = until
        self.used: set[str] = set()


class Holder:
    """Who gave a right key: a `Verified`. Of what was presented it has a hash alone."""

    __slots__ = ("_book", "_shown")

    def __init__(self, book: Book, shown: Shown) -> None:
        self._book = book
        self._shown = shown

    def admit(self, *, endpoint: str, route: str | None, tokens: int) -> Coroutine[Any, Any, Admission | Denied]:
        """Whether a request of theirs may go on; see `Verified`."""
        return self._book.admit(self._shown, endpoint=endpoint, route=route, tokens=tokens)

    def recognise(self, *, endpoint: str | None, route: str | None) -> Admission | Denied:
        """Whose key it is, for what asks nobody; see `Verified`."""
        return self._book.recognise(self._shown, endpoint=endpoint, route=route)


class Book:
    """A `KeyBook`. `clock` is monotonic, `now` gives seconds since the epoch."""

    def __init__(  # noqa: PLR0913 - the parts of a book
        self,
        known: Known,
        hash_of: Callable[[Parts], bytes],
        counters: Counters,
        spending: Spending,
        *,
        clock: Callable[[], float],
        now: Callable[[], float],
    ) -> None:
        self._known = known
        self._hash_of = hash_of
        self._counters = counters
        self._spending = spending
        self._clock = clock
        self._now = now
        self._guesses = Guesses(clock)
        self._spikes = Spikes(clock)

    def verify(self, presented: str | None, *, address: str) -> Holder | Denied:
        """Whether this is a key, and in force; see `KeyBook`."""
        if self._clock() > self._known.until:
            return saying.unreadable()
        shown = read(presented, self._hash_of)
        key, wrong = verify(shown, self._known.keys, self._now()) if isinstance(shown, Shown) else (None, shown)
        if isinstance(shown, Shown) and wrong is None:
            return Holder(self, shown)
        signals: tuple[Signal, ...] = ()
        if self._spikes.happened("wrong keys", _NOBODY):
            signals = (Signal.SPIKE_OF_WRONG_KEYS,)
        if wrong in {Wrong.MISTYPED, Wrong.UNKNOWN}:
            wait = self._guesses.wrong(address)
            if wait > 0.0:
                return saying.guessing(wait, signals)
        return saying.unauthorised(wrong or Wrong.UNKNOWN, key, signals)

    async def admit(self, shown: Shown, *, endpoint: str, route: str | None, tokens: int) -> Admission | Denied:
        """Whether a request of a holder may go on; see `Verified`."""
        key = self._still(shown)
        if isinstance(key, Denied):
            return key
        denied = self._withheld(key, endpoint, route)
        if denied is not None:
            return denied
        signals = self._noticed(key.id)
        if not key.limits.counted:
            release = partial(self._settle, key, None, 0)
            return Admission(key.id, key.tenant, key.customer, key.policy, signals, {}, release, key.routes)
        counted = await self._counters.reserve(key.id, key.limits, tokens)
        if counted.over is not None:
            self._spikes.happened("refusals", key.id)
            return saying.limited(key, counted, counted.over)
        return Admission(
            key.id,
            key.tenant,
            key.customer,
            key.policy,
            signals,
            saying.left(key.limits, counted),
            partial(self._settle, key, counted.settle, tokens),
            key.routes,
        )

    def recognise(self, shown: Shown, *, endpoint: str | None, route: str | None) -> Admission | Denied:
        """Whose key it is, without counting; see `Verified`."""
        key = self._still(shown)
        if isinstance(key, Denied):
            return key
        denied = self._out_of_scope(key, endpoint, route)
        return denied or Admission(key.id, key.tenant, key.customer, key.policy, routes=key.routes)

    def _still(self, shown: Shown) -> Key | Denied:
        """The key as it is now: while a request was read it may have been revoked."""
        if self._clock() > self._known.until:
            return saying.unreadable()
        key, wrong = verify(shown, self._known.keys, self._now())
        if key is None or wrong is not None:
            return saying.unauthorised(wrong or Wrong.UNKNOWN, key)
        self._known.used.add(key.id)
        return key

    def _withheld(self, key: Key, endpoint: str, route: str | None) -> Denied | None:
        """What the key is not for, or has no money left for."""
        denied = self._out_of_scope(key, endpoint, route)
        if denied is not None or not key.limits.capped:
            return denied
        period = self._spending.over(key.id, key.limits, self._now())
        if period is None:
            return None
        self._spikes.happened("refusals", key.id)
        return saying.spent(key, period, ends_in(period, self._now()))

    def _out_of_scope(self, key: Key, endpoint: str | None, route: str | None) -> Denied | None:
        if key.endpoints is not None and endpoint is not None and endpoint not in key.endpoints:
            denied = saying.out_of_scope(key, "endpoint")
        elif key.routes is not None and route is not None and route not in key.routes:
            denied = saying.out_of_scope(key, "model")
        else:
            return None
        self._spikes.happened("refusals", key.id)
        return denied

    def _noticed(self, key: str) -> tuple[Signal, ...]:
        """Note a request, and what there is too much of."""
        requests = self._spikes.happened("requests", key)
        refusals, errors = self._spikes.is_on("refusals", key), self._spikes.is_on("errors", key)
        if not (requests or refusals or errors):
            return ()
        found = (
            (requests, Signal.SPIKE_OF_REQUESTS),
            (refusals, Signal.SPIKE_OF_REFUSALS),
            (errors, Signal.SPIKE_OF_ERRORS),
        )
        return tuple(signal for is_on, signal in found if is_on)

    def _settle(
        self, key: Key, give_back: Callable[[int], None] | None, reserved: int, metadata: Metadata | None
    ) -> None:
        """The request is over."""
        if give_back is not None:
            give_back(reserved - _taken(metadata, reserved))
        if metadata is None:
            return
        if metadata.price:
            self._spending.add(key.id, metadata.price, self._now())
        if metadata.error_code is ErrorCode.REFUSED:
            self._spikes.happened("refusals", key.id)
        elif metadata.error_code in _FAULTS:
            self._spikes.happened("errors", key.id)


def _taken(metadata: Metadata | None, reserved: int) -> int:
    """The tokens that a request took. Where nobody said how many, and something was sent, all that were reserved."""
    if metadata is None:
        return 0
    if metadata.input_tokens is not None or metadata.output_tokens is not None:
        return (metadata.input_tokens or 0) + (metadata.output_tokens or 0)
    return reserved if any(attempt.sent == "maybe" for attempt in metadata.attempts) else 0
