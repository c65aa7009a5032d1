"""The rules of a request's course: one by one, and held over many thousands of simulated requests."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import pytest
from deployments import clearances
from hypothesis import given
from hypothesis import strategies as st

from zdr_router.metadata import Outcome
from zdr_router.routing.failures import CONSEQUENCES
from zdr_router.routing.walk import Event, walk

sys.path.insert(0, str(Path(__file__).parent))

from virtual import INFINITY, Course, Fate, drive

PLAN = clearances(4)
MOVES_ON = sorted(outcome for outcome, after in CONSEQUENCES.items() if after.moves_on)
STOPS = sorted(outcome for outcome, after in CONSEQUENCES.items() if not after.moves_on and outcome is not Outcome.OK)
DOWN = Fate(Outcome.TRANSIENT, ends=1.0)
UP = Fate(Outcome.OK, ends=1.0)
HANGS = Fate(Outcome.TIMEOUT, ends=INFINITY)


def causes(course: Course) -> list[tuple[int | None, Outcome]]:
    return [(cause.attempt, cause.outcome) for cause in course.done.causes]


def test_the_first_target_that_answers_ends_the_request():
    course = drive(PLAN, [UP])
    assert (course.done.verdict, course.done.winner) == ("answered", 0)
    assert course.started == [PLAN[0]]
    assert course.done.causes == ()


@pytest.mark.parametrize("outcome", MOVES_ON)
def test_after_luck_has_failed_the_next_target_is_tried_at_once(outcome):
    course = drive(PLAN, [Fate(outcome, ends=2.0), UP])
    assert (course.done.verdict, course.done.winner) == ("answered", 1)
    assert course.instants("start") == [0.0, 2.0]
    assert causes(course) == [(0, outcome)]
    assert course.done.causes[0].clearance is PLAN[0]


@pytest.mark.parametrize("outcome", STOPS)
def test_a_no_ends_the_request(outcome):
    course = drive(PLAN, [DOWN, Fate(outcome)])
    assert (course.done.verdict, course.done.winner) == ("stopped", 1)
    assert len(course.started) == 2
    assert causes(course) == [(0, Outcome.TRANSIENT), (1, outcome)]


def test_when_all_have_failed_every_cause_is_there_in_order():
    outcomes = [Outcome.TRANSIENT, Outcome.RATE_LIMITED, Outcome.UNREACHABLE, Outcome.QUOTA]
    course = drive(PLAN, [Fate(outcome) for outcome in outcomes])
    assert course.done.verdict == "exhausted"
    assert causes(course) == list(enumerate(outcomes))
    assert [cause.clearance for cause in course.done.causes] == list(PLAN)


def test_an_empty_plan_is_exhausted_at_once():
    course = drive((), [])
    assert course.done.verdict == "exhausted"
    assert course.happened == []


@pytest.mark.parametrize("outcome", MOVES_ON)
def test_after_the_first_content_nothing_is_started_again(outcome):
    course = drive(PLAN, [Fate(outcome, commits=1.0, ends=1.0)])
    assert (course.done.verdict, course.done.winner) == ("broken", 0)
    assert len(course.started) == 1
    assert causes(course) == [(0, outcome)]


def test_a_target_that_is_no_longer_cleared_when_its_turn_comes_is_not_started():
    course = drive(PLAN, [DOWN, UP], lapsed=lambda clearance, at: clearance is PLAN[1] and at > 0.5)
    assert course.started == [PLAN[0], PLAN[2]]
    assert causes(course) == [(0, Outcome.TRANSIENT), (None, Outcome.UNCLEARED)]
    assert course.recleared == [(PLAN[0], 0.0), (PLAN[1], 1.0), (PLAN[2], 1.0)]


def test_when_no_target_is_cleared_any_more_nothing_is_started():
    course = drive(PLAN, [], lapsed=lambda _clearance, _at: True)
    assert course.done.verdict == "exhausted"
    assert causes(course) == [(None, Outcome.UNCLEARED)] * 4


def test_what_is_started_is_the_fresh_clearance_not_the_planned_one():
    fresh = clearances(1)[0]
    walking = walk(PLAN[:1], deadline=1.0, hedge=None, reclear=lambda _planned, _at: fresh)
    next(walking)
    assert walking.send(Event(0.0, "begin")).start.clearance is fresh


def test_at_the_deadline_what_runs_is_cancelled():
    course = drive(PLAN, [HANGS], deadline=3.0)
    assert course.done.verdict == "deadline"
    assert course.done.cancel == (0,)
    assert course.finished_at == 3.0


def test_nothing_is_started_once_the_deadline_has_come():
    course = drive(PLAN, [Fate(Outcome.TIMEOUT, ends=3.0)], deadline=3.0)
    assert course.done.verdict == "deadline"
    assert len(course.started) == 1
    assert causes(course) == [(0, Outcome.TIMEOUT)]


def test_a_deadline_that_has_passed_before_the_request_begins_starts_nothing():
    assert drive(PLAN, [], deadline=0.0).started == []


def test_a_deadline_after_the_first_content_names_who_was_speaking():
    course = drive(PLAN, [Fate(commits=1.0, ends=INFINITY)], deadline=3.0)
    assert (course.done.verdict, course.done.winner, course.done.cancel) == ("deadline", 0, (0,))


def test_a_hedge_starts_a_second_target_when_the_first_is_slow():
    course = drive(PLAN, [HANGS, UP], deadline=60.0, hedge=2.0)
    assert course.instants("start") == [0.0, 2.0]
    assert (course.done.verdict, course.done.winner, course.done.cancel) == ("answered", 1, (0,))


def test_a_hedge_starts_nothing_while_the_first_has_committed():
    course = drive(PLAN, [Fate(commits=1.0, ends=5.0)], deadline=60.0, hedge=2.0)
    assert len(course.started) == 1


def test_of_two_hedged_attempts_the_first_to_commit_wins_and_the_other_is_cancelled():
    course = drive(PLAN, [Fate(commits=9.0), Fate(commits=1.0, ends=5.0)], deadline=60.0, hedge=2.0)
    assert ("cancel", 0, 3.0) in course.happened
    assert (course.done.verdict, course.done.winner) == ("answered", 1)
    assert causes(course) == [(0, Outcome.CANCELLED)]


def test_a_hedged_attempt_that_fails_leaves_the_other_running():
    course = drive(PLAN, [Fate(ends=5.0), DOWN, Fate(ends=9.0)], deadline=60.0, hedge=2.0)
    assert (course.done.verdict, course.done.winner) == ("answered", 0)
    assert course.most_live == 2
    assert course.instants("start") == [0.0, 2.0]


def test_a_no_to_one_of_two_hedged_attempts_stops_both():
    course = drive(PLAN, [HANGS, Fate(Outcome.PROVIDER_REFUSAL, ends=1.0)], deadline=60.0, hedge=2.0)
    assert (course.done.verdict, course.done.winner, course.done.cancel) == ("stopped", 1, (0,))


def test_events_about_an_attempt_that_is_over_change_nothing():
    walking = walk(PLAN, deadline=60.0, hedge=None, reclear=lambda clearance, _at: clearance)
    next(walking)
    walking.send(Event(0.0, "begin"))
    assert walking.send(Event(1.0, "ended", 0, Outcome.TRANSIENT)).start.attempt == 1
    for stale in (Event(2.0, "committed", 0), Event(2.0, "ended", 0, Outcome.OK), Event(2.0, "woke")):
        effects = walking.send(stale)
        assert (effects.start, effects.cancel) == (None, ())


def test_a_driver_that_wakes_too_early_starts_nothing_by_it():
    walking = walk(PLAN, deadline=60.0, hedge=2.0, reclear=lambda clearance, _at: clearance)
    next(walking)
    walking.send(Event(0.0, "begin"))
    assert walking.send(Event(2.0, "woke")).start.attempt == 1
    assert walking.send(Event(2.1, "woke")).start is None  # two are live
    assert walking.send(Event(2.2, "committed", 1)).cancel == (0,)
    assert walking.send(Event(2.3, "woke")).start is None  # one has spoken
    assert walking.send(Event(2.4, "woke")).start is None


SECONDS = st.sampled_from((0.0, 0.5, 1.0, 2.0, 3.0, 7.0, INFINITY)) | st.floats(0.0, 20.0)
FATES = st.builds(
    Fate,
    outcome=st.sampled_from(sorted(Outcome)),
    ends=SECONDS,
    commits=st.none() | st.sampled_from((0.0, 1.0, 4.0)) | st.floats(0.0, 10.0),
)


def check(course: Course, deadline: float, hedge: float | None) -> None:
    """What holds of every request."""
    done, happened = course.done, course.happened
    starts = [(at, number) for what, number, at in happened if what == "start"]
    commits = [at for what, _, at in happened if what == "committed"]
    fallible = dict(course.delivered)

    # Attempts are bounded by the plan, each target is tried once, in the order of the plan.
    assert len(starts) <= len(PLAN)
    assert [number for _, number in starts] == list(range(len(starts)))
    positions = [PLAN.index(clearance) for clearance in course.started]
    assert positions == sorted(set(positions))

    # Nothing starts without being cleared at its very instant.
    cleared = [(PLAN.index(clearance), at) for clearance, at in course.recleared]
    assert [(position, at) for position, (at, _) in zip(positions, starts, strict=True)] == [
        each for each in cleared if each[0] in positions
    ]

    # Nothing starts at or after the deadline, and the request is over by then.
    assert all(at < deadline for at, _ in starts)
    assert course.finished_at <= deadline

    # Nothing starts after a commit; after a no, nothing starts and the request is over.
    if commits:
        assert all(at <= min(commits) for at, _ in starts)
    for index, (what, number, _) in enumerate(happened):
        if what == "committed" or (what == "ended" and not CONSEQUENCES[fallible[number]].moves_on):
            assert "start" not in {later for later, _, _ in happened[index + 1 :]}

    # Every attempt ends exactly once: by itself, or by being cancelled.
    assert not course.live
    for _, number in starts:
        assert len([what for what, each, _ in happened if each == number and what in {"ended", "cancel"}]) == 1

    # At most one is live; with hedging two, of which only one goes on past a commit.
    assert course.most_live <= (1 if hedge is None else 2)

    # Every cause is kept, in order.
    losers = [(number, Outcome.CANCELLED) for what, number, _ in happened if what == "cancel"]
    failed = [(number, outcome) for number, outcome in course.delivered if outcome is not Outcome.OK]
    known = [(cause.attempt, cause.outcome) for cause in done.causes if cause.attempt is not None]
    assert [each for each in known if each not in losers] == failed
    assert set(known) <= {*failed, *losers}

    # The verdict says what happened.
    last = course.delivered[-1] if course.delivered else None
    if done.verdict == "answered":
        assert last == (done.winner, Outcome.OK)
    elif done.verdict == "stopped":
        assert last[0] == done.winner
        assert not CONSEQUENCES[last[1]].moves_on
    elif done.verdict == "broken":
        assert commits
        assert last[0] == done.winner
    elif done.verdict == "exhausted":
        assert len(positions) + len([cause for cause in done.causes if cause.attempt is None]) == len(PLAN)
    else:
        assert course.finished_at == deadline or course.finished_at >= deadline


@given(
    fates=st.lists(FATES, min_size=4, max_size=4),
    deadline=st.sampled_from((0.0, 1.0, 5.0, 12.0)) | st.floats(0.0, 40.0),
    hedge=st.none() | st.sampled_from((0.0, 0.5, 2.0, 50.0)),
    lapses=st.lists(SECONDS, min_size=4, max_size=4),
)
def test_the_rules_hold_whatever_happens(fates, deadline, hedge, lapses):
    ends = {id(clearance): at for clearance, at in zip(PLAN, lapses, strict=True)}
    course = drive(PLAN, fates, deadline=deadline, hedge=hedge, lapsed=lambda each, at: at >= ends[id(each)])
    check(course, deadline, hedge)


def test_the_rules_hold_over_twenty_thousand_requests():
    chance = random.Random(20261122)  # noqa: S311 - the same faults every time
    outcomes = [*MOVES_ON, *MOVES_ON, *STOPS, *[Outcome.OK] * 12]
    verdicts: dict[str, int] = {}
    began = time.monotonic()
    for _ in range(20_000):
        fates = [
            Fate(
                chance.choice(outcomes),
                ends=chance.expovariate(0.5) if chance.random() < 0.95 else INFINITY,
                commits=chance.expovariate(1.0) if chance.random() < 0.4 else None,
            )
            for _ in PLAN
        ]
        deadline = chance.uniform(0.5, 40.0)
        hedge = chance.uniform(0.1, 4.0) if chance.random() < 0.5 else None
        lapse = chance.uniform(0.0, 30.0)
        course = drive(
            PLAN, fates, deadline=deadline, hedge=hedge, lapsed=lambda each, at, end=lapse: at > end and each is PLAN[1]
        )
        check(course, deadline, hedge)
        verdicts[course.done.verdict] = verdicts.get(course.done.verdict, 0) + 1
    assert time.monotonic() - began < 30.0  # a second on an idle machine
    # The simulation reaches every verdict often enough to mean something.
    assert set(verdicts) == {"answered", "stopped", "broken", "exhausted", "deadline"}
    assert min(verdicts.values()) > 200
