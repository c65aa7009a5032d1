"""How long to wait before the same target is tried again."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdr_router.routing.backoff import pause

HIGHEST = 0.9999999999999999


@pytest.mark.parametrize(
    ("tries", "bound"), [(1, 0.25), (2, 0.5), (3, 1.0), (4, 2.0), (5, 4.0), (6, 8.0), (7, 8.0), (5000, 8.0)]
)
def test_the_bound_doubles_with_each_try_until_it_is_the_longest(tries, bound):
    assert pause(tries, lambda: HIGHEST) == pytest.approx(bound)
    assert pause(tries, lambda: 0.5) == pytest.approx(bound / 2)


@pytest.mark.parametrize("tries", [0, -3])
def test_before_any_try_it_waits_no_longer_than_after_the_first(tries):
    assert pause(tries, lambda: HIGHEST) == pytest.approx(0.25)


@given(st.integers(0, 10_000), st.floats(0.0, HIGHEST), st.floats(0.001, 10.0), st.floats(0.001, 100.0))
def test_it_never_leaves_the_interval(tries, drawn, base, longest):
    assert 0.0 <= pause(tries, lambda: drawn, base=base, longest=longest) <= longest


def test_the_whole_interval_is_drawn_from():
    draw = random.Random(5).random  # noqa: S311 - the same draws every time
    pauses = [pause(3, draw) for _ in range(4000)]
    assert min(pauses) < 0.01
    assert max(pauses) > 0.99
    assert sum(pauses) / len(pauses) == pytest.approx(0.5, abs=0.02)
