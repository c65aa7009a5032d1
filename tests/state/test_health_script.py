"""The script in Redis steps health as Python does, forgets it in time, and keeps nothing but numbers."""

from __future__ import annotations

import re
import secrets
from itertools import pairwise

import pytest
from health_events import settings
from here import needs_extra
from hypothesis import example, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from zdr_router.routing.health import UNKNOWN, HealthEvent, admits, step
from zdr_router.routing.settings import HealthSettings
from zdr_router.state.health_script import ISOLATION_KEPT, SCRIPT, arguments_of, key_of, read_answer

needs_extra("redis", "redis")


CLOCK = "redis.call('TIME')"
BEGIN = 1_800_000_000_000_000
"""Microseconds, as a server of today would say."""
KINDS = ("started", "probed", "succeeded", "failed", "throttled", "abandoned", "isolated", "released", "asked")
SETTINGS = HealthSettings()
NUMBERS = re.compile(rb"[-+0-9.e ]+")


class Clocked:
    """The script on a clock of the test's, in microseconds."""

    def __init__(self, client, key, known) -> None:
        assert SCRIPT.count(CLOCK) == 1
        self.script = client.register_script(SCRIPT.replace(CLOCK, "{ARGV[14], ARGV[15]}"))
        self.key, self.arguments = key, arguments_of(known)

    def __call__(self, kind, at, times=1, wish=0.0):
        clock = divmod(at, 1_000_000)
        return self.script(keys=[self.key], args=[kind, times, repr(wish), *self.arguments, *clock])


def seconds(at: int) -> float:
    return at // 1_000_000 + at % 1_000_000 / 1e6


gaps = st.one_of(st.just(0), st.integers(0, 2_000_000), st.integers(0, 400_000_000))
calls = st.tuples(st.sampled_from((*KINDS, "failed", "failed")), gaps, st.integers(1, 4), st.floats(0.0, 500.0))


def same(client, history, known) -> None:
    key = key_of("zdr-test-same", secrets.token_hex(6))
    told, health, at = Clocked(client, key, known), UNKNOWN, BEGIN
    for kind, gap, times, wish in history:
        at += gap
        now = seconds(at)
        for _ in range(times):
            health = step(health, HealthEvent(kind, now + wish), now, known)
        assert read_answer(told(kind, at, times, wish), now)[:8] == health[:8]
    client.delete(key)


@given(st.lists(calls, max_size=25), settings)
@effort(max_examples=100, deadline=None)
def test_it_steps_as_python_does(client, history, known):
    same(client, history, known)


# A target that fails now and then, over some windows and ejections.
short = st.sampled_from([0, 50_000, 200_000, 500_000, 1_000_000])
busy = st.tuples(st.sampled_from(["succeeded", "failed", "failed", "started"]), short, st.just(1), st.just(0.0))
strict = st.builds(
    HealthSettings,
    window=st.sampled_from([1.0, 2.0, 3.0]),
    failure_ratio=st.sampled_from([0.4, 0.5, 0.6, 0.9]),
    minimum_throughput=st.integers(3, 8),
    consecutive_failures=st.integers(3, 20),
    eject_for=st.sampled_from([0.1, 0.5]),
    longest_ejection=st.just(3.0),
)


LAPSING = [("failed", 0, 2, 0.0), ("succeeded", 2_900_000, 2, 0.0), ("failed", 200_000, 1, 0.0)]
"""The first slice is older than the window when the last one is still being filled."""


@example(LAPSING, HealthSettings(window=3.0, minimum_throughput=5))
@given(st.lists(busy, min_size=30, max_size=60), strict)
@effort(max_examples=100, deadline=None)
def test_it_ejects_and_forgives_as_python_does(client, history, known):
    same(client, history, known)


