"""When a target has room under its limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdr_router.policy.limits import Limits
from zdr_router.routing.load import FULL, MINUTE, PAUSE, ended, free_at, started

LONGEST = 300.0


def take_what_is_free(limits: Limits, instants: list[float]) -> list[float]:
    """Those of `instants` at which a request could be started."""
    buckets, taken = FULL, []
    for now in instants:
        if free_at(buckets, 0, limits, now) <= now:
            buckets = started(buckets, limits, now)
            taken.append(now)
    return taken


def test_concurrency_is_full_for_a_moment_at_a_time():
    limits = Limits(concurrency=2)
    assert free_at(FULL, 1, limits, 10.0) == 10.0
    assert free_at(FULL, 2, limits, 10.0) == 10.0 + PAUSE
    assert free_at(FULL, 3, limits, 10.0) == 10.0 + PAUSE


@pytest.mark.parametrize("limit", [1, 7, 60, 1000])
def test_a_minutes_worth_of_requests_may_start_at_once_and_then_they_are_spaced(limit):
    limits, now = Limits(requests_per_minute=limit), 1000.0
    assert len(take_what_is_free(limits, [now] * (limit + 5))) == limit
    buckets = FULL
    for _ in range(limit):
        buckets = started(buckets, limits, now)
    assert free_at(buckets, 0, limits, now) == pytest.approx(now + MINUTE / limit)


def test_a_request_that_starts_without_room_is_paid_for_too():
    limits, buckets = Limits(requests_per_minute=60), FULL
    for _ in range(65):
        buckets = started(buckets, limits, 0.0)
    assert free_at(buckets, 0, limits, 0.0) == pytest.approx(6.0)


def test_tokens_are_a_debt_that_is_paid_with_time():
    limits = Limits(tokens_per_minute=6000)
    buckets = ended(FULL, limits, 0.0, 5000, LONGEST)
    assert free_at(buckets, 0, limits, 0.0) == 0.0
    buckets = ended(buckets, limits, 0.0, 4000, LONGEST)
    # 3000 too many, at 100 a second, and one more to have one.
    assert free_at(buckets, 0, limits, 0.0) == pytest.approx(30.01)
    assert free_at(buckets, 0, limits, 31.0) == 31.0


@pytest.mark.parametrize("tokens", [10**6, 10**15, 10**400])
def test_a_count_that_cannot_be_true_holds_a_target_back_no_longer_than_a_provider_could(tokens):
    limits, buckets = Limits(tokens_per_minute=60), FULL
    for _ in range(3):
        buckets = ended(buckets, limits, 50.0, tokens, LONGEST)
    assert free_at(buckets, 0, limits, 50.0) == pytest.approx(50.0 + LONGEST + 1.0)


@pytest.mark.parametrize("tokens", [0, -1, -(10**400)])
def test_no_tokens_and_fewer_than_none_take_nothing_and_give_nothing_back(tokens):
    limits = Limits(tokens_per_minute=60)
    used = ended(FULL, limits, 50.0, 90, LONGEST)
    assert ended(used, limits, 50.0, tokens, LONGEST) == used


def test_what_is_not_limited_holds_nothing_back():
    buckets = ended(started(FULL, Limits(), 0.0), Limits(), 0.0, 10**9, LONGEST)
    assert buckets == FULL
    assert free_at(buckets, 10**6, Limits(), 0.0) == 0.0


def test_the_longest_wait_decides():
    limits = Limits(concurrency=1, requests_per_minute=1, tokens_per_minute=60)
    buckets = ended(started(FULL, limits, 0.0), limits, 0.0, 150, LONGEST)
    assert free_at(buckets, 1, limits, 0.0) == pytest.approx(91.0)
    buckets = ended(started(FULL, limits, 0.0), limits, 0.0, 10, LONGEST)
    assert free_at(buckets, 1, limits, 0.0) == pytest.approx(60.0)
    assert free_at(FULL, 1, limits, 0.0) == PAUSE


@given(st.integers(1, 200), st.lists(st.floats(0.0, 20.0), min_size=1, max_size=200), st.floats(0.0, 1e7))
def test_no_window_sees_more_requests_than_a_full_bucket_and_what_refills_in_it(limit, gaps, begin):
    instants = [begin]
    for gap in gaps:
        # Many at once, as if everybody asked.
        instants += [instants[-1] + gap] * (1 + limit // 20)
    taken = take_what_is_free(Limits(requests_per_minute=limit), instants)
    assert taken
    for first, since in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= limit + (taken[last] - since) * limit / MINUTE + 1e-3


@given(
    st.integers(1, 10_000),
    st.lists(st.tuples(st.floats(0.0, 30.0), st.integers(0, 20_000)), max_size=60),
)
def test_no_more_tokens_are_used_than_allowed_but_for_the_last_answer(limit, answers):
    limits, buckets, now, used, largest = Limits(tokens_per_minute=limit), FULL, 0.0, 0, 0
    for gap, tokens in answers:
        now += gap
        if free_at(buckets, 0, limits, now) > now:
            continue
        buckets = ended(buckets, limits, now, tokens, 1e9)
        used, largest = used + tokens, max(largest, tokens)
        assert used <= limit + now * limit / MINUTE + largest + 1e-3


@given(st.integers(1, 1000), st.integers(1, 50), st.floats(0.0, 1e7))
def test_the_instant_that_is_given_is_one_at_which_there_is_room(limit, beyond, now):
    limits, buckets = Limits(requests_per_minute=limit), FULL
    for _ in range(limit + beyond):
        buckets = started(buckets, limits, now)
    due = free_at(buckets, 0, limits, now)
    assert due > now
    assert free_at(buckets, 0, limits, due) <= due
