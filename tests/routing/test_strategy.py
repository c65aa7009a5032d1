"""In which order targets are tried."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from deployments import clear, clearances, targets

from zdr_router.policy.preferences import Preferences
from zdr_router.routing.health import Health
from zdr_router.routing.strategy import STRATEGIES, View, arrange

CLEARED = clearances(3)
PLAIN = Preferences()
DRAW = random.Random(7).random  # noqa: S311 - the same draws every time


def view(weights=None, latency=None, source=DRAW) -> View:
    health = {name: Health(latency=seconds) for name, seconds in (latency or {}).items()}
    return View(weights or {}, health, source)


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