@given(st.lists(calls, min_size=1, max_size=12), st.floats(1.0, 1e7))
@effort(max_examples=50, deadline=None)
def test_on_another_clock_the_durations_are_the_same(client, history, here):
    key, known, at = key_of("zdr-test-moved", secrets.token_hex(6)), HealthSettings(), BEGIN
    told = Clocked(client, key, known)
    for kind, gap, times, wish in history:
        at += gap
        answer = told(kind, at, times, wish)
        there, moved = read_answer(answer, seconds(at)), read_answer(answer, here)
        for name in ("ejected_until", "forgiven_at", "probe_until", "not_before"):
            instant, shifted = getattr(there, name), getattr(moved, name)
            assert (instant == 0.0) == (shifted == 0.0)
            assert instant == 0.0 or max(0.0, shifted - here) == pytest.approx(
                max(0.0, instant - seconds(at)), abs=1e-5
            )
    client.delete(key)


def test_a_server_whose_clock_went_back_holds_nobody_back_for_longer_than_the_settings_say(client, prefix):
    known = HealthSettings(consecutive_failures=1, eject_for=5.0, longest_ejection=20.0, longest_throttle=30.0)
    told = Clocked(client, key_of(prefix, "a/m"), known)
    told("failed", BEGIN)
    told("throttled", BEGIN, 1, 25.0)
    hour_ago = BEGIN - 3_600_000_000
    health = read_answer(told("asked", hour_ago), seconds(hour_ago))
    assert health.ejected_until == seconds(hour_ago) + 20.0
    assert health.not_before == seconds(hour_ago) + 30.0
    later = hour_ago + 31_000_000
    assert admits(read_answer(told("asked", later), seconds(later)), seconds(later))


def run(client, prefix, kind, known=SETTINGS, wish=0.0):
    return client.eval(SCRIPT, 1, key_of(prefix, "a/m"), kind, 1, repr(wish), *arguments_of(known))


@pytest.mark.parametrize("kind", ["succeeded", "failed", "throttled"])
def test_every_key_lapses_later_than_all_that_it_says(client, prefix, kind):
    known = HealthSettings(consecutive_failures=1)
    run(client, prefix, kind, known=known, wish=1e9)
    longest = known.longest_ejection + known.longest_throttle
    assert longest * 1000 < client.pttl(key_of(prefix, "a/m")) <= 3600 * 1000


def test_an_isolation_is_kept_while_it_is_asked_for(client, prefix):
    run(client, prefix, "isolated")
    key = key_of(prefix, "a/m")
    assert client.pttl(key) > ISOLATION_KEPT * 1000
    client.pexpire(key, 5000)
    run(client, prefix, "asked")
    assert client.pttl(key) > ISOLATION_KEPT * 1000
    run(client, prefix, "released")
    assert client.pttl(key) < ISOLATION_KEPT * 1000


def test_asking_makes_no_key(client, prefix):
    assert read_answer(run(client, prefix, "asked"), 5.0) == UNKNOWN
    assert not client.exists(key_of(prefix, "a/m"))


def test_a_value_is_numbers_alone_and_never_longer_than_a_full_window(client, prefix):
    told, at = Clocked(client, key_of(prefix, "a/m"), HealthSettings()), BEGIN
    for index in range(400):
        at += 250_000
        told(("succeeded", "succeeded", "failed", "throttled", "started")[index % 5], at, 1, 3.5)
    value = client.get(key_of(prefix, "a/m"))
    assert NUMBERS.fullmatch(value)
    assert len(value.split()) <= 7 + 3 * 11


def test_a_value_of_somebody_else_is_taken_as_nothing_known(client, prefix):
    client.set(key_of(prefix, "a/m"), "what is this")
    assert not read_answer(run(client, prefix, "failed"), 5.0).ejected_until


def test_all_that_is_said_of_a_target_lies_in_one_slot():
    """The keys that a call names share the tag in braces, by which a cluster chooses the slot."""
    names = re.findall(r"redis\.call\('(\w+)', ([^,)]+)", SCRIPT)
    assert {name for _, name in names} == {"KEYS[1]"}
    assert "KEYS[2]" not in SCRIPT
    keys = [key_of("zdr", target) for target in ("a/m", "b/org/model:free@x", "c/m")]
    assert keys[0] == "zdr:health:{a/m}"
    assert len({re.search(r"\{(.+?)\}", key)[1] for key in keys}) == 3
    assert all(one != other for one, other in pairwise(keys))
