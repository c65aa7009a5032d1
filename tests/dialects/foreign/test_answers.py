"""Whole answers of foreign formats: what they say besides plain text, and what is none."""

from __future__ import annotations

import json

import pytest
from wires import cohere, converse, generated, message

from zdr_router.dialects.base import Decoded, Head
from zdr_router.dialects.foreign.cohere import decode_cohere
from zdr_router.dialects.foreign.converse import decode_converse
from zdr_router.dialects.foreign.generate_content import decode_generate_content
from zdr_router.dialects.foreign.messages import decode_messages
from zdr_router.metadata import Outcome

HEAD = Head("chatcmpl-0123456789abcdef01234567", 1, "chat")
FORMATS = {
    "messages": (decode_messages, message),
    "converse": (decode_converse, converse),
    "generate_content": (decode_generate_content, generated),
    "cohere": (decode_cohere, cohere),
}


def decode(name: str, answer: object):
    return FORMATS[name][0](json.dumps(answer).encode(), HEAD)


def said(name: str, answer: object):
    decoded = decode(name, answer)
    assert isinstance(decoded, Decoded), decoded
    return decoded.body.open()["choices"][0]


CALLS = {
    "messages": message(
        reason="tool_use",
        content=[
            {"type": "text", "text": "Let me see."},
            {"type": "tool_use", "id": "call_1", "name": "look_up", "input": {"city": "Rome"}},
        ],
    ),
    "converse": converse(
        reason="tool_use",
        content=[
            {"text": "Let me see."},
            {"toolUse": {"toolUseId": "call_1", "name": "look_up", "input": {"city": "Rome"}}},
        ],
    ),
    "generate_content": generated(
        content=[
            {"text": "Let me see."},
            {"functionCall": {"name": "look_up", "args": {"city": "Rome"}}, "thoughtSignature": "c2ln"},
        ]
    ),
    "cohere": {
        **cohere(reason="TOOL_CALL"),
        "message": {
            "role": "assistant",
            "content": [{"type": "text", "text": "Let me see."}],
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": '{"city":"Rome"}'}}
            ],
        },
    },
}


@pytest.mark.parametrize("name", FORMATS)
def test_calls_of_tools(name):
    choice = said(name, CALLS[name])
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert call["function"] == {"name": "look_up", "arguments": '{"city":"Rome"}'}
    assert call["id"] == ("call_0123456789abcdef01234567_0" if name == "generate_content" else "call_1")
    assert choice["message"]["content"] == "Let me see."


