"""The scenarios: which faults come, how often, and what happens to the fleet meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulated.fates import DENIES, FAULTS, MID_WAY, MOVES_ON, SAYS_NO
from simulated.weather import Mood

if TYPE_CHECKING:
    from collections.abc import Mapping

FINE = Mood(0.0, lasts=120.0)
SHAKY = Mood(0.3, (*MOVES_ON, *MID_WAY), lasts=30.0)
ODD = Mood(0.2, tuple(FAULTS), lasts=30.0)
DOWN = Mood(1.0, ("connection refused", "connect timeout", "500", "502 from a proxy"), lasts=60.0)
HANGING = Mood(1.0, ("hang before the head", "hang before content", "hang in an error body"), lasts=20.0)
THROTTLED = Mood(0.7, ("429", "429 with Retry-After", "503 with Retry-After", "529"), lasts=20.0)
REFUSING = Mood(0.1, tuple(SAYS_NO), lasts=30.0)
DENYING = Mood(0.05, tuple(DENIES), lasts=30.0)
# What is luck, and independent: a target that asks for rest, or turns everybody away, fails for a while.
_LUCK = (
    "connection refused",
    "connect timeout",
    "reset before the head",
    "hang before the head",
    "hang in an error body",
    "500",
    "502 from a proxy",
    "malformed JSON",
    "empty choices",
    "error in a 200",
    "no content",
    "cut before content",
    "hang before content",
)
ONE_IN_FIVE = Mood(0.2, _LUCK, lasts=1e9)

USUAL = ("steady", "wide", "quickest", "spread", "tenants", "patient", "hedged")


@dataclass(frozen=True, slots=True)
class Scenario:
    """`every` is the mean time between two requests of the fleet, in seconds; so are the means below.

    `variety` and `difficult` are shares of the requests. `before_midnight` is how long before the world's midnight it
    begins, None: long before. Trust is kept in a file, or with `redis` in a server. `recovery` is after how long a
    target that works again must have been used again.
    """

    moods: Mapping[Mood, float]
    routes: tuple[str, ...] = USUAL
    every: float = 0.05
    workers: int = 1
    variety: float = 0.2
    difficult: float = 0.1
    before_midnight: float | None = None
    recovery: float = 60.0
    revoked_every: float | None = None
    unreadable_every: float | None = None
    jump_every: float | None = None
    partition_every: float | None = None
    restart_every: float | None = None
    isolated_every: float | None = None
    redis: bool = False
    says: str = field(default="", kw_only=True)


SCENARIOS: Mapping[str, Scenario] = {
    "calm": Scenario({FINE: 1}, says="nothing goes wrong but what callers do"),
    "faults": Scenario({FINE: 2, SHAKY: 2, ODD: 3, THROTTLED: 1, REFUSING: 1}, says="every fault of an answer"),
    "outages": Scenario(
        {FINE: 2, DOWN: 2, HANGING: 1, THROTTLED: 1},
        every=0.4,
        variety=0.05,
        isolated_every=60.0,
        says="targets go down, hang, ask for rest, are isolated by hand, and come back",
    ),
    "trust": Scenario(
        {FINE: 3, SHAKY: 1, DENYING: 1},
        before_midnight=40.0,
        revoked_every=5.0,
        unreadable_every=20.0,
        says="revocations, releases, contradictions, an unreadable trust state, expiry in mid-flight",
    ),
    "clock": Scenario(
        {FINE: 2, SHAKY: 2},
        before_midnight=20.0,
        jump_every=8.0,
        revoked_every=20.0,
        says="the clock on the wall jumps back and forward over the midnight at which much lapses",
    ),
    "fleet": Scenario(
        {FINE: 3, SHAKY: 2, DENYING: 1, DOWN: 1},
        workers=3,
        redis=True,
        revoked_every=4.0,
        unreadable_every=40.0,
        partition_every=10.0,
        restart_every=15.0,
        says="three workers, partitions between them and Redis, Redis gone, restarts",
    ),
    "callers": Scenario(
        {FINE: 2, SHAKY: 1, HANGING: 1},
        difficult=0.7,
        variety=0.5,
        says="callers who leave, time out, read slowly, ask for what nobody may serve",
    ),
    "everything": Scenario(
        {FINE: 4, SHAKY: 1, ODD: 1, DOWN: 1, HANGING: 1, THROTTLED: 1, REFUSING: 1, DENYING: 1},
        workers=3,
        redis=True,
        difficult=0.3,
        variety=0.3,
        before_midnight=60.0,
        revoked_every=10.0,
        unreadable_every=60.0,
        jump_every=30.0,
        partition_every=20.0,
        restart_every=30.0,
        isolated_every=40.0,
        says="all of it at once",
    ),
    "one in five": Scenario(
        {ONE_IN_FIVE: 1},
        routes=("three",),
        variety=0.0,
        difficult=0.0,
        says="three cleared targets, each of which fails one attempt in five",
    ),
}
