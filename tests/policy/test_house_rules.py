"""The first three house rules: no dispatch without clearance, unknown is no, requests only tighten."""

from __future__ import annotations

import ast
import copy
import pickle
import re
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import (
    CUSTOM,
    DAY,
    FLAGS,
    FUNCTION,
    NOON,
    TEXT_PART,
    cases,
    one_sound_case,
    policies,
    provider_preferences,
    sound_cases,
)
from world import SALT_KEY, World, effective_policy

import zdr_router.policy
from zdr_router.policy.clearance import Clearance
from zdr_router.policy.clearing import Clearing
from zdr_router.policy.guard import WireRequest, guard
from zdr_router.policy.policy import Policy
from zdr_router.policy.trust import Trust
from zdr_router.registry.vocabulary import REQUESTS

SOURCES = Path(zdr_router.policy.__file__).parents[1]
LAPSE = 1798761600.0
"""The end of 2026-12-31, when the grant of the sound case does; its attestation ends later."""


def ids(verdict) -> set[str]:
    return set() if isinstance(verdict, Clearance) else {refusal.id for refusal in verdict}


# --- 1: no dispatch without clearance ------------------------------------------------------------------------------


@pytest.mark.parametrize("mint", [None, object(), True, "MINT"])
def test_a_clearance_is_not_made_outside_the_mint(cleared, mint):
    made = cleared()
    parts = {name: getattr(made, name) for name in ("target", "request", "standing", "forced")}
    with pytest.raises(TypeError, match=r"only policy\.clearing"):
        Clearance(mint, **parts)


