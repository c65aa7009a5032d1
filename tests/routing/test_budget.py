"""Retries are a share of a target's traffic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdr_router.routing.budget import FLOOR, SPAN, UNSPENT, Budget, may_retry, spend

SHARE = 0.2


def spent(attempts: int, retries: int, at: float = 0.0) -> Budget:
    budget = UNSPENT
    for number in range(attempts):
        budget = spend(budget, at, again=number < retries)
    return budget


def test_without_any_traffic_the_floor_is_allowed_and_no_more():
    budget, allowed = UNSPENT, 0
    while may_retry(budget, 0.0, SHARE):
        budget = spend(budget, 0.0, again=True)
        allowed += 1
    assert allowed == FLOOR == 3


def test_with_traffic_a_share_of_all_attempts_is_allowed():
    budget, allowed = spent(100, 0), 0
    while may_retry(budget, 0.0, SHARE):
        budget = spend(budget, 0.0, again=True)
        allowed += 1
    assert allowed == 25  # of 125


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_of_nothing_leaves_the_floor_and_one_of_everything_bounds_nothing(share):
    assert may_retry(spent(50, 2), 0.0, share)
    assert may_retry(spent(50, 3), 0.0, share) is (share == 1.0)


def test_what_happened_counts_less_as_time_goes_by():
    budget = spent(3, 3)
    assert not may_retry(budget, 0.0, SHARE)
    assert not may_retry(budget, 0.3 * SPAN, SHARE)
    assert may_retry(budget, 0.5 * SPAN, SHARE)


def test_a_quiet_time_does_not_turn_a_share_that_was_kept_to_into_one_that_was_not():
    budget = spent(1000, 190)
    assert may_retry(budget, 0.0, SHARE)
    assert may_retry(budget, 2 * SPAN, SHARE)


def test_traffic_of_long_ago_allows_no_retries():
    budget = spent(1000, 0)
    for _ in range(3):
        budget = spend(budget, 10 * SPAN, again=True)
    assert not may_retry(budget, 10 * SPAN, SHARE)


def test_an_instant_that_lies_before_the_last_one_lets_nothing_fade_or_grow():
    assert spend(spent(4, 2, at=50.0), 20.0, again=True) == Budget(50.0, 5.0, 3.0)


@given(
    st.lists(st.tuples(st.floats(0.0, 5.0), st.integers(0, 40), st.integers(0, 40)), max_size=40),
    st.floats(0.0, 1.0),
)
def test_retries_never_exceed_their_share_and_the_floor_over_any_history(history, share):
    budget, now = UNSPENT, 0.0
    attempts = retries = 0
    for pause, firsts, wished in history:
        now += pause
        for _ in range(firsts):
            budget = spend(budget, now, again=False)
        attempts += firsts
        for _ in range(wished):
            if not may_retry(budget, now, share):
                break
            budget = spend(budget, now, again=True)
            attempts += 1
            retries += 1
        assert budget.retries <= max(FLOOR, share * budget.attempts) + 1e-6
    # What the weights say, said without weights: the floor refills once in a span, the rest is a share of all.
    assert retries <= FLOOR * (1.0 + now / SPAN) + share * attempts + 1e-6
