"""In which order cleared targets are tried: a strategy of the route, then the request's own wishes."""

from __future__ import annotations

from math import inf, log
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zdr_router.policy.clearance import Clearance
    from zdr_router.policy.preferences import Preferences, Sort
    from zdr_router.routing.health import Health

StrategyName = Literal["in_order", "weighted", "cheapest", "fastest"]


class View(NamedTuple):
    """What a strategy may look at: weights by target, health by target, and a source of numbers in [0, 1)."""

    weights: Mapping[str, float]
    health: Mapping[str, Health]
    random: Callable[[], float]


class Strategy(Protocol):
    """Orders cleared targets."""

    def order(self, clearances: Sequence[Clearance], view: View) -> list[Clearance]:
        """All of `clearances`, best first."""
        ...


class Weighted:
    """At random, each in proportion to its weight among those that are left."""

    def order(self, clearances: Sequence[Clearance], view: View) -> list[Clearance]:
        """A weighted shuffle without replacement."""

        def draw(clearance: Clearance) -> float:
            weight = view.weights.get(clearance.target.id, 1.0)
            # An exponential variate, negated. The usual random() ** (1 / weight) underflows where weights are small.
            return log(1.0 - view.random()) / weight if weight > 0.0 else -inf

        drawn = [(draw(clearance), clearance) for clearance in clearances]
        return [clearance for _, clearance in sorted(drawn, key=_first, reverse=True)]


class Cheapest:
    """By price for a million tokens in and out; an unknown price comes last."""

    def order(self, clearances: Sequence[Clearance], view: View) -> list[Clearance]:  # noqa: ARG002 - the port's shape
        """Cheapest first, ties as listed."""
        return sorted(clearances, key=_price)


class Fastest:
    """By the moving average of latency; a target that was never tried comes first, so that it is measured."""

    def order(self, clearances: Sequence[Clearance], view: View) -> list[Clearance]:
        """Fastest first, ties as listed."""

        def latency(clearance: Clearance) -> float:
            health = view.health.get(clearance.target.id)
            return 0.0 if health is None or health.latency is None else health.latency

        return sorted(clearances, key=latency)


STRATEGIES: Final[Mapping[StrategyName, Strategy]] = {
    "weighted": Weighted(),
    "cheapest": Cheapest(),
    "fastest": Fastest(),
}

_SORTS: Final[Mapping[Sort, StrategyName]] = {"price": "cheapest", "latency": "fastest", "throughput": "fastest"}


def arrange(
    clearances: Sequence[Clearance], strategy: StrategyName, preferences: Preferences, view: View
) -> list[Clearance]:
    """Order by the request's `sort` or else the route's strategy, then put what its `order` names first."""
    name = strategy if preferences.sort is None else _SORTS[preferences.sort]
    strategist = STRATEGIES.get(name)
    arranged = list(clearances) if strategist is None else strategist.order(clearances, view)
    if preferences.order:
        arranged.sort(key=lambda clearance: _position(clearance, preferences.order))
    return arranged


def _position(clearance: Clearance, order: Sequence[str]) -> int:
    target = clearance.target
    names = (target.id, target.configuration.id, target.configuration.provider)
    return min((order.index(name) for name in names if name in order), default=len(order))


def _price(clearance: Clearance) -> float:
    declared = clearance.target.declared
    if declared is None or declared.price is None:
        return float("inf")
    return declared.price.input + declared.price.output


def _first(pair: tuple[float, Clearance]) -> float:
    return pair[0]
