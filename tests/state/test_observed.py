"""Who is told when a target is ejected, throttled or taken out by hand, and when not."""

from __future__ import annotations

import pytest
from deployments import router

from zdr_router.routing.health import UNKNOWN, HealthEvent
from zdr_router.routing.settings import HealthSettings
from zdr_router.state.memory import MemoryHealth
from zdr_router.state.observed import HealthObserver, ObservedHealth

FAILED, SUCCEEDED, ASKED = HealthEvent("failed"), HealthEvent("succeeded"), HealthEvent("asked")


class Noted:
    def __init__(self):
        self.all = []

    def record(self, metadata):
        """Also a recorder."""

    def health_changed(self, target, change):
        self.all.append((target, change))


@pytest.fixture
def noted():
    return Noted()


def observed(noted, store=None):
    return ObservedHealth(store or MemoryHealth(HealthSettings(consecutive_failures=3)), [noted])


def test_the_failure_that_ejects_is_told_and_those_before_it_are_not(noted):
    health = observed(noted)
    for at in range(2):
        health.apply("a/m", FAILED, at)
    assert noted.all == []
    health.apply("a/m", FAILED, 2.0)
    assert noted.all == [("a/m", "ejected")]
    health.apply("a/m", FAILED, 2.1)  # of a request that was under way
    assert noted.all == [("a/m", "ejected")]


def test_each_ejection_is_told(noted):
    health = observed(noted)
    for at in range(3):
        health.apply("a/m", FAILED, at)
    health.apply("a/m", HealthEvent("started"), 10.0)
    health.apply("a/m", FAILED, 11.0)
    assert noted.all == [("a/m", "ejected")] * 2


def test_an_ejection_that_others_brought_about_is_not_told_again(noted):
    store = MemoryHealth(HealthSettings(consecutive_failures=3))
    for at in range(3):
        store.apply("a/m", FAILED, at)  # as another worker would, through the state they share
    health = observed(noted, store)
    health.apply("a/m", FAILED, 2.5)
    assert noted.all == []


@pytest.mark.parametrize("kind", ["throttled", "isolated", "released"])
def test_what_else_takes_a_target_out_or_brings_it_back_is_told(noted, kind):
    observed(noted).apply("a/m", HealthEvent(kind, 5.0), 1.0)
    assert noted.all == [("a/m", kind)]


@pytest.mark.parametrize("event", [ASKED, SUCCEEDED, HealthEvent("started"), HealthEvent("abandoned")])
def test_everyday_events_are_told_to_nobody(noted, event):
    observed(noted).apply("a/m", event, 1.0)
    assert noted.all == []


def test_the_state_that_follows_is_that_of_the_store(noted):
    plain, health = MemoryHealth(), observed(noted, MemoryHealth())
    for at, event in enumerate([ASKED, FAILED, SUCCEEDED, *[FAILED] * 6, HealthEvent("started"), SUCCEEDED]):
        assert health.apply("a/m", event, at) == plain.apply("a/m", event, at)
    assert health.apply("b/m", ASKED, 1.0) == UNKNOWN


def test_a_recorder_that_wants_to_know_of_health_is_told():
    noted = Noted()
    assert isinstance(noted, HealthObserver)
    made = router("http://127.0.0.1:9/v1", recorders=[noted])
    made.isolate("a/m")
    made.restore("a/m")
    assert noted.all == [("a/m", "isolated"), ("a/m", "released")]
