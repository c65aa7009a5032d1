"""When a breaker opens and closes, how many probe it, and what a provider's wish to be left alone does."""

from __future__ import annotations

import pytest

from zdr_router.routing.health import UNKNOWN, Breaker, Health, HealthEvent, admits, step

BREAKER = Breaker(failures=3, open_for=30.0, longest_throttle=300.0)
FAILED = HealthEvent("failed")
STARTED = HealthEvent("started")
SUCCEEDED = HealthEvent("succeeded", latency=1.0)


def after(*events: tuple[HealthEvent, float], health: Health = UNKNOWN) -> Health:
    for event, at in events:
        health = step(health, event, at, BREAKER)
    return health


OPEN = after((FAILED, 1.0), (FAILED, 2.0), (FAILED, 3.0))


def test_a_target_of_which_nothing_is_known_is_admitted():
    assert admits(UNKNOWN, 0.0)


def test_failures_in_a_row_open_the_breaker_for_a_while():
    assert admits(after((FAILED, 1.0), (FAILED, 2.0)), 2.0)
    assert not admits(OPEN, 3.0)
    assert not admits(OPEN, 32.9)
    assert admits(OPEN, 33.0)


def test_a_success_between_failures_starts_the_count_again():
    assert admits(after((FAILED, 1.0), (FAILED, 2.0), (SUCCEEDED, 3.0), (FAILED, 4.0), (FAILED, 5.0)), 5.0)


def test_one_probe_runs_at_a_time():
    probing = step(OPEN, STARTED, 33.0, BREAKER)
    assert not admits(probing, 33.1)


def test_a_probe_that_succeeds_closes_the_breaker():
    closed = after((STARTED, 33.0), (SUCCEEDED, 34.0), health=OPEN)
    assert admits(closed, 34.0)
    assert closed.failures == 0
    assert admits(after((FAILED, 35.0), (FAILED, 36.0), health=closed), 36.0)


def test_a_probe_that_fails_opens_it_again():
    failed = after((STARTED, 33.0), (FAILED, 34.0), health=OPEN)
    assert not admits(failed, 63.9)
    assert admits(failed, 64.0)


def test_a_probe_that_is_abandoned_lets_the_next_one_run():
    assert admits(after((STARTED, 33.0), (HealthEvent("abandoned"), 34.0), health=OPEN), 34.0)


def test_a_probe_of_which_nothing_is_heard_does_not_block_the_next_for_ever():
    lost = step(OPEN, STARTED, 33.0, BREAKER)
    assert admits(lost, 63.0)


def test_a_start_with_a_closed_breaker_changes_nothing():
    health = after((FAILED, 1.0))
    assert step(health, STARTED, 2.0, BREAKER) == health


def test_a_provider_that_asks_to_be_left_alone_is():
    throttled = step(UNKNOWN, HealthEvent("throttled", not_before=20.0), 10.0, BREAKER)
    assert not admits(throttled, 19.9)
    assert admits(throttled, 20.0)
    assert throttled.failures == 0


def test_a_throttle_is_no_longer_than_the_longest():
    throttled = step(UNKNOWN, HealthEvent("throttled", not_before=1e12), 10.0, BREAKER)
    assert admits(throttled, 310.0)


def test_a_shorter_throttle_does_not_shorten_a_longer_one():
    health = after((HealthEvent("throttled", not_before=20.0), 10.0), (HealthEvent("throttled", not_before=12.0), 11.0))
    assert not admits(health, 19.9)


def test_an_older_request_that_succeeds_does_not_lift_a_throttle():
    health = after((HealthEvent("throttled", not_before=20.0), 10.0), (SUCCEEDED, 10.5))
    assert not admits(health, 19.9)
    assert admits(health, 20.0)


def test_latency_is_a_moving_average():
    health = after((SUCCEEDED, 1.0), (HealthEvent("succeeded", latency=2.0), 2.0))
    assert health.latency == pytest.approx(1.2)
    assert step(health, HealthEvent("succeeded"), 3.0, BREAKER).latency == health.latency


def test_a_failure_keeps_the_latency():
    assert after((SUCCEEDED, 1.0), (FAILED, 2.0)).latency == 1.0


def test_asking_changes_nothing():
    assert step(OPEN, HealthEvent("asked"), 40.0, BREAKER) == OPEN
