"""A probe is cleared like a request that uses nothing, and what leaves for it is a connection or a GET."""

from __future__ import annotations

import pytest
from deployments import acme, clear, configuration, targets
from strategies import NOON

from zdr_router import Tenant
from zdr_router.metadata import Outcome
from zdr_router.policy.clearance import Clearance
from zdr_router.policy.clearing import Clearing
from zdr_router.policy.dispatch import Dispatch
from zdr_router.policy.guard import Stopped, WireRequest
from zdr_router.policy.policy import Policy
from zdr_router.policy.probe import SPELLINGS, billed_request, guard_probe, guard_reach, list_path, probe_request
from zdr_router.policy.requirements import Requirements
from zdr_router.policy.trust import Trust
from zdr_router.sealed import Sealed

BASE = "https://api.p0.example/v1"
GOOD = WireRequest(
    "GET",
    f"{BASE}/models",
    {"accept": "application/json", "user-agent": "x", "authorization": "Bearer sk-main"},
    {},
)


@pytest.fixture
def clearance(cleared):
    return cleared()


@pytest.fixture
def stop(clearance):
    def stop_it(**changes) -> str:
        told = guard_probe(GOOD._replace(**changes), clearance, now=NOON, trust=Trust())
        assert isinstance(told, Stopped), told
        return told.sentence

    return stop_it


def test_a_probe_uses_nothing():
    uses = Requirements.probe("chat.completions")
    assert (uses.endpoint, uses.parameters, uses.features, uses.unknown, uses.stream) == (
        "chat.completions", frozenset(), frozenset(), (), False)  # fmt: skip
    assert uses.media == {"text"}
    assert not uses.preferences.narrows


@pytest.mark.parametrize(
    ("endpoints", "asked"),
    [
        (["embeddings"], "embeddings"),
        (["responses", "chat.completions"], "chat.completions"),
        (["responses", "embeddings"], "responses"),
    ],
)
def test_it_asks_clearing_about_an_endpoint_that_is_covered(endpoints, asked):
    (target,) = targets(1, endpoints=endpoints)
    request = probe_request(target)
    assert (request.endpoint, request.content.open().json) == (asked, b"{}")


@pytest.mark.parametrize("make", [probe_request, lambda target: billed_request(target, 0)], ids=["free", "billed"])
def test_a_tenants_target_is_cleared_for_the_tenant_alone(make):
    made = acme([configuration()], tenants={"t": Tenant(accounts=["a"])}).deployment
    (target,) = made.targets
    clearing = Clearing(dialects=frozenset({"openai"}), salt_key=bytes(16))
    now = target.configuration.attestation.observed.toordinal() * 86400.0 - 719163 * 86400.0
    request, policy = make(target), made.policies["t"]
    assert isinstance(clearing.clear(target, request, policy, Trust(), now), Clearance)
    refusals = clearing.clear(target, request._replace(tenant=None), policy, Trust(), now)
    assert [each.id for each in refusals] == ["ZDR307"]


@pytest.mark.parametrize("rule", ["ZDR101", "ZDR104", "ZDR105", "ZDR201", "ZDR401"])
def test_what_refuses_a_request_refuses_a_probe(rule):
    flags = {**configuration().flags.model_dump(), "logs_content": "unknown"}
    (target,) = targets(1, **({"flags": flags} if rule == "ZDR201" else {}))
    policy = Policy(minimum_grade="contracted" if rule == "ZDR401" else "documented").complete()
    trust = None if rule == "ZDR105" else Trust(revoked={"account:a": "why"} if rule == "ZDR104" else {})
    expires = target.configuration.attestation.expires.toordinal() - 719163
    now = (expires + (1 if rule == "ZDR101" else -1)) * 86400.0
    clearing = Clearing(dialects=frozenset({"openai"}), salt_key=bytes(16))
    refusals = clearing.clear(target, probe_request(target), policy, trust, now)
    assert not isinstance(refusals, Clearance)
    assert rule in {each.id for each in refusals}


