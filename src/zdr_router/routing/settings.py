"""What an operator may set about health, probes and patience. Durations are seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

ProbeMethod = Literal["connect", "models", "completion"]


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """When a target is ejected, for how long, and how much of its traffic may be retries.

    It is ejected when, of at least `minimum_throughput` attempts within `window`, a share of `failure_ratio` has
    failed, or after `consecutive_failures`. The n-th ejection in a row lasts n times `eject_for`, at most
    `longest_ejection`. What a provider asks for is kept to for at most `longest_throttle`.
    """

    window: float = 30.0
    failure_ratio: float = 0.5
    minimum_throughput: int = 10
    consecutive_failures: int = 5
    eject_for: float = 5.0
    longest_ejection: float = 300.0
    longest_throttle: float = 300.0
    retry_share: float = 0.2


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """How often targets that nobody uses are looked at, and by which means."""

    every: float = 30.0
    by: ProbeMethod = "connect"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request waits, and for what. None: as long as its deadline lets it.

    `attempt` bounds one whole answer, `first_chunk` the wait for the first content of a stream, `chunk` that for each
    piece after it. After `hedge_after` without content a second target is started.
    """

    attempt: float | None = None
    first_chunk: float | None = None
    chunk: float | None = None
    hedge_after: float | None = None


PATIENT: Final = Patience()
"""Waits as long as the deadline lets it."""
