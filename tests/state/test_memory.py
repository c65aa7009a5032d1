"""Health, kept in this process."""

from __future__ import annotations

from zdr_router.routing.health import UNKNOWN, HealthEvent, admits
from zdr_router.routing.settings import HealthSettings
from zdr_router.state.memory import MemoryHealth

ASKED, FAILED = HealthEvent("asked"), HealthEvent("failed")


def test_a_target_that_was_never_used_is_unknown_and_asking_does_not_change_that():
    store = MemoryHealth()
    assert store.apply("a/m", ASKED, 1.0) == UNKNOWN
    assert store.apply("a/m", ASKED, 2.0) == UNKNOWN


def test_each_target_has_a_health_of_its_own():
    store = MemoryHealth(HealthSettings(consecutive_failures=1))
    store.apply("a/m", FAILED, 1.0)
    assert not admits(store.apply("a/m", ASKED, 2.0), 2.0)
    assert admits(store.apply("b/m", ASKED, 2.0), 2.0)


def test_two_stores_share_nothing():
    MemoryHealth().apply("a/m", FAILED, 1.0)
    assert MemoryHealth().apply("a/m", ASKED, 2.0) == UNKNOWN


def test_other_settings_hold_for_what_is_known():
    store = MemoryHealth(HealthSettings(consecutive_failures=2))
    store.apply("a/m", FAILED, 1.0)
    store.adopt(HealthSettings(consecutive_failures=3), {"a/m"})
    assert admits(store.apply("a/m", FAILED, 2.0), 2.0)
    assert not admits(store.apply("a/m", FAILED, 3.0), 3.0)


def test_what_is_no_target_any_more_is_forgotten_unless_a_person_isolated_it():
    store = MemoryHealth()
    store.apply("a/m", FAILED, 1.0)
    store.apply("b/m", HealthEvent("isolated"), 1.0)
    store.adopt(HealthSettings(), {"c/m"})
    assert store.apply("a/m", ASKED, 2.0) == UNKNOWN
    assert store.apply("b/m", ASKED, 2.0).isolated