def test_a_get_of_the_list_of_models_leaves_without_a_body(clearance):
    dispatch = guard_probe(GOOD, clearance, now=NOON, trust=Trust())
    assert isinstance(dispatch, Dispatch)
    assert (dispatch.method, dispatch.url, dispatch.body.open()) == ("GET", f"{BASE}/models", ())
    assert dispatch.clearance is clearance


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"method": "POST"}, "method"),
        ({"url": f"{BASE}/chat/completions"}, "address"),
        ({"url": f"{BASE}/models?x=1"}, "address"),
        ({"url": f"{BASE}/models/m"}, "address"),
        ({"url": "https://elsewhere.example/v1/models"}, "address"),
        ({"url": BASE}, "address"),
        ({"added": {"model": "m"}}, "body"),
        ({"translated": Sealed({})}, "body"),
        ({"headers": {**GOOD.headers, "x-user": "1"}}, "allow-list"),
        ({"headers": {**GOOD.headers, "content-type": "application/json"}}, "allow-list"),
        ({"headers": {**GOOD.headers, "authorization": "Bearer sk-other"}}, "credential"),
    ],
)
def test_anything_else_is_stopped(stop, change, why):
    assert why in stop(**change)


LAPSED = [(NOON - 1, Trust()), (1798761600.0, Trust()), (NOON, Trust(epoch=1)), (NOON, None)]


@pytest.mark.parametrize(("now", "trust"), LAPSED)
def test_a_clearance_that_lapsed_lets_nothing_leave(clearance, now, trust):
    stopped = Stopped("the clearance has lapsed", Outcome.UNCLEARED)
    assert guard_probe(GOOD, clearance, now=now, trust=trust) == stopped
    assert guard_reach(clearance, now=now, trust=trust) == stopped


def test_a_connection_goes_to_the_address_that_was_cleared(clearance):
    assert guard_reach(clearance, now=NOON, trust=Trust()) == BASE


@pytest.mark.parametrize(
    ("dialect", "path"),
    [
        ("openai", "/models"),
        ("litellm:anthropic", "/v1/models"),
        ("litellm:cohere", "/v1/models"),
        ("litellm:gemini", "/models"),
        ("litellm:bedrock", ""),
        ("litellm:azure", ""),
    ],
)
def test_a_dialect_says_where_its_list_of_models_is(dialect, path):
    (target,) = targets(1, dialect=dialect)
    assert list_path(target) == path


def test_a_target_whose_dialect_has_no_list_is_asked_for_none(case, configuration, clear):
    configuration["dialect"] = "litellm:bedrock"
    case.dialects = frozenset({"litellm:bedrock"})
    verdict = clear()
    assert isinstance(verdict, Clearance), verdict
    for url in (BASE, f"{BASE}/models"):
        assert "address" in guard_probe(GOOD._replace(url=url), verdict, now=NOON, trust=Trust()).sentence


def test_a_billed_probe_is_a_fixed_word_and_a_small_limit_and_is_cleared_as_a_chat():
    (target,) = targets(1)
    written = [billed_request(target, spelling) for spelling in range(SPELLINGS)]
    assert [each.content.open().json for each in written] == [
        b'{"messages":[{"role":"user","content":"ping"}],"max_tokens":16}',
        b'{"messages":[{"role":"user","content":"ping"}],"max_completion_tokens":16}',
    ]
    assert {each.requirements.features for each in written} == {
        clear(target, max_tokens=1).request.requirements.features
    }
    (owned,) = targets(1, endpoints=["embeddings"])
    clearing = Clearing(dialects=frozenset({"openai"}), salt_key=bytes(16))
    policy = Policy(minimum_grade="documented").complete()
    assert not isinstance(clearing.clear(owned, written[0], policy, Trust(), NOON), Clearance)
