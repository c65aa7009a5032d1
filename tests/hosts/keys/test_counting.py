"""The limiter of one process, against a model that says the same in exact fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from zdr_router.hosts.keys.buckets import Bucket, full_in, level, wait_for, written
from zdr_router.hosts.keys.counting import LocalCounters
from zdr_router.hosts.keys.key import UNLIMITED, Limits

LEASE = 100.0
limits = st.builds(
    Limits,
    st.none() | st.integers(1, 20),
    st.none() | st.integers(1, 500),
    st.none() | st.integers(1, 4),
)


class Model(RuleBasedStateMachine):
    """What a bucket holds is what flowed in, up to its limit, less what was taken."""

    @initialize(given=limits)
    def begin(self, given):
        self.now = Fraction(0)
        self.limits = given
        self.counters = LocalCounters(lambda: float(self.now), LEASE)
        self.requests, self.tokens = Fraction(given[0] or 0), Fraction(given[1] or 0)
        self.held = []

    @rule(eighths=st.integers(0, 400))
    def wait(self, eighths):
        passed = Fraction(eighths, 8)
        self.now += passed
        if self.limits[0]:
            self.requests = min(Fraction(self.limits[0]), self.requests + passed * self.limits[0] / 60)
        if self.limits[1]:
            self.tokens = min(Fraction(self.limits[1]), self.tokens + passed * self.limits[1] / 60)
        self.held = [each for each in self.held if each[2] > self.now]

    @rule(tokens=st.integers(0, 600))
    def ask(self, tokens):
        # A level that a float cannot tell from the next one is not asked about.
        close = [abs(self.requests - 1) < 1e-6 and self.requests != 1, abs(self.tokens - tokens) < 1e-6]
        if any(close) and self.now:
            return
        found = self.counters.reserve_now("k", self.limits, tokens)
        expected = None
        if self.limits[2] and len(self.held) >= self.limits[2]:
            expected = "concurrent"
        elif self.limits[0] and self.requests < 1:
            expected = "requests"
        elif self.limits[1] and self.tokens < tokens:
            expected = "tokens"
        assert found.over == expected
        assert (found.settle is None) == (expected is not None)
        if expected is None:
            self.requests -= 1 if self.limits[0] else 0
            self.tokens -= tokens if self.limits[1] else 0
            self.held.append((found.settle, tokens, self.now + Fraction(LEASE)))
        elif expected == "tokens":
            assert (found.wait is None) == (tokens > self.limits[1])
        else:
            assert found.wait > 0

    @rule(data=st.data())
    def settle(self, data):
        if not self.held:
            return
        number = data.draw(st.integers(0, len(self.held) - 1))
        difference = data.draw(st.integers(-300, 300))
        self.held.pop(number)[0](difference)
        if self.limits[1]:
            self.tokens = min(Fraction(self.limits[1]), self.tokens + difference)

    @invariant()
    def nobody_took_more_than_there_was(self):
        if hasattr(self, "limits") and self.limits[0]:
            assert 0 <= self.requests <= self.limits[0]


TestModel = Model.TestCase


@given(st.integers(1, 10_000), st.floats(0, 1e6), st.floats(0, 1e9))
def test_a_bucket_never_holds_more_than_its_limit_and_time_that_goes_back_adds_nothing(limit, have, now):
    bucket = Bucket(min(have, limit), now)
    assert level(bucket, limit, now + 1e6) == limit
    assert level(bucket, limit, now - 1000) == bucket.level
    assert level(None, limit, now) == limit


@given(st.integers(1, 10_000), st.floats(-1000, 1000), st.floats(0, 1000))
def test_after_the_wait_there_is_enough(limit, have, amount):
    wait = wait_for(have, amount, limit)
    assert wait >= 0
    if amount <= limit and have <= limit:
        assert level(Bucket(have, 0.0), limit, wait) >= amount - 1e-6
        assert level(Bucket(have, 0.0), limit, full_in(have, limit)) == pytest.approx(limit)


def test_nobody_waits_where_nothing_is_limited():
    found = LocalCounters(lambda: 0.0, LEASE).reserve_now("k", UNLIMITED, 10**9)
    assert (found.over, found.requests, found.tokens) == (None, None, None)


def test_keys_do_not_share_what_they_may_have():
    counters = LocalCounters(lambda: 0.0, LEASE)
    assert counters.reserve_now("a", Limits(1), 0).over is None
    assert counters.reserve_now("a", Limits(1), 0).over == "requests"
    assert counters.reserve_now("b", Limits(1), 0).over is None


def test_a_place_that_nobody_gives_back_is_free_after_a_while():
    now = 0.0
    counters = LocalCounters(lambda: now, LEASE)
    assert counters.reserve_now("a", Limits(concurrent=1), 0).over is None
    assert counters.reserve_now("a", Limits(concurrent=1), 0).over == "concurrent"
    now = LEASE + 1
    assert counters.reserve_now("a", Limits(concurrent=1), 0).over is None


def test_who_took_more_than_was_estimated_waits_for_it():
    counters = LocalCounters(lambda: 0.0, LEASE)
    only = Limits(tokens_per_minute=60)
    counters.reserve_now("a", only, 10).settle(10 - 100)
    found = counters.reserve_now("a", only, 5)
    assert (found.over, found.wait) == ("tokens", 45.0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.012, "12ms"), (0.9999, "1s"), (1, "1s"), (7.25, "7.25s"), (60, "1m0s"), (363, "6m3s"), (1e-9, "0s")],
)
def test_times_are_written_as_openai_writes_them(seconds, text):
    assert written(seconds) == text
