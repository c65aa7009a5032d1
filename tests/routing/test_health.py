"""When a target is ejected and comes back, who probes it, and what a provider's wish to be left alone does."""

from __future__ import annotations

from math import inf

import pytest

from zdr_router.routing.health import (
    LATENCIES,
    PROBE_LASTS,
    UNKNOWN,
    Health,
    HealthEvent,
    admits,
    due,
    quantile,
    step,
    wants_measuring,
)
from zdr_router.routing.settings import HealthSettings

SETTINGS = HealthSettings(
    window=10.0,
    failure_ratio=0.5,
    minimum_throughput=6,
    consecutive_failures=3,
    eject_for=5.0,
    longest_ejection=12.0,
    longest_throttle=300.0,
)
FAILED, STARTED, ABANDONED = HealthEvent("failed"), HealthEvent("started"), HealthEvent("abandoned")
SUCCEEDED = HealthEvent("succeeded", latency=1.0)
ISOLATED, RELEASED = HealthEvent("isolated"), HealthEvent("released")


def after(*events: tuple[HealthEvent, float], health: Health = UNKNOWN) -> Health:
    for event, at in events:
        health = step(health, event, at, SETTINGS)
    return health


def throttled(until: float) -> HealthEvent:
    return HealthEvent("throttled", not_before=until)


EJECTED = after((FAILED, 1.0), (FAILED, 2.0), (FAILED, 3.0))
"""Until 8."""


def test_a_target_of_which_nothing_is_known_is_admitted():
    assert admits(UNKNOWN, 0.0)
    assert due(UNKNOWN, 7.0) == 7.0


# What ejects.


def test_failures_in_a_row_eject_for_a_while():
    assert admits(after((FAILED, 1.0), (FAILED, 2.0)), 2.0)
    assert not admits(EJECTED, 3.0)
    assert not admits(EJECTED, 7.9)
    assert admits(EJECTED, 8.0)
    assert due(EJECTED, 4.0) == 8.0


def test_a_success_between_failures_starts_the_count_again():
    assert admits(after((FAILED, 1.0), (FAILED, 2.0), (SUCCEEDED, 3.0), (FAILED, 4.0), (FAILED, 5.0)), 5.0)


def test_a_share_of_failures_ejects_where_there_are_enough_attempts():
    five = after(*[(SUCCEEDED, 1.0), (FAILED, 1.5)] * 2, (SUCCEEDED, 2.0))
    assert admits(five, 2.0)
    assert not admits(step(five, FAILED, 2.5, SETTINGS), 2.5)


def test_a_smaller_share_of_failures_does_not():
    assert admits(after(*[(SUCCEEDED, 1.0), (SUCCEEDED, 1.2), (FAILED, 1.5)] * 20), 2.0)


def test_failures_that_are_long_past_do_not_count():
    early = after(*[(SUCCEEDED, 1.0), (FAILED, 1.5)] * 2, (SUCCEEDED, 2.0))
    assert admits(after((SUCCEEDED, 20.0), (FAILED, 21.0), health=early), 21.0)


# How it comes back.


def test_one_probe_runs_at_a_time():
    probing = step(EJECTED, STARTED, 8.0, SETTINGS)
    assert not admits(probing, 8.1)


def test_a_probe_that_succeeds_ends_the_ejection_and_clears_the_counts():
    closed = after((STARTED, 8.0), (SUCCEEDED, 9.0), health=EJECTED)
    assert admits(closed, 9.0)
    assert admits(after((FAILED, 9.1), (FAILED, 9.2), health=closed), 9.2)
    assert not admits(after((FAILED, 9.1), (FAILED, 9.2), (FAILED, 9.3), health=closed), 9.3)


def test_a_probe_that_fails_ejects_for_longer_each_time_up_to_the_longest():
    health, at, lasted = EJECTED, 8.0, []
    for _ in range(4):
        health = after((STARTED, at), (FAILED, at + 1.0), health=health)
        lasted.append(health.ejected_until - (at + 1.0))
        at = health.ejected_until
    assert lasted == [10.0, 12.0, 12.0, 12.0]
    assert not admits(health, at - 0.1)
    assert admits(health, at)


@pytest.mark.parametrize("end", [ABANDONED, throttled(8.5)], ids=["abandoned", "throttled"])
def test_a_probe_that_says_nothing_lets_the_next_one_run(end):
    health = after((STARTED, 8.0), (end, 8.5), health=EJECTED)
    assert admits(health, 8.5)
    assert not admits(step(health, STARTED, 8.5, SETTINGS), 8.6)


def test_a_probe_of_which_nothing_is_heard_does_not_block_the_next_for_ever():
    lost = step(EJECTED, STARTED, 8.0, SETTINGS)
    assert not admits(lost, 8.0 + PROBE_LASTS - 0.1)
    assert admits(lost, 8.0 + PROBE_LASTS)