THOUGHTS = {
    "messages": message(
        content=[
            {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
            {"type": "redacted_thinking", "data": "xyz"},
            {"type": "text", "text": "Yes."},
        ]
    ),
    "converse": converse(
        content=[
            {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
            {"reasoningContent": {"redactedContent": "eHl6"}},
            {"text": "Yes."},
        ]
    ),
    "generate_content": generated(
        content=[{"text": "Hm.", "thought": True}, {"text": "Yes."}, {"thoughtSignature": "c2ln"}]
    ),
    "cohere": cohere(content=[{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Yes."}]),
}


@pytest.mark.parametrize("name", FORMATS)
def test_thoughts_are_kept_apart(name):
    saying = said(name, THOUGHTS[name])["message"]
    assert (saying["content"], saying["reasoning_content"]) == ("Yes.", "Hm.")


@pytest.mark.parametrize("name", FORMATS)
def test_usage(name):
    decoded = decode(name, FORMATS[name][1]())
    assert decoded.usage == (7, 3, 2)
    usage = decoded.body.open()["usage"]
    assert (usage["prompt_tokens"], usage["completion_tokens"], usage["total_tokens"]) == (7, 3, 10)
    assert usage["prompt_tokens_details"]["cached_tokens"] == 2


def test_thinking_is_counted_with_the_answer_by_google():
    assert decode("generate_content", generated()).body.open()["usage"]["completion_tokens_details"] == {
        "reasoning_tokens": 2
    }


def test_thinking_is_counted_within_the_answer_by_anthropic():
    answer = message()
    answer["usage"]["output_tokens_details"] = {"thinking_tokens": 2}
    usage = decode("messages", answer).body.open()["usage"]
    assert (usage["completion_tokens"], usage["completion_tokens_details"]) == (3, {"reasoning_tokens": 2})


def test_counts_of_cohere_need_not_be_integers():
    answer = cohere()
    answer["usage"] = {"tokens": {"input_tokens": 7.0, "output_tokens": 3.0}, "cached_tokens": 2.0}
    assert decode("cohere", answer).usage == (7, 3, 2)


def test_a_call_that_google_named_keeps_its_name():
    answer = generated(content=[{"functionCall": {"id": "theirs-1", "name": "look_up", "args": {}}}])
    assert said("generate_content", answer)["message"]["tool_calls"][0]["id"] == "theirs-1"


def test_an_account_that_google_has_limited_is_no_access():
    assert decode("generate_content", generated(content=[], reason="PUP_LIMITED_DISABLED")) is Outcome.CREDENTIAL


def test_an_answer_that_google_filters_by_a_rule_of_escalation_is_filtered():
    assert said("generate_content", generated(content=[], reason="ESCALATION"))["finish_reason"] == "content_filter"


@pytest.mark.parametrize("counts", [None, {}, [], {"input_tokens": "7"}, {"tokens": 7}])
@pytest.mark.parametrize("name", FORMATS)
def test_an_answer_without_counts_is_still_one(name, counts):
    answer = FORMATS[name][1]()
    answer["usage" if "usage" in answer else "usageMetadata"] = counts
    decoded = decode(name, answer)
    assert isinstance(decoded, Decoded)
    assert decoded.usage is None


def test_an_answer_that_is_over_and_empty_is_one_in_messages():
    assert said("messages", message(content=[]))["message"]["content"] == ""
    assert said("converse", converse(content=[]))["message"]["content"] == ""


@pytest.mark.parametrize("name", ["generate_content", "cohere"])
def test_an_answer_without_content_is_none_elsewhere(name):
    assert decode(name, FORMATS[name][1](content=[])) is Outcome.MALFORMED


@pytest.mark.parametrize(("name", "reason"), [("generate_content", "MAX_TOKENS"), ("cohere", "MAX_TOKENS")])
def test_a_limit_may_leave_nothing(name, reason):
    choice = said(name, FORMATS[name][1](content=[], reason=reason))
    assert (choice["message"]["content"], choice["finish_reason"]) == (None, "length")


def test_a_prompt_that_google_blocks_is_a_refusal():
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 7}}
    assert decode("generate_content", blocked) is Outcome.PROVIDER_REFUSAL


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("messages", message(content=[{"type": "server_tool_use", "id": "x", "name": "web_search", "input": {}}])),
        ("messages", message(content=[{"type": "tool_use", "id": "x", "name": "f", "input": "{}"}])),
        ("messages", message(content=[{"type": "tool_use", "name": "f", "input": {}}])),
        ("messages", message(content=[{"type": "text"}])),
        ("messages", message(reason="pause_turn")),
        ("messages", {**message(), "type": "completion"}),
        ("messages", {**message(), "content": "ok"}),
        ("converse", converse(content=[{"image": {}}])),
        ("converse", converse(content=[{"toolUse": {"toolUseId": "x", "input": {}}}])),
        (
            "converse",
            converse(content=[{"toolUse": {"toolUseId": "x", "name": "f", "input": {}, "type": "server_tool_use"}}]),
        ),
        ("converse", converse(reason="malformed_tool_use")),
        ("converse", converse(reason="malformed_model_output")),
        ("converse", {**converse(), "output": {}}),
        ("generate_content", generated(content=[{"executableCode": {"code": "1"}}])),
        ("generate_content", generated(content=[{"functionCall": {"args": {}}}])),
        ("generate_content", generated(reason="MALFORMED_FUNCTION_CALL")),
        ("generate_content", generated(content=[{"functionCall": {"id": 7, "name": "f"}}])),
        ("generate_content", generated(reason="OTHER")),
        ("generate_content", generated(reason="IMAGE_SAFETY")),
        ("cohere", cohere(content=[{"type": "document"}])),
        ("cohere", {**cohere(), "message": "ok"}),
    ],
)
def test_what_was_never_asked_for_is_no_answer(name, answer):
    assert decode(name, answer) is Outcome.MALFORMED


@pytest.mark.parametrize("reason", ["", "no reason of theirs", [], ["ERROR"], {}, 7])
@pytest.mark.parametrize("name", FORMATS)
def test_an_answer_that_ends_for_no_known_reason_is_none(name, reason):
    assert decode(name, FORMATS[name][1](reason=reason)) is Outcome.MALFORMED


@pytest.mark.parametrize("reason", ["ERROR", "TIMEOUT"])
def test_a_failure_that_cohere_calls_an_answer_is_none(reason):
    assert decode("cohere", cohere(reason=reason)) is Outcome.TRANSIENT


@pytest.mark.parametrize(
    ("name", "error", "outcome"),
    [
        ("messages", {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}, Outcome.TRANSIENT),
        ("messages", {"type": "error", "error": {"type": "rate_limit_error"}}, Outcome.RATE_LIMITED),
        ("generate_content", {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}, Outcome.RATE_LIMITED),
        ("generate_content", {"error": {"code": 400, "status": "INVALID_ARGUMENT"}}, Outcome.CALLER_FAULT),
    ],
)
def test_an_error_in_a_200_is_one(name, error, outcome):
    assert decode(name, error) is outcome


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_no_json_is_no_answer(name):
    assert FORMATS[name][0](b"<html>", HEAD) is Outcome.MALFORMED
