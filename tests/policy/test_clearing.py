"""Clearing: every reason at once, standings remembered, tenants kept apart."""

from __future__ import annotations

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from strategies import DAY, NOON, cases
from world import SALT_KEY, World

from zdr_router.policy.clearance import Clearance
from zdr_router.policy.clearing import Clearing
from zdr_router.policy.request import Request
from zdr_router.policy.trust import Trust
from zdr_router.sealed import Sealed


def new(**changes) -> Clearing:
    return Clearing(**{"dialects": frozenset({"openai"}), "salt_key": SALT_KEY, **changes})


def one(world: World, clearing: Clearing):
    (verdict,) = world.clear_all(clearing).values()
    return verdict


def test_every_reason_is_given_at_once(case, configuration, refusals):
    configuration["flags"]["logs_content"] = "yes"
    configuration["regions"] = ["eu"]
    case.operator["policy"]["regions"] = ["us"]
    case.body["user"] = "somebody"
    case.body["provider"] = {"only": ["p9"]}
    case.trust["as_of"] = NOON - 3600
    assert refusals() == ["ZDR105", "ZDR201", "ZDR603", "ZDR702", "ZDR801"]


def test_a_refusal_shows_callers_neither_account_nor_file(case, clear):
    case.body["user"] = "somebody"
    case.trust["revoked"]["account:main"] = "an incident"
    for refusal in clear():
        shown = " ".join(refusal.public().values())
        assert "main" not in shown
        assert ".yaml" not in shown
        assert ("fix" in refusal.public()) == (refusal.id == "ZDR603")


@pytest.mark.parametrize("salt_key", [b"", bytes(15)])
def test_a_salt_that_could_be_guessed_is_not_used(salt_key):
    with pytest.raises(ValueError, match="salt_key"):
        new(salt_key=salt_key)


def _salted(case, tenant, **changes) -> object:
    case.tenant = tenant
    clearance = one(World(case), new(**changes))
    assert isinstance(clearance, Clearance), clearance
    (salt,) = [forced.value for forced in clearance.forced if forced.name == "cache_salt"]
    return salt


def test_each_tenant_has_a_salt_of_its_own(case, configuration):
    configuration["cache"]["isolation"] = {"parameter": "cache_salt"}
    case.operator["tenants"] = {name: {"accounts": []} for name in ("acme", "beta", "operator")}
    salts = [_salted(case, tenant) for tenant in (None, "acme", "beta", "operator")]
    assert len(set(salts)) == 4
    assert salts == [_salted(case, tenant) for tenant in (None, "acme", "beta", "operator")]
    assert _salted(case, "acme", salt_key=bytes(16)) != _salted(case, "acme")
    assert all(isinstance(salt, str) and "acme" not in salt for salt in salts)


def test_long_salt_keys_are_taken_too(case, configuration):
    configuration["cache"]["isolation"] = {"parameter": "cache_salt"}
    case.operator["tenants"] = {"acme": {"accounts": []}}
    assert _salted(case, "acme", salt_key=bytes(100))


def test_a_standing_is_computed_once(case):
    world, clearing = World(case), new()
    first, second = one(world, clearing), one(world, clearing)
    assert first.standing is second.standing
    assert one(world, new()).standing is not first.standing


def test_a_standing_is_not_used_for_a_target_of_the_same_name(case):
    """After a reload the same name may stand for something else."""
    clearing = new()
    assert isinstance(one(World(case), clearing), Clearance)
    case.configurations[0]["flags"]["stores_prompts"] = "yes"
    assert not isinstance(one(World(case), clearing), Clearance)


def test_nothing_that_was_decided_is_used_after_a_renewal(case):
    clearing, world = new(), World(case)
    asked = (world.request, world.policy, world.trust, case.now)
    targets = tuple(world.targets)
    kept = [clearing.clear_all(targets, *asked)[0][0].standing for _ in range(2)]
    assert kept[0] is kept[1]
    clearing.renew(float("-inf"))
    assert clearing.clear_all(targets, *asked)[0][0].standing is not kept[0]
    assert one(world, clearing).standing is not kept[0]


def test_a_renewal_forgets_the_standings_themselves(case):
    clearing, world = new(), World(case)
    first = one(world, clearing).standing
    clearing.renew(float("-inf"))
    case.operator["policy"]["regions"] = ["us"]
    other = World(case)
    one(other, clearing)  # under another policy, so that the first one's are not at hand
    assert one(world, clearing).standing is not first


