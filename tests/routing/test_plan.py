"""From a route and a request to a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from deployments import clear, targets

from zdr_router.metadata import Refusal
from zdr_router.policy.preferences import Preferences
from zdr_router.routing.health import HealthEvent
from zdr_router.routing.plan import Luck, Plan, Route, make_plan
from zdr_router.state.memory import MemoryHealth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zdr_router.policy.clearance import Clearance
    from zdr_router.policy.target import Target

TARGETS = targets(4)
PLAIN = Preferences()
FAILED = HealthEvent("failed")


def plan(
    *,
    preferences: Preferences = PLAIN,
    health: MemoryHealth | None = None,
    now: float = 100.0,
    refused: str = "",
    strategy: str = "in_order",
) -> Plan:
    cleared = [clear(target) for target in TARGETS if target.account_name not in refused]
    refusals = tuple(
        Refusal("ZDR201", target.id, target.configuration.id, "it keeps", "do not")
        for target in TARGETS
        if target.account_name in refused
    )
    route = Route("chat", TARGETS, strategy)
    luck = Luck(health or MemoryHealth(), now, lambda: 0.5, lambda _target: 0)
    return make_plan(route, lambda _targets: (cleared, refusals), preferences, luck)


def names(made: Plan) -> str:
    return "".join(each.target.account_name for each in made.clearances)


def held_back(made: Plan) -> str:
    return "".join(each.target.account_name for each in made.resting)


def resting(*accounts: tuple[str, float]) -> MemoryHealth:
    store = MemoryHealth()
    for name, until in accounts:
        store.apply(f"{name}/m", HealthEvent("throttled", not_before=until), 99.0)
    return store


def test_all_that_are_cleared_are_planned_and_all_that_are_not_are_explained():
    made = plan(refused="bd")
    assert names(made) == "ac"
    assert [refusal.target for refusal in made.refusals] == ["b/m", "d/m"]


def test_without_fallbacks_one_target_is_planned():
    assert names(plan(preferences=Preferences(allow_fallbacks=False))) == "a"


def test_order_is_applied_before_the_bound():
    assert names(plan(preferences=Preferences(order=("d/m",), allow_fallbacks=False))) == "d"


def test_sort_is_applied_to_what_is_cleared():
    store = MemoryHealth()
    for name, seconds in zip("abcd", (4.0, 3.0, 2.0, 1.0), strict=True):
        store.apply(f"{name}/m", HealthEvent("succeeded", latency=seconds), 99.0)
    assert names(plan(preferences=Preferences(sort="latency"), health=store, refused="d")) == "cba"


def test_health_holds_back_a_target_that_rests():
    made = plan(health=resting(("a", 120.0)))
    assert names(made) == "bcd"
    assert held_back(made) == "a"


def test_a_target_that_has_rested_is_planned_again():
    assert names(plan(health=resting(("a", 120.0)), now=120.0)) == "abcd"


def test_when_all_rest_the_one_that_is_due_first_is_tried():
    made = plan(health=resting(("a", 140.0), ("b", 110.0), ("c", 130.0), ("d", 120.0)))
    assert names(made) == "b"
    assert held_back(made) == "acd"


def test_health_never_makes_a_refused_target_eligible():
    made = plan(refused="bcd", health=resting(("a", 140.0)))
    assert names(made) == "a"


@pytest.mark.parametrize("refused", ["abcd"])
def test_a_route_without_a_cleared_target_is_an_empty_plan(refused):
    made = plan(refused=refused)
    assert (made.clearances, len(made.refusals), made.resting) == ((), 4, ())


def test_planning_changes_no_health():
    store = MemoryHealth()
    plan(health=store)
    assert store.apply("a/m", HealthEvent("asked"), 100.0) == MemoryHealth().apply("a/m", HealthEvent("asked"), 100.0)


def test_the_least_bad_target_is_not_tried_when_a_person_took_it_out():
    store = MemoryHealth()
    for name in "abcd":
        store.apply(f"{name}/m", HealthEvent("isolated"), 99.0)
    made = plan(health=store)
    assert (names(made), held_back(made)) == ("", "abcd")


def over_alternates(*, preferences: Preferences = PLAIN, larger: bool = False) -> Plan:
    """A route to a and b whose alternate goes to b and c; every target d is refused, wherever it is."""
    first, second = (targets_of("abd"), targets_of("bcd"))
    alternate = Route("other", second)
    kind = {"larger_context": (alternate,)} if larger else {"fallbacks": (alternate,)}
    refusals = (Refusal("ZDR201", "d/m", "acme/zdr", "it keeps", "do not"),)

    def cleared(asked: Sequence[Target]) -> tuple[list[Clearance], tuple[Refusal, ...]]:
        return [clear(target) for target in asked if target.account_name != "d"], refusals

    luck = Luck(MemoryHealth(), 100.0, lambda: 0.5, lambda _target: 0)
    return make_plan(Route("chat", first, **kind), cleared, preferences, luck)


def targets_of(accounts: str) -> tuple[Target, ...]:
    return tuple(target for target in TARGETS if target.account_name in accounts)


def test_a_target_of_several_routes_is_planned_once_and_refused_once():
    made = over_alternates()
    assert names(made) == "abc"
    assert [refusal.target for refusal in made.refusals] == ["d/m"]


def test_alternates_for_long_requests_are_kept_apart():
    made = over_alternates(larger=True)
    assert names(made) == "ab"
    assert [each.target.account_name for each in made.larger] == ["c"]
    assert [refusal.target for refusal in made.refusals] == ["d/m"]


@pytest.mark.parametrize("larger", [False, True])
def test_who_wants_no_fallback_gets_no_alternate(larger):
    made = over_alternates(preferences=Preferences(allow_fallbacks=False), larger=larger)
    assert (names(made), made.larger) == ("a", ())
