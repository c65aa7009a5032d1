"""In which order targets are tried."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from deployments import clear, clearances, targets

from zdr_router.policy.preferences import Preferences
from zdr_router.routing.health import UNKNOWN, Health, HealthEvent, step
from zdr_router.routing.settings import HealthSettings
from zdr_router.routing.strategy import STRATEGIES, View, arrange

CLEARED = clearances(3)
PLAIN = Preferences()
DRAW = random.Random(7).random  # noqa: S311 - the same draws every time


def view(weights=None, latency=None, source=DRAW, in_flight=None) -> View:
    health = {name: Health(latency=seconds) for name, seconds in (latency or {}).items()}
    return View(weights or {}, health, source, in_flight=lambda name: (in_flight or {}).get(name, 0))


def names(arranged) -> list[str]:
    return [each.target.account_name for each in arranged]


@pytest.mark.parametrize("strategy", ["in_order", *STRATEGIES])
def test_every_strategy_orders_all_and_only_what_it_is_given(strategy):
    arranged = arrange(CLEARED, strategy, PLAIN, view())
    assert sorted(names(arranged)) == ["a", "b", "c"]


def test_in_order_is_as_listed():
    assert names(arrange(CLEARED, "in_order", PLAIN, view())) == ["a", "b", "c"]


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e6])
def test_weighted_draws_in_proportion_whatever_the_scale(scale):
    look = view({"a/m": 6.0 * scale, "b/m": 3.0 * scale, "c/m": 1.0 * scale})
    draws = [names(arrange(CLEARED, "weighted", PLAIN, look)) for _ in range(6000)]
    first = Counter(order[0] for order in draws)
    assert first["a"] == pytest.approx(3600, abs=200)
    assert first["b"] == pytest.approx(1800, abs=200)
    assert first["c"] == pytest.approx(600, abs=150)
    # Among those that are left, in proportion again.
    second = Counter(order[1] for order in draws if order[0] == "a")
    assert second["b"] / (second["b"] + second["c"]) == pytest.approx(0.75, abs=0.05)


def test_a_weight_of_nothing_is_tried_last():
    look = view({"a/m": 0.0})
    assert all(names(arrange(CLEARED, "weighted", PLAIN, look))[-1] == "a" for _ in range(200))


@pytest.mark.parametrize("drawn", [0.0, 0.9999999999999999])
def test_weighted_stands_any_number_that_is_drawn(drawn):
    look = view({"a/m": 1e-300, "b/m": 1e300}, source=lambda: drawn)
    assert sorted(names(arrange(CLEARED, "weighted", PLAIN, look))) == ["a", "b", "c"]


def test_cheapest_counts_input_and_output_and_puts_the_unknown_last():
    models = [{"id": "m"}, {"id": "m", "price": {"input": 3, "output": 3}}, {"id": "m", "price": {"input": 5}}]
    made = [clear(targets(1, models=[model])[0]) for model in models]
    assert arrange(made, "cheapest", PLAIN, view()) == [made[2], made[1], made[0]]


def test_fastest_goes_by_latency_and_measures_the_unknown_first():
    arranged = arrange(CLEARED, "fastest", PLAIN, view(latency={"a/m": 2.0, "b/m": 1.0, "c/m": None}))
    assert names(arranged) == ["c", "b", "a"]


def measured(**latencies) -> dict[str, Health]:
    """Health after these latencies, at the instant 100."""
    seen = {}
    for name, each in latencies.items():
        seen[f"{name}/m"] = UNKNOWN
        for latency in each:
            event = HealthEvent("succeeded", latency=latency)
            seen[f"{name}/m"] = step(seen[f"{name}/m"], event, 100.0, HealthSettings())
    return seen


@pytest.mark.parametrize(("by", "expected"), [("mean", "bca"), ("p50", "acb"), ("p90", "bca"), ("p99", "bca")])
def test_fastest_goes_by_the_figure_that_the_route_names(by, expected):
    health = measured(a=[0.1] * 8 + [9.0] * 2, b=[0.9] * 10, c=[0.8] * 7 + [2.0] * 3)
    look = View({}, health, DRAW, now=101.0, fastest_by=by)
    assert "".join(names(arrange(CLEARED, "fastest", PLAIN, look))) == expected


def test_fastest_measures_again_what_is_out_of_date_with_one_request():
    health = measured(a=[1.0], b=[2.0], c=[3.0]) | {"b/m": measured(b=[2.0])["b/m"]._replace(measured_at=30.0)}
    look = View({}, health, DRAW, now=101.0)
    assert names(arrange(CLEARED, "fastest", PLAIN, look)) == ["b", "a", "c"]
    health["b/m"] = step(health["b/m"], HealthEvent("started"), 101.0, HealthSettings())
    assert names(arrange(CLEARED, "fastest", PLAIN, look)) == ["a", "b", "c"]


def test_fastest_sends_one_request_at_a_time_to_a_target_of_which_nothing_is_known():
    health = measured(b=[2.0], c=[3.0])
    look = View({}, health, DRAW, now=101.0)
    assert names(arrange(CLEARED, "fastest", PLAIN, look)) == ["a", "b", "c"]
    health["a/m"] = step(UNKNOWN, HealthEvent("started"), 101.0, HealthSettings())
    assert names(arrange(CLEARED, "fastest", PLAIN, look)) == ["b", "c", "a"]


def test_least_loaded_puts_the_less_loaded_of_two_first():
    look = view(in_flight={"a/m": 2, "b/m": 1})
    assert all(names(arrange(CLEARED[:2], "least_loaded", PLAIN, look)) == ["b", "a"] for _ in range(50))


def test_least_loaded_never_puts_the_most_loaded_first_and_always_puts_it_last():
    look = view(in_flight={"a/m": 9, "b/m": 1, "c/m": 3})
    orders = Counter(tuple(names(arrange(CLEARED, "least_loaded", PLAIN, look))) for _ in range(3000))
    # Of the three pairs that may be drawn, two hold the least loaded one.
    assert orders.keys() == {("b", "c", "a"), ("c", "b", "a")}
    assert orders["b", "c", "a"] == pytest.approx(2000, abs=120)


def test_least_loaded_draws_evenly_where_all_are_alike():
    look = View({}, {}, DRAW)
    orders = Counter(tuple(names(arrange(CLEARED, "least_loaded", PLAIN, look))) for _ in range(6000))
    assert len(orders) == 6
    assert all(count == pytest.approx(1000, abs=150) for count in orders.values())


@pytest.mark.parametrize("drawn", [0.0, 0.5, 0.9999999999999999])
@pytest.mark.parametrize("many", [0, 1, 2, 3])
def test_least_loaded_stands_any_number_that_is_drawn(drawn, many):
    arranged = arrange(CLEARED[:many], "least_loaded", PLAIN, view(source=lambda: drawn))
    assert sorted(names(arranged)) == ["a", "b", "c"][:many]


def test_least_loaded_keeps_targets_nearly_level_where_chance_would_not():
    cleared = clearances(8)

    def fullest(strategy: str) -> int:
        under_way = Counter()
        for _ in range(800):
            look = View({}, {}, DRAW, in_flight=lambda name: under_way[name])
            under_way[arrange(cleared, strategy, PLAIN, look)[0].target.id] += 1
        return max(under_way.values())

    assert fullest("least_loaded") <= 103
    assert fullest("weighted") > 106


@pytest.mark.parametrize(("sort", "first"), [("latency", "b"), ("throughput", "b")])
def test_the_sort_of_a_request_replaces_the_strategy(sort, first):
    look = view(latency={"a/m": 2.0, "b/m": 1.0, "c/m": 3.0})
    assert names(arrange(CLEARED, "in_order", Preferences(sort=sort), look))[0] == first


def test_a_request_may_sort_by_price():
    models = [{"id": "m", "price": {"input": 9}}, {"id": "m", "price": {"input": 1}}]
    made = [clear(targets(1, models=[model])[0]) for model in models]
    assert arrange(made, "in_order", Preferences(sort="price"), view()) == made[::-1]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (("c/m",), ["c", "a", "b"]),
        (("acme/c", "b/m"), ["c", "b", "a"]),
        (("acme",), ["a", "b", "c"]),
        (("nobody", "b/m"), ["b", "a", "c"]),
    ],
)
def test_what_a_request_names_in_its_order_comes_first(order, expected):
    assert names(arrange(CLEARED, "in_order", Preferences(order=order), view())) == expected
