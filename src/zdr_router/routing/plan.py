"""From a route and a request to a plan: which targets may serve, in which order, and why the others may not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from zdr_router.policy.preferences import NO_PREFERENCES
from zdr_router.routing.health import UNKNOWN, HealthEvent, StateStore, admits, due
from zdr_router.routing.settings import PATIENT, Patience
from zdr_router.routing.strategy import LatencyMeasure, StrategyName, View, arrange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zdr_router.metadata import Refusal
    from zdr_router.policy.clearance import Clearance
    from zdr_router.policy.preferences import Preferences
    from zdr_router.policy.target import Target
    from zdr_router.routing.health import Health

    Clear = Callable[[Sequence[Target]], tuple[list[Clearance], tuple[Refusal, ...]]]
    """Clears each of these targets for the request at hand."""

_ASKED = HealthEvent("asked")


@dataclass(frozen=True, slots=True)
class Route:
    """The name that callers ask for: an ordered set of targets, a strategy, and bounds (seconds, attempts).

    `retries` are further tries at the same target. `fallbacks` and `larger_context` are routes without such of their
    own: the targets of the first are tried after this route's, those of the second once a request was too long.
    """

    name: str
    targets: tuple[Target, ...]
    strategy: StrategyName = "in_order"
    weights: Mapping[str, float] | None = None
    timeout: float = 60.0
    max_attempts: int = 6
    retries: int = 2
    patience: Patience = PATIENT
    fastest_by: LatencyMeasure = "mean"
    fallbacks: tuple[Route, ...] = ()
    larger_context: tuple[Route, ...] = ()


class Plan(NamedTuple):
    """Ordered clearances, and the refusals of every target that is not among them.

    `resting` are cleared targets that health holds back for now; `larger` are those for a request that has turned out
    to be too long.
    """

    clearances: tuple[Clearance, ...]
    refusals: tuple[Refusal, ...]
    resting: tuple[Clearance, ...] = ()
    larger: tuple[Clearance, ...] = ()


class Luck(NamedTuple):
    """What an order may depend on besides the request: health at an instant, load and chance."""

    store: StateStore
    now: float
    random: Callable[[], float]
    in_flight: Callable[[str], int]


def make_plan(route: Route, clear: Clear, preferences: Preferences, luck: Luck) -> Plan:
    """Clear the targets of `route`, then those that it falls back to; order them, and put the ailing ones last.

    When health would hold back all of them, the one that is due first is planned all the same.
    """
    health: dict[str, Health] = {}
    arranged, refusals = _arranged(route, clear, preferences, luck, health)
    larger: list[Clearance] = []
    if preferences.allow_fallbacks:
        for alternate in route.fallbacks:
            also, refused = _arranged(alternate, clear, preferences, luck, health)
            arranged, refusals = [*arranged, *also], (*refusals, *refused)
        for alternate in route.larger_context:
            also, refused = _arranged(alternate, clear, preferences, luck, health)
            larger += also
            refusals = (*refusals, *refused)
    if route.fallbacks or route.larger_context:
        refusals = tuple(dict.fromkeys(refusals))  # a target of several routes is refused once
    held_back = [name for name, state in health.items() if state is not UNKNOWN and not admits(state, luck.now)]
    if not held_back:
        return Plan(tuple(_one(arranged, preferences)), refusals, (), tuple(larger))
    admitted = [each for each in arranged if each.target.id not in held_back]
    resting = [each for each in arranged if each.target.id in held_back]
    if not admitted and resting:
        least = min(resting, key=lambda each: due(health[each.target.id], luck.now))
        if not health[least.target.id].isolated:
            resting.remove(least)
            admitted.append(least)
    if not preferences.allow_fallbacks and admitted:
        resting = []
    return Plan(tuple(_one(admitted, preferences)), refusals, tuple(resting), tuple(larger))


def _arranged(
    route: Route, clear: Clear, preferences: Preferences, luck: Luck, health: dict[str, Health]
) -> tuple[list[Clearance], tuple[Refusal, ...]]:
    """Those targets of one route that are cleared and not planned yet, in the order of its strategy."""
    cleared, refusals = clear(route.targets)
    if health:
        cleared = [each for each in cleared if each.target.id not in health]
    apply, now = luck.store.apply, luck.now
    for each in cleared:
        name = each.target.id
        health[name] = apply(name, _ASKED, now)
    if route.strategy == "in_order" and preferences is NO_PREFERENCES:
        return cleared, refusals
    view = View(route.weights or {}, health, luck.random, luck.now, route.fastest_by, luck.in_flight)
    return arrange(cleared, route.strategy, preferences, view), refusals


def _one(clearances: list[Clearance], preferences: Preferences) -> list[Clearance]:
    """Only the first, where the request wants no other."""
    return clearances if preferences.allow_fallbacks else clearances[:1]