def test_a_renewal_brings_the_date_of_another_registry_and_takes_that_of_the_old_one(case):
    clearing = new(not_before=NOON + DAY)
    assert {each.id for each in one(World(case), clearing)} == {"ZDR107"}
    clearing.renew(NOON - DAY)
    assert isinstance(one(World(case), clearing), Clearance)
    clearing.renew(NOON + DAY)
    assert {each.id for each in one(World(case), clearing)} == {"ZDR107"}


def test_a_renewal_does_not_forget_the_time(case):
    clearing = new()
    assert isinstance(one(World(case), clearing), Clearance)
    clearing.renew(float("-inf"))
    case.now -= 60
    assert "ZDR107" in {each.id for each in one(World(case), clearing)}


def test_a_standing_is_not_used_for_another_policy(case):
    clearing, world = new(), World(case)
    assert isinstance(one(world, clearing), Clearance)
    case.operator["policy"]["regions"] = ["eu"]
    world.policy = World(case).policy
    assert not isinstance(one(world, clearing), Clearance)


def test_a_standing_is_not_used_after_a_revocation(case):
    clearing, world = new(), World(case)
    assert isinstance(one(world, clearing), Clearance)
    world.trust = Trust(epoch=1, as_of=NOON, revoked={"provider:p0": "an incident"})
    assert not isinstance(one(world, clearing), Clearance)


@pytest.mark.parametrize("days", [60.0, -30.0])
def test_a_standing_is_used_neither_after_it_lapsed_nor_before_it_held(case, days):
    clearing, world = new(), World(case)
    assert isinstance(one(world, clearing), Clearance)
    case.now = NOON + days * DAY
    world.trust = Trust(epoch=0, as_of=case.now)
    assert not isinstance(one(world, clearing), Clearance)


def test_a_bounded_number_of_standings_is_remembered(case):
    clearing, world = new(remembered=1), World(case)
    first = one(world, clearing)
    case.operator["policy"]["cache"] = "disk"
    one(World(case), clearing)
    assert one(world, clearing).standing is not first.standing


def test_a_clearance_forces_what_the_configuration_does(cleared):
    assert [(forced.name, forced.value) for forced in cleared().forced] == [("store", False)]


def test_a_clearance_shows_no_content(cleared):
    assert repr(cleared()) == "<clearance of main/small until 1798761600>"


@settings(max_examples=150)
@given(cases(), st.lists(cases(), max_size=3), st.lists(st.floats(-60 * DAY, 400 * DAY), max_size=2))
def test_what_is_remembered_never_changes_a_verdict(case, others, later):
    world = World(case)
    targets, bodies = tuple(world.targets), [each.body for each in others if each.endpoint == case.endpoint]
    requests = [world.request, *(Request.of(case.endpoint, Sealed(body), case.tenant) for body in bodies)]
    latest = case.now
    for now in (case.now, *(case.now + seconds for seconds in later), case.now):
        latest = max(latest, now)
        for request in [*requests, *requests]:
            asked = request, world.policy, world.trust, now
            cleared, refusals = world.clearing.clear_all(targets, *asked)
            fresh = [new(dialects=case.dialects, not_before=latest).clear(target, *asked) for target in targets]
            event("cleared" if cleared else "refused")
            expected = [each for each in fresh if isinstance(each, Clearance)]
            assert [(each.target, each.forced, each.until) for each in cleared] == [
                (each.target, each.forced, each.until) for each in expected
            ]
            assert all(each.request is request for each in cleared)
            assert list(refusals) == [each for verdict in fresh if isinstance(verdict, tuple) for each in verdict]


@pytest.mark.parametrize(("back", "rules"), [(1.0, []), (1.001, ["ZDR107"]), (10 * DAY, ["ZDR102", "ZDR107"])])
def test_a_clock_that_goes_back_clears_nothing_until_it_has_caught_up(case, configuration, back, rules):
    configuration["attestation"]["observed"] = "2026-11-20"
    case.trust["as_of"] = NOON - 11 * DAY
    case.operator["policy"]["max_revocation_staleness"] = "20d"
    twice = Twice(case)
    assert twice.refused(later=-back) == rules
    assert twice.refused(later=-0.5) == []
    assert twice.refused(later=1.0) == []


def test_what_was_decided_before_does_not_help_a_clock_that_went_back(case):
    twice = Twice(case)
    assert twice.refused(later=20.0) == []
    assert twice.refused(later=10.0) == ["ZDR107"]
    assert twice.refused(later=19.0) == []


