"""How thoroughly to measure: enough for a test of the benchmark itself, for a look, or for the record."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final

from benchmarks.loads import LOADS


@dataclass(frozen=True, slots=True)
class Effort:
    """Bounds of one run, in seconds.

    `batch` is how long one client runs at a stretch, `per_load` how long the rounds of one load go on after the first,
    `rounds` how many there are at least. A client whose batch takes more than `slow` of CPU runs in fewer rounds from
    then on: under the loads for `everybody`, and more than once only under those where it runs `again`; once a run has
    taken `patience`, not at all, which the result says.
    `fresh` is how many imports, and `loaded` how many loads of the registry, a median is taken of. `growth` calls are
    made to see whether memory grows, `decisions` plans to see what one costs, `codecs` rounds of all wire formats (none
    where the seconds that litellm takes to load are too many). `failing` is how many calls fail over in a round,
    `sharing` for how long calls share health in one. `providers` are generated for the large registry.
    """

    name: str
    loads: tuple[str, ...]
    everybody: frozenset[str]
    again: frozenset[str]
    patience: float
    batch: float
    per_load: float
    rounds: int
    slow: float
    fresh: int
    loaded: int
    growth: int
    decisions: int
    codecs: int
    failing: int
    sharing: float
    providers: int


_ESSENTIAL: Final = ("chat_c32", "chat_c1", "chat200k_c32", "stream_c32")
_QUICK: Final = (*_ESSENTIAL, "dialogue200k_c32", "burst_c32")

EFFORTS: Final = {
    effort.name: effort
    for effort in (
        Effort(
            name="tiny",
            loads=_ESSENTIAL,
            everybody=frozenset(_ESSENTIAL),
            again=frozenset({"chat_c32"}),
            patience=inf,
            batch=0.001,
            per_load=0.0,
            rounds=1,
            slow=0.0,
            fresh=1,
            loaded=1,
            growth=64,
            decisions=20,
            codecs=0,
            failing=4,
            sharing=0.1,
            providers=1,
        ),
        Effort(
            name="quick",
            loads=_QUICK,
            everybody=frozenset(_ESSENTIAL),
            again=frozenset({"chat_c32"}),
            patience=25.0,
            batch=0.05,
            per_load=1.6,
            rounds=5,
            slow=0.06,
            fresh=4,
            loaded=3,
            growth=3_000,
            decisions=2_000,
            codecs=0,
            failing=60,
            sharing=0.15,
            providers=100,
        ),
        Effort(
            name="full",
            loads=tuple(LOADS),
            everybody=frozenset(LOADS),
            again=frozenset(LOADS),
            patience=inf,
            batch=0.3,
            per_load=30.0,
            rounds=9,
            slow=0.6,
            fresh=15,
            loaded=7,
            growth=100_000,
            decisions=20_000,
            codecs=40,
            failing=400,
            sharing=1.0,
            providers=100,
        ),
    )
}
