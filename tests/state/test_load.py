"""What every target is under, in one process."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from deployments import targets

from zdr_router.policy.limits import Limits
from zdr_router.routing.load import PAUSE
from zdr_router.routing.settings import HealthSettings
from zdr_router.state.load import Loads

if TYPE_CHECKING:
    from zdr_router.policy.target import Target

A, B = targets(2)


def limited(target: Target, **limits: int) -> Target:
    return replace(target, account=target.account.model_copy(update={"limits": Limits(**limits)}))


@pytest.fixture
def loads() -> Loads:
    return Loads(HealthSettings())


def test_attempts_in_flight_are_counted_for_each_target(loads):
    loads.started(A, 0.0)
    loads.started(A, 0.0, again=True)
    loads.started(B, 0.0)
    assert (loads.in_flight(A.id), loads.in_flight(B.id)) == (2, 1)
    loads.ended(A, 1.0)
    loads.ended(B, 1.0)
    assert (loads.in_flight(A.id), loads.in_flight(B.id)) == (1, 0)


def test_a_target_that_was_never_used_has_nothing_in_flight_and_room(loads):
    assert loads.in_flight(A.id) == 0
    assert loads.free_at(A, 7.0) == 7.0
    assert loads.free_at(limited(A, concurrency=1, requests_per_minute=1, tokens_per_minute=1), 7.0) == 7.0
    assert loads.may_retry(A, 7.0)


def test_a_target_without_limits_always_has_room(loads):
    for _ in range(1000):
        loads.started(A, 0.0)
        loads.ended(A, 0.0, 10**9)
        loads.started(A, 0.0)
    assert loads.free_at(A, 0.0) == 0.0


def test_concurrency_holds_back_until_one_has_ended(loads):
    one = limited(A, concurrency=2)
    loads.started(one, 0.0)
    loads.started(one, 0.0)
    assert loads.free_at(one, 0.0) == PAUSE
    assert loads.free_at(limited(B, concurrency=2), 0.0) == 0.0
    loads.ended(one, 0.0)
    assert loads.free_at(one, 0.0) == 0.0


def test_requests_are_counted_when_they_start_and_tokens_when_they_have_ended(loads):
    one = limited(A, requests_per_minute=2, tokens_per_minute=600)
    loads.started(one, 0.0)
    loads.started(one, 0.0)
    assert loads.free_at(one, 0.0) == pytest.approx(30.0)
    loads.ended(one, 1.0, 1000)
    assert loads.free_at(one, 1.0) == pytest.approx(41.1)


def test_a_debt_of_tokens_lasts_no_longer_than_the_longest_throttle():
    loads, one = Loads(HealthSettings(longest_throttle=20.0)), limited(A, tokens_per_minute=60)
    loads.started(one, 0.0)
    loads.ended(one, 0.0, 10**12)
    assert loads.free_at(one, 0.0) == pytest.approx(21.0)


def test_limits_that_change_hold_at_once(loads):
    one = limited(A, concurrency=1)
    loads.started(one, 0.0)
    more = limited(A, concurrency=2)
    assert loads.free_at(more, 0.0) == 0.0
    # Those under way from before a target had limits count too, and end.
    loads.started(A, 0.0)
    assert loads.free_at(more, 0.0) == PAUSE
    loads.ended(A, 0.0)
    loads.ended(one, 0.0)
    assert loads.free_at(one, 0.0) == 0.0


def test_an_end_without_a_start_does_not_make_room_for_more():
    loads, one = Loads(HealthSettings()), limited(A, concurrency=1)
    loads.ended(one, 0.0)
    loads.started(one, 0.0)
    assert loads.free_at(one, 0.0) == PAUSE


def test_retries_are_bounded_for_each_target_by_the_share_that_is_set():
    loads = Loads(HealthSettings(retry_share=0.5))
    for _ in range(10):
        loads.started(A, 0.0)
    allowed = 0
    while loads.may_retry(A, 0.0):
        loads.started(A, 0.0, again=True)
        allowed += 1
    assert allowed == 10
    assert loads.may_retry(B, 0.0)


def test_what_is_under_way_stays_counted_when_other_targets_come(loads):
    loads.started(A, 0.0)
    loads.adopt(HealthSettings(), {B.id})
    assert loads.in_flight(A.id) == 1
    loads.ended(A, 1.0)
    assert loads.in_flight(A.id) == 0


def test_the_budget_and_the_limits_of_what_is_gone_are_forgotten_and_other_settings_hold(loads):
    one = limited(A, requests_per_minute=1)
    for _ in range(4):
        loads.started(one, 0.0, again=True)
    assert loads.free_at(one, 0.0) > 0.0
    assert not loads.may_retry(one, 0.0)
    loads.adopt(HealthSettings(retry_share=1.0), {A.id})
    assert loads.free_at(one, 0.0) > 0.0
    assert loads.may_retry(one, 0.0)
    loads.adopt(HealthSettings(), set())
    assert loads.free_at(one, 0.0) == 0.0
