"""How thoroughly to measure: enough for a test of the benchmark itself, for a look, or for the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Effort:
    """Bounds of one run.

    A turn of a server lasts `seconds`. The main load, 32 connections, has `rounds` of them, and every other `others`.
    `thorough` is whether the gateway is measured with parts of it switched off as well, its start from a checkout, and
    streams that the pass-through holds. `rivals` is how many rounds there are against litellm's proxy, `starts` how
    often the gateway is started, `streams` how many are held at a time, and `requests` over how many memory is looked
    at.
    """

    name: str
    seconds: int
    rounds: int
    others: int
    thorough: bool
    rivals: int
    starts: int
    streams: int
    requests: int


EFFORTS: Final = {
    effort.name: effort
    for effort in (
        Effort("tiny", 1, 1, 0, thorough=False, rivals=0, starts=1, streams=20, requests=0),
        Effort("quick", 1, 3, 1, thorough=False, rivals=0, starts=2, streams=500, requests=0),
        Effort("full", 3, 9, 5, thorough=True, rivals=3, starts=9, streams=500, requests=100_000),
    )
}
