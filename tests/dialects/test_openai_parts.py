import pytest

from zdr_router.dialects.base import Unusable, Usage
from zdr_router.dialects.openai_parts import (
    read_finish_reason,
    read_function,
    read_function_delta,
    read_logprobs,
    read_reasoning,
    read_text,
    read_tool_call_deltas,
    read_tool_calls,
    read_usage,
)
from zdr_router.metadata import Outcome


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (None, None),
        ("", None),
        ("stop", "stop"),
        ("eos", "stop"),
        ("end_turn", "stop"),
        ("max_tokens", "length"),
        ("model_length", "length"),
        ("tool_use", "tool_calls"),
        ("content_filter", "content_filter"),
    ],
)
def test_finish_reasons_are_said_in_openais_words(raw, reason):
    assert read_finish_reason(raw) == reason


@pytest.mark.parametrize(
    ("raw", "outcome"),
    [
        ("error", Outcome.TRANSIENT),
        ("insufficient_system_resource", Outcome.TRANSIENT),
        ("abort", Outcome.TRUNCATED),
        ("whatever", Outcome.MALFORMED),
        (7, Outcome.MALFORMED),
        (["stop"], Outcome.MALFORMED),
        ({}, Outcome.MALFORMED),
    ],
)
def test_a_reason_that_tells_of_a_break_or_that_nobody_knows_is_no_good_end(raw, outcome):
    with pytest.raises(Unusable) as caught:
        read_finish_reason(raw)
    assert caught.value.outcome is outcome


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}, Usage(5, 2, None)),
        ({"prompt_tokens": 5, "total_tokens": 5}, Usage(5, 0, None)),
        ({"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 3}}, Usage(5, 2, 3)),
        ({"prompt_tokens": 5, "completion_tokens": 2, "prompt_cache_hit_tokens": 3}, Usage(5, 2, 3)),
        ({"prompt_tokens": 5, "completion_tokens": 2, "cached_tokens": 0}, Usage(5, 2, 0)),
    ],
)
def test_usage_is_counted_for_metadata(raw, usage):
    assert read_usage(raw)[1] == usage


def test_usage_keeps_the_details_that_openai_knows_and_whole_numbers_only():
    body, _ = read_usage(
        {
            "prompt_tokens": 5,
            "completion_tokens": 2,
            "queue_time": 0.1,
            "prompt_cache_hit_tokens": 3,
            "prompt_tokens_details": {"audio_tokens": None, "what_was_asked": "secret"},
            "completion_tokens_details": {"reasoning_tokens": 1, "audio_tokens": "2", "accepted_prediction_tokens": -1},
        }
    )
    assert body == {
        "prompt_tokens": 5,
        "completion_tokens": 2,
        "total_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 3},
        "completion_tokens_details": {"reasoning_tokens": 1},
    }


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        "5",
        {},
        {"prompt_tokens": "5"},
        {"prompt_tokens": -1},
        {"prompt_tokens": True},
        {"prompt_tokens": 5, "completion_tokens": 1.5},
    ],
)
def test_counts_that_cannot_be_read_are_no_usage(raw):
    assert read_usage(raw) is None


def test_log_probabilities_have_both_lists_and_nothing_else():
    assert read_logprobs(None) is None
    tokens = [{"token": "a", "logprob": -1.0, "bytes": [97], "top_logprobs": []}]
    assert read_logprobs({"content": tokens, "text_offset": []}) == {"content": tokens, "refusal": None}


def test_reasoning_is_read_under_either_name():
    assert read_reasoning({"reasoning_content": "a", "reasoning": "b"}) == "a"
    assert read_reasoning({"reasoning": "b"}) == "b"
    assert read_reasoning({"reasoning": {"effort": "low"}}) is None
    assert read_reasoning({"reasoning_content": ""}) is None


def test_tool_calls_lose_what_openai_does_not_know():
    function = {"name": "f", "arguments": "{", "parsed": {}}
    assert read_tool_calls(
        [
            {"id": "a", "function": function, "index": 0},
            {"id": "b", "type": "custom", "custom": {"name": "c", "input": "x", "y": 1}},
        ]
    ) == [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{"}},
        {"id": "b", "type": "custom", "custom": {"name": "c", "input": "x"}},
    ]


def test_pieces_of_tool_calls_hold_only_what_came():
    assert read_tool_call_deltas(
        [
            {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": None}},
            {"index": 1, "id": None, "type": None, "function": {"arguments": "{"}},
            {"index": 2, "type": "custom", "custom": {"input": "x", "z": 1}},
        ]
    ) == [
        {"index": 0, "id": "a", "type": "function", "function": {"name": "f"}},
        {"index": 1, "function": {"arguments": "{"}},
        {"index": 2, "type": "custom", "custom": {"input": "x"}},
    ]


@pytest.mark.parametrize(
    ("read", "raw"),
    [
        (read_text, 7),
        (read_reasoning, {"reasoning_content": ["a"]}),
        (read_logprobs, []),
        (read_logprobs, {"content": "a"}),
        (read_function, None),
        (read_function, {"name": "f", "arguments": {}}),
        (read_function_delta, "f"),
        (read_function_delta, {"arguments": {}}),
        (read_tool_calls, {}),
        (read_tool_calls, [None]),
        (read_tool_calls, [{"type": "function", "function": {"name": "f", "arguments": "{}"}}]),
        (read_tool_calls, [{"id": "a", "type": "function"}]),
        (read_tool_calls, [{"id": "a", "type": "web_search"}]),
        (read_tool_calls, [{"id": "a", "type": "custom", "custom": {"name": "c"}}]),
        (read_tool_call_deltas, "x"),
        (read_tool_call_deltas, [{"id": "a", "function": {"name": "f"}}]),
        (read_tool_call_deltas, [{"index": -1}]),
        (read_tool_call_deltas, [{"index": 0, "id": 7}]),
        (read_tool_call_deltas, [{"index": 0, "type": "web_search"}]),
        (read_tool_call_deltas, [{"index": 0, "function": {"name": 7}}]),
    ],
)
def test_a_part_of_the_wrong_type_is_malformed(read, raw):
    with pytest.raises(Unusable) as caught:
        read(raw)
    assert caught.value.outcome is Outcome.MALFORMED