@pytest.mark.parametrize("double", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_clearance_is_not_copied_or_pickled(cleared, double):
    with pytest.raises(TypeError, match="cannot be copied or pickled"):
        double(cleared())


def test_the_empty_shell_of_a_clearance_opens_nothing(cleared):
    with pytest.raises(AttributeError):
        guard(_wire(cleared()), object.__new__(Clearance), now=NOON, trust=Trust())


@pytest.mark.parametrize("name", ["forced", "target", "request", "standing", "holds", "other"])
def test_a_clearance_cannot_be_changed(cleared, name):
    with pytest.raises(TypeError, match="cannot be changed"):
        setattr(cleared(), name, ())


def test_a_clearance_has_no_other_kinds():
    with pytest.raises(TypeError, match="no other kinds"):
        type("Wider", (Clearance,), {})


def _wire(clearance: Clearance) -> WireRequest:
    url = f"{clearance.target.base_url}/chat/completions"
    added = {"model": clearance.target.model, "store": False}
    return WireRequest("POST", url, {"authorization": "Bearer sk-main"}, added)


@given(st.floats(-60 * DAY, 400 * DAY))
def test_a_clearance_lapses_when_the_earliest_of_its_facts_does(later):
    (clearance,) = World(one_sound_case()).clear_all().values()
    assert clearance.until == LAPSE
    passed = not hasattr(guard(_wire(clearance), clearance, now=NOON + later, trust=Trust()), "sentence")
    assert passed == (NOON <= NOON + later < LAPSE)


@pytest.mark.parametrize("epoch", [-1, 1, 2])
def test_a_clearance_lapses_when_the_trust_state_changes(cleared, epoch):
    clearance = cleared()
    assert guard(_wire(clearance), clearance, now=NOON, trust=Trust(epoch=epoch)).sentence == "the clearance has lapsed"


def _uses(name: str) -> set[str]:
    """The modules of the package in which `name` is imported or called."""
    found = set()
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and name in (
                getattr(node.func, "id", None),
                getattr(node.func, "attr", None),
            )
            imported = isinstance(node, ast.ImportFrom) and name in [alias.name for alias in node.names]
            if called or (imported and name == "MINT"):
                found.add(path.relative_to(SOURCES).as_posix())
    return found


def test_one_module_alone_mints_clearances():
    assert _uses("MINT") == {"policy/clearing.py"}
    assert _uses("Clearance") == {"policy/clearing.py"}


def test_the_guard_alone_makes_what_a_transport_sends():
    assert _uses("Dispatch") == {"policy/guard.py", "policy/preflight.py", "policy/signing.py"}


def test_what_leaves_without_a_clearance_is_made_where_no_request_is_at_hand():
    assert _uses("Errand") == {"credentials/oauth.py"}
    makers = {f"credentials/{name}.py" for name in ("azure", "google", "ibm")}
    assert _uses("ask") >= makers
    for name in ("oauth.py", "azure.py", "google.py", "ibm.py"):
        text = (SOURCES / "credentials" / name).read_text(encoding="utf-8")
        assert not {"Unsigned", "Dispatch", "Clearance", "Request"} & set(re.findall(r"\w+", text))


def test_no_module_goes_around_a_constructor():
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("__new__", "__setattr__", "replace"):
                call = ast.unparse(node)
                assert "Clearance" not in call, path
                assert "Dispatch" not in call, path


# --- 2: unknown is no ----------------------------------------------------------------------------------------------

FORGOTTEN = {
    **{f"flags.{name}": lambda configuration, name=name: configuration["flags"].pop(name) for name in FLAGS},
    "legs": lambda configuration: configuration["legs"].append({"leg": "tools", "flags": {}}),
    "models": lambda configuration: configuration["models"].clear(),
    "models.origin": lambda configuration: [model.update(origin="unknown") for model in configuration["models"]],
    "endpoints": lambda configuration: configuration.update(endpoints=["nothing"]),
    "attestation": lambda configuration: configuration["attestation"].update(observed="2026-11-23"),
}


@pytest.mark.parametrize("fact", sorted(FORGOTTEN))
def test_without_a_fact_nothing_of_its_configuration_is_eligible(fact):
    @settings(max_examples=8)
    @given(sound_cases())
    def hold(case):
        before = World(case).eligible()
        assume(before)
        for configuration in case.configurations:
            FORGOTTEN[fact](configuration)
        assert World(case).eligible() == set()

    hold()


def _forget_trust(case):
    case.trust = None


def _forget_media(case):
    for configuration in case.configurations:
        configuration["cache"].pop("medium")


def _forget_fail_modes(case):
    for configuration in case.configurations:
        configuration["mechanism"].pop("fail_mode", None)


def _forget_regions(case):
    for configuration in case.configurations:
        configuration["regions"] = []
    for account in case.operator["accounts"].values():
        account["regions"] = []


def _forget_countries(case):
    for file in case.provider_files:
        file["provider"]["country"] = "unknown"


def _forget_review(case):
    for configuration in case.configurations:
        for exception in configuration["exceptions"]:
            exception.pop("human_review", None)


def _forget_grants(case):
    for account in case.operator["accounts"].values():
        account.pop("grant", None)


def _forget_capabilities(case):
    for configuration in case.configurations:
        for model in configuration["models"]:
            model.pop("features", None)


def _forget_prices(case):
    for configuration in case.configurations:
        for model in configuration["models"]:
            model.pop("price", None)


def _forget_keys(case):
    case.credentials.clear()


FORGET = (
    _forget_trust,
    _forget_media,
    _forget_fail_modes,
    _forget_regions,
    _forget_countries,
    _forget_review,
    _forget_grants,
    _forget_capabilities,
    _forget_prices,
    _forget_keys,
)


@settings(max_examples=60)
@given(cases(), st.sampled_from(FORGET))
def test_to_know_less_never_makes_more_eligible(case, forget):
    before = World(case).eligible()
    forget(case)
    assert World(case).eligible() <= before


KNOWN = {name for shape in REQUESTS.values() for name in shape.keys}


@settings(max_examples=60)
@given(sound_cases(), st.text(max_size=12).filter(lambda name: name not in KNOWN), st.sampled_from([None, 0, "x", {}]))
def test_an_unknown_parameter_is_refused_everywhere(case, name, value):
    case.body[name] = value
    for verdict in World(case).clear_all().values():
        assert "ZDR602" in ids(verdict)


def _unknown_tool(body):
    body["tools"] = [FUNCTION, {"type": "oracle"}]


def _unknown_member_of_a_tool(body):
    body["tools"] = [{**CUSTOM, "connector": "x"}]


def _unknown_part(body):
    body["messages"].append({"role": "user", "content": [TEXT_PART, {"type": "hologram", "url": "https://x"}]})


def _unknown_member_of_a_part(body):
    body["messages"].append({"role": "user", "content": [{**TEXT_PART, "fetch": "https://x"}]})


def _unknown_member_of_a_message(body):
    body["messages"][0]["memory_id"] = "m1"


def _unknown_role(body):
    body["messages"].append({"role": "recorder", "content": "x"})


def _unknown_scheme(body):
    image = {"type": "image_url", "image_url": {"url": "s3://bucket/picture.png"}}
    body["messages"].append({"role": "user", "content": [image]})


def _unknown_format(body):
    body["response_format"] = {"type": "protobuf"}


@pytest.mark.parametrize(
    "add",
    [
        _unknown_tool,
        _unknown_member_of_a_tool,
        _unknown_part,
        _unknown_member_of_a_part,
        _unknown_member_of_a_message,
        _unknown_role,
        _unknown_scheme,
        _unknown_format,
    ],
)
def test_an_unknown_part_of_a_request_is_refused(case, refusals, add):
    assert refusals() == []
    add(case.body)
    assert refusals() == ["ZDR602"]


# --- 3: requests only tighten --------------------------------------------------------------------------------------


@settings(max_examples=100)
@given(cases(), policies())
def test_another_policy_never_makes_more_eligible(case, further):
    before = World(case).eligible()
    world = World(case)
    world.policy &= Policy.model_validate(further)
    assert world.eligible() <= before


@settings(max_examples=60)
@given(cases(), provider_preferences())
def test_preferences_never_make_more_eligible(case, wishes):
    case.body.pop("provider", None)
    before = World(case).eligible()
    case.body["provider"] = wishes
    assert World(case).eligible() <= before


@settings(max_examples=60)
@given(cases(), policies())
def test_a_tenants_policy_never_makes_more_eligible(case, policy):
    case.tenant = case.tenant or "acme"
    case.operator["tenants"].setdefault(case.tenant, {"accounts": []}).pop("policy", None)
    before = World(case).eligible()
    case.operator["tenants"][case.tenant]["policy"] = policy
    assert World(case).eligible() <= before


def _decisions(case, policy: Policy) -> dict[str, set[str]]:
    world = World(case)
    world.policy = policy
    return {name: ids(verdict) for name, verdict in world.clear_all().items()}


@settings(max_examples=100)
@given(cases(), st.tuples(policies(), policies(), policies()))
def test_the_order_and_number_of_policies_does_not_matter(case, further):
    host = effective_policy(case)
    one, two, three = map(Policy.model_validate, further)
    assert _decisions(case, host & one & two) == _decisions(case, host & two & one)
    assert _decisions(case, host & one) == _decisions(case, (host & one) & one)
    assert _decisions(case, (host & one) & (two & three)) == _decisions(case, ((host & one) & two) & three)


# --- a remembered standing is as good as a new one -----------------------------------------------------------------

MOMENTS = st.sampled_from([-40.0, -20.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 20.0, 40.0, 60.0, 100.0])


@settings(max_examples=80)
@given(cases(), st.lists(st.tuples(MOMENTS, st.integers(0, 2)), min_size=2, max_size=4))
def test_a_remembered_standing_gives_the_verdict_of_a_new_one(case, moments):
    world = World(case)
    warm = Clearing(dialects=case.dialects, salt_key=SALT_KEY)
    latest = float("-inf")
    for days, epoch in moments:
        case.now = NOON + days * DAY
        revoked = {f"account:a{epoch}": "an incident"} if epoch else {}
        world.trust = Trust(epoch=epoch, as_of=case.now, revoked=revoked)
        latest = max(latest, case.now)
        cold = Clearing(dialects=case.dialects, salt_key=SALT_KEY, not_before=latest)
        expected = {name: ids(verdict) for name, verdict in world.clear_all(cold).items()}
        assert {name: ids(verdict) for name, verdict in world.clear_all(warm).items()} == expected


def test_what_was_judged_without_a_trust_state_is_not_remembered(case):
    """The first readable state may have the epoch that an unread one would pretend to have."""
    world = World(case)
    for trust in (None, Trust(epoch=0, as_of=NOON, revoked={"account:main": "an incident"})):
        world.trust = trust
        (verdict,) = world.clear_all().values()
        assert ids(verdict) == ({"ZDR105"} if trust is None else {"ZDR104"})
