"""Limits by the minute as token buckets: what a bucket holds flows back evenly. Pure; instants are seconds.

A bucket of a limit of N a minute holds N at most, and N/60 flow in each second. What a request takes is reserved before
it is sent and settled once it is known, so a bucket may be overdrawn: whoever took more than it was estimated waits.
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

MINUTE = 60.0


class Bucket(NamedTuple):
    """What was in a bucket at an instant."""

    level: float
    at: float


def level(bucket: Bucket | None, limit: int, now: float) -> float:
    """What is in it now; one that nobody used yet is full. A clock that goes back adds nothing."""
    if bucket is None:
        return float(limit)
    return min(float(limit), bucket.level + max(0.0, now - bucket.at) * limit / MINUTE)


def wait_for(have: float, amount: float, limit: int) -> float:
    """Seconds until `amount` can be taken; 0 where it can be now."""
    return max(0.0, amount - have) * MINUTE / limit


def full_in(have: float, limit: int) -> float:
    """Seconds until the bucket is full."""
    return wait_for(have, limit, limit)


def written(seconds: float) -> str:
    """A time as OpenAI's rate-limit headers have it: `0s`, `120ms`, `7.25s`, `1m3s`."""
    if seconds < 1.0:
        millis = ceil(seconds * 1000 - 1e-3)
        if millis < 1000:  # noqa: PLR2004 - milliseconds of a second
            return f"{millis}ms" if millis else "0s"
    minutes, rest = divmod(ceil(seconds * 1000 - 1e-3) / 1000, MINUTE)
    short = f"{rest:.3f}".rstrip("0").rstrip(".")
    return f"{int(minutes)}m{short}s" if minutes else f"{short}s"
