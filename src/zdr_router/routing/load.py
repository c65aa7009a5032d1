"""When a target has room under its limits: so many requests at a time, requests a minute, tokens a minute.

A rate is a bucket that holds what one minute allows and refills continuously, as providers' own do. What tokens a
request takes is known only when it has ended, so the bucket of tokens may go into debt, which holds the target back
until it is paid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from zdr_router.policy.limits import Limits

MINUTE: Final = 60.0
PAUSE: Final = 0.025
"""Seconds until a target with as many requests as it may have is asked again: nobody knows when one ends."""

_SLACK: Final = 1e-6
"""Sums of floats are not exact; the last request of a bucket shall not wait for that."""


class Buckets(NamedTuple):
    """What was taken from the buckets of one target: each is the instant at which it is full again."""

    requests_full: float = 0.0
    tokens_full: float = 0.0


FULL: Final = Buckets()
"""The buckets of a target that was never used."""


def started(buckets: Buckets, limits: Limits, now: float) -> Buckets:
    """The buckets once a request was started, whether or not there was room."""
    if limits.requests_per_minute is None:
        return buckets
    return Buckets(_take(buckets.requests_full, 1.0, limits.requests_per_minute, now), buckets.tokens_full)


def ended(buckets: Buckets, limits: Limits, now: float, tokens: int, longest: float) -> Buckets:
    """The buckets once a request has ended that used `tokens`; a debt holds back for `longest` seconds at most."""
    if limits.tokens_per_minute is None or tokens <= 0:
        return buckets
    # A provider's count may be nonsense, which must not take its target away for good, nor be more than a float holds.
    used = float(min(tokens, limits.tokens_per_minute * (MINUTE + longest)))
    full = _take(buckets.tokens_full, used, limits.tokens_per_minute, now)
    return Buckets(buckets.requests_full, min(full, now + MINUTE + longest))


def free_at(buckets: Buckets, in_flight: int, limits: Limits, now: float) -> float:
    """The instant from which there may be room; `now` when there is."""
    free = now
    if limits.concurrency is not None and in_flight >= limits.concurrency:
        free = now + PAUSE
    if limits.requests_per_minute is not None:
        free = max(free, _holds_one_at(buckets.requests_full, limits.requests_per_minute))
    if limits.tokens_per_minute is not None:
        free = max(free, _holds_one_at(buckets.tokens_full, limits.tokens_per_minute))
    return free if free > now + _SLACK else now


def _take(full: float, amount: float, per_minute: int, now: float) -> float:
    return max(full, now) + amount * MINUTE / per_minute


def _holds_one_at(full: float, per_minute: int) -> float:
    return full - MINUTE + MINUTE / per_minute