def test_a_start_without_an_ejection_keeps_nobody_out():
    health = after((FAILED, 1.0), (STARTED, 2.0))
    assert admits(health, 2.0)
    assert step(health, STARTED, 3.0, SETTINGS) is health


@pytest.mark.parametrize("late", [SUCCEEDED, FAILED], ids=["succeeds", "fails"])
def test_a_request_that_was_under_way_at_the_ejection_neither_ends_nor_lengthens_it(late):
    health = after((late, 4.0), (late, 5.0), health=EJECTED)
    assert health[:8] == EJECTED[:8]


def test_the_least_bad_target_that_succeeds_before_its_time_is_well_again():
    assert admits(after((STARTED, 4.0), (SUCCEEDED, 4.5), health=EJECTED), 4.5)


def test_a_target_that_was_well_for_as_long_as_it_was_ejected_starts_again_with_a_short_ejection():
    well = after((STARTED, 8.0), (FAILED, 9.0), (STARTED, 19.0), (SUCCEEDED, 20.0), health=EJECTED)  # ejected for 10 s
    too_soon = after((FAILED, 28.0), (FAILED, 29.0), (FAILED, 29.9), health=well)
    in_time = after((FAILED, 28.0), (FAILED, 29.0), (FAILED, 30.0), health=well)
    assert due(too_soon, 30.0) == 29.9 + 12.0
    assert due(in_time, 30.0) == 35.0


# Throttles.


def test_a_provider_that_asks_to_be_left_alone_is():
    health = step(UNKNOWN, throttled(20.0), 10.0, SETTINGS)
    assert not admits(health, 19.9)
    assert admits(health, 20.0)
    assert due(health, 10.0) == 20.0
    assert health.failures == 0


def test_a_throttle_is_no_longer_than_the_longest():
    assert admits(step(UNKNOWN, throttled(1e12), 10.0, SETTINGS), 310.0)


def test_a_shorter_throttle_does_not_shorten_a_longer_one():
    assert not admits(after((throttled(20.0), 10.0), (throttled(12.0), 11.0)), 19.9)


def test_an_older_request_that_succeeds_does_not_lift_a_throttle():
    health = after((throttled(20.0), 10.0), (SUCCEEDED, 10.5))
    assert not admits(health, 19.9)
    assert admits(health, 20.0)


# By hand.


def test_an_isolated_target_is_never_due_until_it_is_released():
    isolated = step(UNKNOWN, ISOLATED, 1.0, SETTINGS)
    assert not admits(isolated, 1e9)
    assert due(isolated, 1.0) == inf
    assert not admits(after((SUCCEEDED, 2.0), (throttled(3.0), 2.0), health=isolated), 1e9)
    assert admits(step(isolated, RELEASED, 3.0, SETTINGS), 3.0)


def test_releasing_a_target_does_not_end_its_ejection():
    assert not admits(after((ISOLATED, 4.0), (RELEASED, 5.0), health=EJECTED), 7.9)


# Speed.


def test_latency_is_a_moving_average():
    health = after((SUCCEEDED, 1.0), (HealthEvent("succeeded", latency=2.0), 2.0))
    assert health.latency == pytest.approx(1.2)
    assert health.measured_at == 2.0
    unmeasured = step(health, HealthEvent("succeeded"), 3.0, SETTINGS)
    assert unmeasured[8:] == health[8:]


def test_a_failure_keeps_the_latency():
    assert after((SUCCEEDED, 1.0), (FAILED, 2.0)).latency == 1.0


def test_a_quantile_is_a_latency_that_was_seen():
    health = after(*[(HealthEvent("succeeded", latency=float(n)), 1.0) for n in (3, 1, 2, 10)])
    assert [quantile(health, q) for q in (0.0, 0.25, 0.5, 0.51, 0.75, 0.9, 1.0)] == [
        1.0,
        1.0,
        2.0,
        3.0,
        3.0,
        10.0,
        10.0,
    ]
    assert quantile(UNKNOWN, 0.5) is None


def test_only_the_last_latencies_are_kept():
    health = after(*[(HealthEvent("succeeded", latency=float(n)), 1.0) for n in range(100)])
    assert health.latencies == tuple(map(float, range(100 - LATENCIES, 100)))


def test_one_request_at_a_time_measures_what_is_unknown_or_out_of_date():
    assert wants_measuring(UNKNOWN, 0.0)
    measuring = step(UNKNOWN, STARTED, 1.0, SETTINGS)
    assert not wants_measuring(measuring, 10.9)
    assert wants_measuring(measuring, 11.0)
    measured = step(measuring, SUCCEEDED, 2.0, SETTINGS)
    assert not wants_measuring(measured, 61.9)
    assert wants_measuring(measured, 62.0)
    assert not wants_measuring(step(measured, STARTED, 62.0, SETTINGS), 62.1)


def test_asking_changes_nothing():
    assert step(EJECTED, HealthEvent("asked"), 40.0, SETTINGS) is EJECTED
