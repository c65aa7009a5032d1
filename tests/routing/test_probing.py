"""When a target is looked at, and what a look says of its health."""

from __future__ import annotations

from itertools import pairwise
from math import inf

import pytest

from zdr_router.metadata import Outcome
from zdr_router.routing.failures import CONSEQUENCES
from zdr_router.routing.health import UNKNOWN, Health, HealthEvent, step
from zdr_router.routing.probing import Found, Watched, first, is_due, judge, next_look, settled, used
from zdr_router.routing.settings import HealthSettings

WELL, NOTHING, FAILED = HealthEvent("succeeded"), HealthEvent("abandoned"), HealthEvent("failed")
CONNECT = Watched("connect", looked=0.0, rests=30.0)
MODELS, COMPLETION = CONNECT._replace(by="models"), CONNECT._replace(by="completion")


@pytest.mark.parametrize(("used", "now", "due"), [
    (-inf, 29.9, False), (-inf, 30.0, True), (10.0, 39.9, False), (10.0, 40.0, True), (39.0, 60.0, False),
])  # fmt: skip
def test_one_that_nobody_used_is_looked_at_after_the_interval(used, now, due):
    assert is_due(CONNECT, UNKNOWN, used, now, 1.0) == due


def test_only_a_request_that_succeeded_counts_as_use():
    known = UNKNOWN
    for event in (WELL, HealthEvent("started"), FAILED, HealthEvent("throttled"), NOTHING):
        known = step(known, event, 5.0, HealthSettings())
        assert used(known) == -inf
    served = step(known, HealthEvent("succeeded", 0.0, 0.5), 7.0, HealthSettings())
    assert used(served) == used(step(served, WELL, 9.0, HealthSettings())) == 7.0


@pytest.mark.parametrize(("now", "due"), [(17.9, False), (18.9, False), (19.0, True), (19.9, True), (20.0, False)])
def test_one_that_is_ejected_is_looked_at_just_before_requests_are_let_in(now, due):
    ejected = Health(failures=5, ejected_until=20.0)
    assert is_due(CONNECT, ejected, 0.0, now, 1.0) == due


def test_one_that_is_ejected_is_looked_at_once_for_each_time():
    ejected = Health(failures=5, ejected_until=20.0)
    assert not is_due(CONNECT._replace(looked=19.0), ejected, 0.0, 19.5, 1.0)


def test_one_whose_probe_is_under_way_is_left_alone():
    assert not is_due(CONNECT, Health(ejected_until=20.0, probe_until=50.0), 0.0, 45.0, 1.0)


def test_one_that_asked_to_be_left_alone_is_until_the_last_instant():
    throttled = Health(not_before=100.0)
    assert not is_due(CONNECT, throttled, 0.0, 99.9, 1.0)
    assert is_due(CONNECT, throttled, 0.0, 100.0, 1.0)


def test_the_first_looks_are_spread_over_one_interval():
    watched = [first("connect", 10.0, 30.0, chance / 100) for chance in range(100)]
    dues = [sum(is_due(each, UNKNOWN, -inf, 10.0 + at, 0.1) for each in watched) for at in range(31)]
    assert dues[-1] == 100
    assert max(later - sooner for sooner, later in pairwise(dues)) <= 4


def test_the_next_look_is_at_an_interval_of_its_own():
    assert [next_look(CONNECT, 7.0, 40.0, chance).rests for chance in (0.0, 0.5, 1.0)] == [30.0, 40.0, 50.0]
    assert next_look(CONNECT, 7.0, 40.0, 0.5).looked == 7.0


def test_one_that_was_found_unwell_is_looked_at_sooner():
    assert next_look(CONNECT._replace(unwell=True), 7.0, 40.0, 0.5).rests == 8.0


# --- what a look says ------------------------------------------------------------------------------------------------


def say(watched: Watched, outcome: Outcome, status: int | None = None, wait: float | None = None):
    return judge(watched, Found(outcome, status, wait), 100.0, 2)


@pytest.mark.parametrize("watched", [CONNECT, MODELS])
def test_a_free_look_that_goes_well_says_nothing_of_requests(watched):
    assert say(watched, Outcome.OK) == (watched._replace(shown=True), NOTHING)


@pytest.mark.parametrize("watched", [CONNECT, MODELS])
def test_a_free_look_takes_back_what_a_look_has_found(watched):
    unwell, event = say(watched._replace(shown=True), Outcome.UNREACHABLE)
    assert (unwell.unwell, event) == (True, FAILED)
    assert say(unwell, Outcome.OK) == (watched._replace(shown=True), WELL)


def test_an_ejection_by_requests_is_not_ended_by_a_connection():
    health = UNKNOWN
    for _ in range(5):
        health = step(health, FAILED, 0.0, HealthSettings())
    _, event = say(CONNECT, Outcome.OK)
    assert step(step(health, HealthEvent("probed"), 29.0, HealthSettings()), event, 29.5, HealthSettings()) == health


def test_an_answer_counts_as_one():
    assert say(COMPLETION, Outcome.OK) == (COMPLETION._replace(shown=True), WELL)


