"""What a request uses and asks for, against what its target covers."""

from __future__ import annotations

import pytest
from judge import NEEDS_CAPABILITY, NEEDS_PERMIT
from strategies import CUSTOM, FUNCTION, PARTS, TEXT_PART

from zdr_router.policy.capabilities import NEEDS
from zdr_router.policy.clearance import Clearance
from zdr_router.registry.vocabulary import FEATURES

USES = {
    "end_user": {"user": "u"},
    "labels": {"metadata": {"a": "b"}},
    "store": {"store": True},
    "cache_key": {"prompt_cache_key": "k"},
    "memory_cache": {"prompt_cache_retention": "in_memory"},
    "extended_cache": {"prompt_cache_retention": "24h"},
    "audio_output": {"modalities": ["text", "audio"]},
    "web_search": {"web_search_options": {}},
    "moderation": {"moderation": {"model": "m"}},
}

WITHHELD = {"end_user", "labels"}
"""What the strictest policy does not let leave even where it is permitted."""


@pytest.mark.parametrize("feature", sorted(USES))
def test_what_goes_beyond_the_answer_needs_a_permit(case, configuration, refusals, feature):
    configuration["conditions"] = {}
    case.body.update(USES[feature])
    assert refusals() == ["ZDR603"]
    configuration["conditions"] = {"permit": [feature]}
    assert refusals() == (["ZDR608"] if feature in WITHHELD else [])
    configuration["conditions"] = {"permit": sorted(set(USES) - {feature})}
    assert refusals() == ["ZDR603"]


def test_the_judge_knows_the_same_effects_and_capabilities():
    for name in NEEDS_PERMIT:
        assert FEATURES[name].effect in ("identity", "cache", "retention", "egress")
    assert NEEDS == NEEDS_CAPABILITY


@pytest.mark.parametrize("part", ["remote_image", "remote_audio", "file_by_id"])
def test_media_that_somebody_has_to_fetch_is_refused(case, refusals, part):
    case.body["messages"][0]["content"] = [PARTS[part]]
    assert refusals() == ["ZDR603"]


@pytest.mark.parametrize(
    ("body", "capability"),
    [
        ({"tools": [FUNCTION]}, "tools"),
        ({"tools": [CUSTOM]}, "tools"),
        ({"tool_choice": "required"}, "tools"),
        ({"response_format": {"type": "json_object"}}, "json"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 2}, "logprobs"),
        ({"reasoning_effort": "low"}, "reasoning"),
        ({"stream": True}, "stream"),
        ({"messages": [{"role": "user", "content": [TEXT_PART, PARTS["inline_image"]]}]}, "images"),
        ({"messages": [{"role": "user", "content": [PARTS["inline_file"]]}]}, "files"),
        ({"messages": [{"role": "user", "content": [PARTS["inline_audio"]]}]}, "audio"),
    ],
)
def test_a_model_can_do_what_it_is_declared_to(case, configuration, clear, body, capability):
    case.body.update(body)
    model = configuration["models"][0]
    model["features"] = sorted({*NEEDS.values()} - {capability})
    assert [(refusal.id, refusal.sentence) for refusal in clear()] == [
        ("ZDR503", f"the model is not declared to support {capability}")
    ]
    model["features"] = [capability]
    assert isinstance(clear(), Clearance)


@pytest.mark.parametrize(
    ("when", "part", "touched"),
    [
        ("images", "inline_image", True),
        ("images", "inline_file", False),
        ("files", "inline_file", True),
        ("files", "inline_audio", False),
        ("audio", "inline_audio", True),
        ("video", "inline_image", False),
        ("all", "inline_image", True),
    ],
)
def test_an_exception_touches_the_requests_that_can_set_it_off(case, refusals, when, part, touched):
    configuration = case.configurations[0]
    configuration["exceptions"] = [{"trigger": "csam_screening", "when": when, "human_review": "no"}]
    configuration["models"][0]["features"] = sorted({*NEEDS.values()})
    case.body["messages"][0]["content"] = [PARTS[part]]
    assert refusals() == (["ZDR204"] if touched else [])


def test_every_unknown_place_is_told_without_its_name(case, clear):
    case.body["my secret"] = 1
    case.body["messages"][0]["my other secret"] = 1
    verdict = clear()
    assert [refusal.id for refusal in verdict] == ["ZDR602", "ZDR602"]
    assert "secret" not in " ".join(map(str, verdict))


def test_what_is_null_sets_nothing(case, refusals):
    case.body.update(store=None, user=None, metadata=None)
    assert refusals() == []


@pytest.mark.parametrize(("value", "refused"), [(False, []), (True, ["ZDR603", "ZDR606"]), (None, [])])
def test_a_caller_may_only_repeat_what_is_forced(case, refusals, value, refused):
    case.body["store"] = value
    assert refusals() == refused


def test_where_the_provider_stores_by_default_the_request_has_to_say_no(case, configuration, refusals):
    case.endpoint, case.body = "responses", {"model": "assistant", "input": "hello"}
    assert refusals() == []
    configuration["conditions"] = {}
    assert refusals() == ["ZDR603"]
    configuration["conditions"] = {"force": [{"set": "store", "to": True}]}
    assert refusals() == ["ZDR603"]
    configuration["conditions"] = {}
    case.body["store"] = False
    assert refusals() == []


def test_conditions_see_the_model_of_the_target_not_the_name_of_the_route(configuration, refusals):
    configuration["conditions"] = {"allow": {"model": ["small"]}, "forbid": [{"path": "model", "matches": "assist"}]}
    assert refusals() == []
