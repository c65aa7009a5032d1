"""What a window counts, and what it leaves out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdr_router.routing.window import EMPTY, SLICES, counted, fails

LENGTH = 10.0


def after(*attempts: tuple[int, float]):
    window = EMPTY
    for failures, at in attempts:
        window = counted(window, failures, at, LENGTH)
    return window


def share(window, now, *, throughput=1, ratio=0.5) -> bool:
    return fails(window, now, LENGTH, throughput=throughput, ratio=ratio)


@pytest.mark.parametrize(("failed", "fine", "fail"), [(5, 5, True), (4, 5, False), (0, 9, False), (9, 0, True)])
def test_a_share_of_failures_is_one_of_all_attempts(failed, fine, fail):
    window = after(*[(1, 1.0)] * failed, *[(0, 2.5)] * fine)
    assert share(window, 3.0) is fail


def test_too_few_attempts_say_nothing():
    window = after(*[(1, 1.0)] * 4)
    assert not share(window, 2.0, throughput=5)
    assert share(window, 2.0, throughput=4)


def test_an_empty_window_fails_nobody():
    assert not share(EMPTY, 1.0)


def test_what_is_older_than_the_window_does_not_count():
    window = after(*[(1, 1.0)] * 5)
    assert share(window, 10.9)
    window = counted(window, 0, 10.9, LENGTH)
    assert share(window, 10.9)
    assert not share(window, 11.0)


def test_what_no_longer_counts_is_not_kept():
    window = after(*[(0, float(at)) for at in range(100)])
    assert len(window[3]) <= SLICES


attempts = st.lists(st.tuples(st.integers(0, 1), st.floats(0, 3)), max_size=80)


@given(attempts)
def test_it_counts_nine_tenths_of_the_window_at_least_and_all_of_it_at_most(gaps):
    now, seen, window = 0.0, [], EMPTY
    for failures, gap in gaps:
        now += gap
        seen.append((failures, now))
        window = counted(window, failures, now, LENGTH)
        most = sum(at > now - LENGTH for _, at in seen)
        least = sum(at > now - LENGTH + LENGTH / SLICES for _, at in seen)
        assert share(window, now, throughput=least, ratio=0.0)
        assert not share(window, now, throughput=most + 1, ratio=0.0)
        assert len(window[3]) <= SLICES


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(-1e6, 1e6)), max_size=60))
def test_a_clock_that_jumps_neither_breaks_it_nor_makes_it_grow(jumps):
    window = after(*jumps)
    assert len(window[3]) <= SLICES + 1
    assert isinstance(share(window, 0.0), bool)