@pytest.mark.parametrize("watched", [CONNECT, MODELS, COMPLETION, COMPLETION._replace(unwell=True)])
def test_no_look_changes_the_figures_of_latency(watched):
    _, event = say(watched._replace(unwell=True), Outcome.OK)
    known = Health(latency=2.0)
    assert step(known, event, 1.0, HealthSettings()).latency == 2.0


@pytest.mark.parametrize("outcome", [Outcome.UNREACHABLE, Outcome.TIMEOUT, Outcome.TRANSIENT, Outcome.TRUNCATED,
                                     Outcome.QUOTA, Outcome.REGION_BLOCKED, Outcome.CONTRADICTED])  # fmt: skip
@pytest.mark.parametrize("watched", [CONNECT, MODELS, COMPLETION])
def test_a_failure_counts_whatever_was_seen_before(watched, outcome):
    assert say(watched, outcome) == (watched._replace(unwell=True), FAILED)


def test_a_key_that_is_not_known_counts():
    assert say(MODELS, Outcome.CREDENTIAL, 401) == (MODELS._replace(unwell=True), FAILED)


@pytest.mark.parametrize(("outcome", "status"), [
    (Outcome.MODEL_GONE, 404), (Outcome.MODEL_GONE, 200), (Outcome.MALFORMED, 200), (Outcome.REDIRECTED, 302),
    (Outcome.CALLER_FAULT, 400), (Outcome.CREDENTIAL, 403),
])  # fmt: skip
def test_a_list_that_never_was_of_use_is_given_up_for_a_connection(outcome, status):
    assert say(MODELS, outcome, status) == (CONNECT, NOTHING)
    after, event = say(MODELS._replace(unwell=True), outcome, status)
    assert (after.by, after.unwell, event) == ("connect", False, WELL)


@pytest.mark.parametrize(("outcome", "status"), [
    (Outcome.MODEL_GONE, 404), (Outcome.MODEL_GONE, 200), (Outcome.MALFORMED, 200), (Outcome.CREDENTIAL, 403)
])  # fmt: skip
def test_a_list_that_once_was_of_use_is_missed(outcome, status):
    shown = MODELS._replace(shown=True)
    assert say(shown, outcome, status) == (shown._replace(unwell=True), FAILED)


def test_a_billed_look_that_is_found_invalid_is_written_otherwise_once_and_then_given_up():
    again, event = say(COMPLETION, Outcome.CALLER_FAULT, 400)
    assert (again, event) == (COMPLETION._replace(spelling=1), NOTHING)
    assert say(again, Outcome.CALLER_FAULT, 400) == (again._replace(by="connect"), NOTHING)


def test_an_answer_that_cannot_be_read_is_a_failure_from_the_first():
    assert say(COMPLETION, Outcome.MALFORMED, 200) == (COMPLETION._replace(unwell=True), FAILED)
    assert say(COMPLETION, Outcome.CREDENTIAL, 403) == (COMPLETION._replace(unwell=True), FAILED)


def test_a_list_that_has_yet_to_be_seen_and_fails_says_nothing_and_is_asked_for_again():
    assert say(MODELS, Outcome.TRANSIENT, 500) == (MODELS, NOTHING)
    shown = MODELS._replace(shown=True)
    assert say(shown, Outcome.TRANSIENT, 500) == (shown._replace(unwell=True), FAILED)


def test_a_request_that_succeeded_takes_back_what_a_look_has_found():
    unwell = CONNECT._replace(looked=10.0, unwell=True)
    assert settled(unwell, 11.0) == unwell._replace(unwell=False)
    assert settled(unwell, 9.0) == unwell


@pytest.mark.parametrize(("outcome", "wait", "until"), [
    (Outcome.RATE_LIMITED, 7.0, 107.0), (Outcome.RATE_LIMITED, None, 101.0), (Outcome.TRANSIENT, 3.0, 103.0),
])  # fmt: skip
def test_one_that_asks_to_be_left_alone_is(outcome, wait, until):
    assert say(MODELS, outcome, 429, wait) == (MODELS, HealthEvent("throttled", until))


@pytest.mark.parametrize("outcome", [Outcome.UNCLEARED, Outcome.GUARDED, Outcome.CANCELLED])
@pytest.mark.parametrize("watched", [CONNECT, MODELS._replace(unwell=True), COMPLETION])
def test_a_look_that_did_not_come_about_says_nothing(watched, outcome):
    assert say(watched, outcome) == (watched, NOTHING)


@pytest.mark.parametrize("outcome", list(CONSEQUENCES))
@pytest.mark.parametrize("by", ["connect", "models", "completion"])
@pytest.mark.parametrize("shown", [True, False])
def test_every_look_ends_with_one_event_that_lets_go_of_the_probe(outcome, by, shown):
    _, event = say(Watched(by, 0.0, 1.0, shown=shown), outcome)
    assert event.kind in {"succeeded", "failed", "throttled", "abandoned"}
    assert event.latency is None
