"""Names of users leave as keyed hashes or not at all; labels never leave."""

from __future__ import annotations

import re

import orjson
import pytest
from strategies import NOON, one_sound_case
from world import SALT_KEY, World

from zdr_router.policy.clearance import Clearance
from zdr_router.policy.clearing import Clearing
from zdr_router.policy.dispatch import Dispatch
from zdr_router.policy.guard import Stopped, WireRequest, guard
from zdr_router.policy.trust import Trust

URL = "https://api.p0.example/v1/chat/completions"
KEY = {"authorization": "Bearer sk-main"}
WHO = "canary-somebody@example.org"


@pytest.fixture
def case():
    made = one_sound_case()
    made.configurations[0]["conditions"] = {"permit": ["end_user", "labels"]}
    made.operator["policy"].update(identifiers="pseudonym", cache_isolation="none")
    return made


def made_up(case, clearing: Clearing | None = None) -> dict[str, object]:
    """What is set on the request, by parameter."""
    (verdict,) = World(case).clear_all(clearing).values()
    assert isinstance(verdict, Clearance), verdict
    return verdict.forced_members()


def named(case, **members) -> str:
    """The pseudonym of the user whom `members` name."""
    case.body.update(members or {"user": WHO})
    return str(made_up(case)["user"])


@pytest.mark.parametrize("parameter", ["user", "safety_identifier"])
def test_a_name_is_replaced_by_a_hash(case, parameter):
    case.body[parameter] = WHO
    (name,) = made_up(case).values()
    assert re.fullmatch("[0-9a-f]{32}", name)


@pytest.mark.parametrize("parameter", ["user", "safety_identifier"])
@pytest.mark.parametrize("policy", ["operator", "tenant", "call"])
def test_whoever_says_so_it_is_refused(case, parameter, policy):
    case.body[parameter] = WHO
    if policy == "operator":
        del case.operator["policy"]["identifiers"]  # the default
    elif policy == "tenant":
        case.tenant = "acme"
        case.operator["tenants"]["acme"] = {"policy": {"identifiers": "refuse"}, "accounts": []}
    else:
        case.call_policy = {"identifiers": "refuse"}
    (verdict,) = World(case).clear_all().values()
    assert [refusal.id for refusal in verdict] == ["ZDR608"]
    assert WHO not in repr(verdict)
    assert "identifiers: pseudonym" in verdict[0].fix


def test_labels_are_refused_whatever_the_policy_says(case):
    case.body["metadata"] = {WHO: WHO}
    (verdict,) = World(case).clear_all().values()
    assert [refusal.id for refusal in verdict] == ["ZDR608"]
    assert WHO not in repr(verdict)


def test_what_the_configuration_does_not_permit_is_no_better_as_a_pseudonym(case):
    case.configurations[0]["conditions"] = {}
    case.body["user"] = WHO
    (verdict,) = World(case).clear_all().values()
    assert [refusal.id for refusal in verdict] == ["ZDR603"]


def test_a_pseudonym_is_the_same_each_time_for_one_name(case):
    case.body["safety_identifier"] = WHO
    both = {named(case), *map(str, made_up(case).values())}
    assert len(both) == 1


def test_it_differs_by_name_tenant_provider_and_key(case):
    found = {named(case), named(case, user=f"{WHO}x"), named(case, user="")}
    case.body["user"] = WHO
    case.operator["tenants"] = {name: {"accounts": []} for name in ("acme", "globex")}
    for tenant in ("acme", "globex"):
        case.tenant = tenant
        found.add(named(case))
    found.add(str(made_up(case, Clearing(dialects=case.dialects, salt_key=SALT_KEY[::-1]))["user"]))
    other = one_sound_case()
    other.configurations[0]["conditions"] = {"permit": ["end_user"]}
    other.configurations[0]["id"] = other.operator["accounts"]["main"]["configuration"] = "p1/c0"
    other.operator["policy"]["identifiers"] = "pseudonym"
    found.add(named(other))
    assert len(found) == 7
    assert len({each.lower() for each in found}) == 7


def test_a_tenant_and_a_name_that_read_the_same_together_are_told_apart(case):
    case.operator["tenants"] = {name: {"accounts": []} for name in ("a", "ab")}
    case.tenant = "a"
    first = named(case, user="bc")
    case.tenant = "ab"
    assert first != named(case, user="c")


def test_what_the_configuration_sets_itself_stays(case):
    case.configurations[0]["conditions"]["force"] = [{"set": "user", "to": "everybody"}]
    case.body["user"] = "everybody"
    assert made_up(case) == {"user": "everybody"}


def test_a_request_that_names_nobody_is_not_touched(case):
    assert made_up(case) == {}


def test_the_guard_lets_the_pseudonym_leave_and_no_name(case):
    name = named(case, user=WHO, safety_identifier=WHO)
    (clearance,) = World(case).clear_all().values()
    both = {"model": "small", "user": name, "safety_identifier": name}
    left = guard(WireRequest("POST", URL, KEY, both), clearance, now=NOON, trust=Trust())
    assert isinstance(left, Dispatch)
    body = b"".join(left.body.open())
    assert WHO.encode() not in body
    assert (orjson.loads(body)["user"], orjson.loads(body)["safety_identifier"]) == (name, name)
    for added in (
        {**both, "user": WHO},
        {**both, "user": "0" * 32},
        {"model": "small", "user": name},
        {"model": "small"},
        {**both, "metadata": {"team": "a"}},
    ):
        told = guard(WireRequest("POST", URL, KEY, added), clearance, now=NOON, trust=Trust())
        assert isinstance(told, Stopped), added


def test_one_requests_pseudonym_is_never_the_nexts(case):
    """Decisions are remembered by what a request uses: a name must not be."""
    clearing, found = World(case).clearing, []
    targets = World(case).targets
    policy = World(case).policy
    for user in (WHO, "another", WHO):
        case.body["user"] = user
        (clearance,), refusals = clearing.clear_all(targets, World(case).request, policy, Trust(as_of=NOON), NOON)
        assert refusals == ()
        found.append(clearance.forced_members()["user"])
    assert found[0] == found[2] != found[1]
