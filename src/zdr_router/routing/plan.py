"""From a route and a request to a plan: which targets may serve, in which order, and why the others may not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from zdr_router.policy.preferences import NO_PREFERENCES
from zdr_router.routing.health import UNKNOWN, Health, HealthEvent, StateStore, admits
from zdr_router.routing.strategy import StrategyName, View, arrange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zdr_router.metadata import Refusal
    from zdr_router.policy.clearance import Clearance
    from zdr_router.policy.preferences import Preferences
    from zdr_router.policy.target import Target

_ASKED = HealthEvent("asked")


@dataclass(frozen=True, slots=True)
class Route:
    """The name that callers ask for: an ordered set of targets, a strategy, and bounds (seconds, attempts)."""

    name: str
    targets: tuple[Target, ...]
    strategy: StrategyName = "in_order"
    weights: Mapping[str, float] | None = None
    timeout: float = 60.0
    max_attempts: int = 6


class Plan(NamedTuple):
    """Ordered clearances, and the refusals of every target that is not among them.

    `resting` are cleared targets that health holds back for now.
    """

    clearances: tuple[Clearance, ...]
    refusals: tuple[Refusal, ...]
    resting: tuple[str, ...] = ()


def make_plan(  # noqa: PLR0913 - clock, chance and health are arguments, never globals
    route: Route,
    cleared: list[Clearance],
    refusals: tuple[Refusal, ...],
    preferences: Preferences,
    *,
    store: StateStore,
    now: float,
    random: Callable[[], float],
) -> Plan:
    """Order those targets of `route` that were cleared, and let health hold back the failing ones.

    When health would hold back all of them, the one that is due first is tried all the same.
    """
    health = {each.target.id: store.apply(each.target.id, _ASKED, now) for each in cleared}
    arranged = cleared
    if route.strategy != "in_order" or preferences is not NO_PREFERENCES:
        arranged = arrange(cleared, route.strategy, preferences, View(route.weights or {}, health, random))
    bound = route.max_attempts if preferences.allow_fallbacks else 1
    held_back = [name for name, state in health.items() if state is not UNKNOWN and not admits(state, now)]
    if not held_back:
        return Plan(tuple(arranged[:bound]), refusals)
    if len(held_back) == len(health):
        held_back.remove(min(arranged, key=lambda each: _due(health[each.target.id])).target.id)
    admitted = [each for each in arranged if each.target.id not in held_back]
    resting = tuple(each.target.id for each in arranged if each.target.id in held_back)
    return Plan(tuple(admitted[:bound]), refusals, resting)


def _due(health: Health) -> float:
    return max(health.opened_until, health.probe_until, health.not_before)