@pytest.mark.parametrize(("ahead", "rules"), [(1.0, []), (1.5, ["ZDR107"])])
def test_a_clock_behind_the_newest_change_in_trust_clears_nothing(case, ahead, rules):
    trust = Trust(epoch=1, as_of=NOON, changed=NOON + ahead)
    twice = Twice(case)
    assert twice.refused(trust) == rules
    assert twice.refused(trust, later=ahead) == []


def test_a_change_that_was_dated_ahead_is_forgotten_with_the_next_one(case):
    twice = Twice(case)
    assert twice.refused(Trust(epoch=1, as_of=NOON, changed=NOON + DAY)) == ["ZDR107"]
    assert twice.refused(Trust(epoch=2, as_of=NOON, changed=NOON)) == []


@pytest.mark.parametrize(("not_before", "cleared"), [(NOON + 1, True), (NOON + 1.5, False)])
def test_a_clock_before_the_registry_clears_nothing(case, not_before, cleared):
    verdict = one(World(case), new(not_before=not_before))
    assert isinstance(verdict, Clearance) is cleared


@pytest.mark.parametrize(
    "asked", [{"provider": {"only": ["secret"]}}, {"secret": 1}, {"messages": [{"role": "secret"}]}]
)
def test_nothing_that_a_caller_wrote_is_remembered(case, asked):
    case.body.update(asked)
    world = World(case)
    targets = tuple(world.targets)
    world.clearing.clear_all(targets, world.request, world.policy, world.trust, case.now)
    del case, targets
    assert "secret" not in repr(vars(world.clearing))


class Twice:
    """Asks the same clearing about the same targets, once as the case stands and once after it was changed."""

    def __init__(self, case) -> None:
        self.case = case
        self.world = World(case)
        self.targets = tuple(self.world.targets)
        assert self.refused() == []

    def refused(self, trust: Trust | None = None, later: float = 0.0) -> list[str]:
        request = Request.of(self.case.endpoint, Sealed(self.case.body), self.case.tenant)
        trust, now = trust or self.world.trust, self.case.now + later
        cleared, refusals = self.world.clearing.clear_all(self.targets, request, self.world.policy, trust, now)
        assert bool(cleared) != bool(refusals)
        return sorted(refusal.id for refusal in refusals)


def test_a_decision_is_not_remembered_beyond_a_revocation(case):
    assert Twice(case).refused(Trust(epoch=1, revoked={"account:main": "an incident"})) == ["ZDR104"]


def test_a_decision_is_not_remembered_once_the_trust_state_is_too_old(case):
    assert Twice(case).refused(Trust(as_of=NOON - 3600)) == ["ZDR105"]


def test_a_decision_is_not_remembered_beyond_its_expiry(case):
    assert Twice(case).refused(Trust(as_of=NOON + 400 * DAY), 400 * DAY) != []


def test_what_a_parameter_says_is_looked_at_every_time(case, configuration):
    configuration["conditions"]["forbid"] = [{"path": "service_tier", "equals": "flex"}]
    case.body["service_tier"] = "default"
    twice = Twice(case)
    case.body["service_tier"] = "flex"
    assert twice.refused() == ["ZDR604"]


def test_what_a_caller_repeats_is_looked_at_every_time(case, configuration):
    configuration["conditions"]["force"] = [{"set": "temperature", "to": 0}]
    case.body["temperature"] = 0
    twice = Twice(case)
    case.body["temperature"] = 1
    assert twice.refused() == ["ZDR606"]


def test_another_feature_is_another_decision(case):
    twice = Twice(case)
    case.body["messages"] = [{"role": "user", "content": "hello", "cache_control": {"type": "ephemeral"}}]
    assert twice.refused() != []


def test_a_stream_is_another_decision(case, configuration):
    configuration["models"][0]["features"] = []
    twice = Twice(case)
    case.body["stream"] = True
    assert twice.refused() == ["ZDR503"]


def test_another_tenant_is_another_decision(case, configuration):
    configuration["cache"]["isolation"] = {"parameter": "cache_salt"}
    case.operator["tenants"] = {"acme": {"accounts": []}, "beta": {"accounts": []}}
    world = World(case)
    targets, salts = tuple(world.targets), set()
    for tenant in ("acme", "beta"):
        request = Request.of(case.endpoint, Sealed(case.body), tenant)
        (clearance,), _ = world.clearing.clear_all(targets, request, world.policy, world.trust, case.now)
        salts.update(forced.value for forced in clearance.forced if forced.name == "cache_salt")
    assert len(salts) == 2


def test_a_preference_is_another_decision(case):
    twice = Twice(case)
    case.body["provider"] = {"ignore": ["p0"]}
    assert twice.refused() == ["ZDR802"]
