"""What holds of health whatever happens, in whatever order."""

from __future__ import annotations

from math import inf

from health_events import CLOSING, events, settings
from hypothesis import given
from hypothesis import strategies as st

from zdr_router.routing.health import PROBE_LASTS, UNKNOWN, HealthEvent, admits, due, quantile, step
from zdr_router.routing.window import SLICES

gaps = st.one_of(st.just(0.0), st.floats(0.0, 2.0), st.floats(0.0, 400.0))
histories = st.lists(st.tuples(events, gaps), max_size=60)
jumping = st.lists(st.tuples(events, st.floats(0.0, 1e5)), max_size=60)


def run(history, known):
    """Each state with the event and the instant that led to it."""
    now, health = 1000.0, UNKNOWN
    for event, gap in history:
        now += gap
        before, health = health, step(health, event._replace(not_before=now + event.not_before), now, known)
        yield before, event, now, health


def is_legal(health) -> bool:
    _, attempts, failed, older = health.window
    counts = all(0 <= lost <= tried and tried > 0 for _, tried, lost in older) and 0 <= failed <= attempts
    ejected = not health.ejected_until or (health.ejections >= 1 and not attempts and not older and not health.failures)
    probing = not health.probe_until or bool(health.ejected_until)
    return counts and ejected and probing and health.failures >= 0 and len(older) <= SLICES + 1


@given(histories, settings)
def test_every_state_is_legal(history, known):
    assert all(is_legal(health) for _, _, _, health in run(history, known))


@given(histories, settings)
def test_nobody_is_held_back_for_longer_than_the_longest_settings_say(history, known):
    throttles = 0.0
    for _, event, now, health in run(history, known):
        assert health.ejected_until <= now + known.longest_ejection
        if event.kind == "throttled":
            throttles = now + known.longest_throttle
        assert health.not_before <= throttles
        longest = max(now + known.longest_ejection, now + PROBE_LASTS, throttles)
        assert due(health, now) == inf if health.isolated else due(health, now) <= longest


@given(histories, settings)
def test_an_ejection_is_at_least_as_long_as_the_first_one(history, known):
    for before, event, now, health in run(history, known):
        if event.kind == "failed" and health.ejected_until != before.ejected_until:
            length = health.ejected_until - now
            assert length >= min(known.eject_for, known.longest_ejection) - 1e-6


@given(histories, settings)
def test_at_most_one_probe_is_admitted_between_two_outcomes(history, known):
    """Requests are sent only where they are admitted here."""
    now, health, probes, began = 1000.0, UNKNOWN, 0, 0.0
    for event, gap in history:
        now += gap
        if event.kind == "started" and not admits(health, now):
            continue
        if event.kind == "started" and health.ejected_until:
            probes = 1 if now >= began + PROBE_LASTS else probes + 1
            began = now
        elif event.kind in CLOSING:
            probes = 0
        assert probes <= 1
        health = step(health, event._replace(not_before=now + event.not_before), now, known)


@given(histories, settings, st.floats(0.0, 400.0))
def test_a_probe_that_succeeds_brings_the_target_back(history, known, gap):
    *_, (_, _, now, health) = [(None, None, 1000.0, UNKNOWN), *run(history, known)]
    at = max(now, health.ejected_until) + gap
    health = step(step(health, HealthEvent("started"), at, known), HealthEvent("succeeded", 0.0, 1.0), at, known)
    assert not health.ejected_until
    assert not health.probe_until
    assert health.failures == 0
    assert due(health, at) == (inf if health.isolated else max(at, health.not_before))


@given(histories, settings)
def test_the_same_history_leads_to_the_same_state(history, known):
    assert list(run(history, known)) == list(run(history, known))


@given(histories, settings)
def test_admitted_and_due_agree(history, known):
    for _, _, now, health in run(history, known):
        assert admits(health, now) == (due(health, now) == now)
        assert health.isolated or admits(health, due(health, now))


@given(jumping, settings)
def test_a_clock_that_jumps_does_no_harm(history, known):
    health = UNKNOWN
    for event, now in history:
        health = step(health, event, now, known)
        assert is_legal(health)
        assert isinstance(admits(health, now), bool)


@given(histories, settings, st.floats(0.0, 1.0))
def test_a_quantile_lies_between_the_latencies_seen(history, known, q):
    for _, _, _, health in run(history, known):
        seen = quantile(health, q)
        assert (seen is None) == (not health.latencies)
        assert seen is None or min(health.latencies) <= seen <= max(health.latencies)
