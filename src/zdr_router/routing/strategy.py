"""In which order cleared targets are tried: a strategy of the route, then the request's own wishes."""

from __future__ import annotations

from math import inf, log
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

from zdr_router.routing.health import UNKNOWN, quantile, wants_measuring

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zdr_router.policy.clearance import Clearance
    from zdr_router.policy.preferences import Preferences, Sort
    from zdr_router.routing.health import Health

StrategyName = Literal["in_order", "weighted", "cheapest", "fastest", "least_loaded"]
LatencyMeasure = Literal["mean", "p50", "p90", "p99"]


def _none(_target: str) -> int:
    return 0


class View(NamedTuple):
    """What a strategy may look at: weights by target, health by target, and a source of numbers in [0, 1).

    `now` is on the clock of the health, `fastest_by` which figure `fastest` goes by, `in_flight` how many requests a
    target is busy with.
    """

    weights: Mapping[str, float]
    health: Mapping[str, Health]
    random: Callable[[], float]
    now: float = 0.0
    fastest_by: LatencyMeasure = "mean"
    in_flight: Callable[[str], int] = _none


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
    """By latency: the moving average, or a quantile of the last ones.

    A target whose latency is unknown or out of date comes first, but for one request at a time: the others take what
    is known of it, and where nothing is, it comes last.
    """

    def order(self, clearances: Sequence[Clearance], view: View) -> list[Clearance]:
        """Fastest first, ties as listed."""
        share = _SHARES.get(view.fastest_by)

        def latency(clearance: Clearance) -> float:
            health = view.health.get(clearance.target.id, UNKNOWN)
            if wants_measuring(health, view.now):
                return 0.0
            known = health.latency if share is None else quantile(health, share)
            return inf if known is None else known

        return sorted(clearances, key=latency)


class LeastLoaded:
    """Of two drawn at random, the one with fewer requests in flight; then likewise among those that are left.

    The least loaded of all would be everybody's choice at once, in every worker, and so the most loaded a moment later.
    The same holds of the target that comes next when one fails, so each place is drawn anew.
    """

    def order(self, clearances: Sequence[Clearance], view: View) -> list[Clearance]:
        """A draw by the power of two choices, repeated."""
        left, ordered = list(clearances), []
        while len(left) > 1:
            first = int(view.random() * len(left))
            # One place on at least and less than a whole round: never the same one twice.
            second = (first + 1 + int(view.random() * (len(left) - 1))) % len(left)
            busier = view.in_flight(left[first].target.id) > view.in_flight(left[second].target.id)
            ordered.append(left.pop(second if busier else first))
        return ordered + left


_SHARES: Final[Mapping[LatencyMeasure, float]] = {"p50": 0.5, "p90": 0.9, "p99": 0.99}

STRATEGIES: Final[Mapping[StrategyName, Strategy]] = {
    "weighted": Weighted(),
    "cheapest": Cheapest(),
    "fastest": Fastest(),
    "least_loaded": LeastLoaded(),
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
