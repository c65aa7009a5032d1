"""OpenAI's own client, unmodified, asks for responses with what agents add: custom tools and items of reasoning."""

from __future__ import annotations

from typing import Any

import pytest
import upstream as up
from here import needs
from openai_here import client, parts

needs("openai", fix="install the group `test`")

import openai  # noqa: E402 - after what may skip

GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": 'start: "SELECT" /.+/'}
SQL = {"type": "custom", "name": "sql", "description": "asks a database", "format": GRAMMAR}
FUNCTION = {"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": False}
CALL = {"id": "call_1", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}
ASKED = {"role": "user", "content": "hello"}


def said(finish: str = "stop", **members: Any) -> dict[str, Any]:
    """A `chat.completion` whose message has these members."""
    message = {"role": "assistant", "content": None, **members}
    return {**up.completion(), "choices": [{"index": 0, "message": message, "finish_reason": finish}]}


async def test_a_custom_tool_there_and_back():
    async with client(up.says(said("tool_calls", tool_calls=[CALL]))) as (openai_, upstream, _):
        first = await openai_.responses.create(model="chat", input=[ASKED], tools=[SQL])
        (call,) = first.output
        output = {"type": "custom_tool_call_output", "call_id": call.call_id, "output": "1"}
        again = await openai_.responses.create(model="chat", input=[ASKED, call, output], tools=[SQL])
    assert (call.type, call.call_id, call.name, call.input) == ("custom_tool_call", "call_1", "sql", "SELECT 1")
    assert again.output_text == "ok"
    (tool,) = upstream.requests[0].json["tools"]
    assert tool["custom"]["format"] == {
        "type": "grammar",
        "grammar": {"syntax": "lark", "definition": GRAMMAR["definition"]},
    }
    assert upstream.requests[1].json["messages"][1:] == [
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "1"},
    ]


async def test_a_custom_tool_in_a_stream():
    deltas = [
        {"tool_calls": [{**CALL, "index": 0, "custom": {"name": "sql", "input": ""}}]},
        {"tool_calls": [{"index": 0, "custom": {"input": "SELECT "}}]},
        {"tool_calls": [{"index": 0, "custom": {"input": "1"}}]},
    ]
    async with (
        client(up.stream(parts(deltas, "tool_calls"))) as (openai_, _, _),
        openai_.responses.stream(model="chat", input="hello", tools=[SQL]) as stream,
    ):
        events = [event async for event in stream]
        final = await stream.get_final_response()
    assert [event.type for event in events][2:-1] == [
        "response.output_item.added",
        "response.custom_tool_call_input.delta",
        "response.custom_tool_call_input.delta",
        "response.custom_tool_call_input.done",
        "response.output_item.done",
    ]
    assert events[5].input == "SELECT 1"
    assert final.output[0].input == "SELECT 1"


async def test_reasoning_is_an_item_and_goes_back_with_what_it_led_to():
    call = {"id": "call_2", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    answer = said("tool_calls", reasoning_content="it may rain", tool_calls=[call])
    async with client(up.says(answer)) as (openai_, upstream, _):
        first = await openai_.responses.create(
            model="chat",
            input=[ASKED],
            tools=[FUNCTION],
            include=["reasoning.encrypted_content"],
            reasoning={"summary": "auto"},
        )
        output = {"type": "function_call_output", "call_id": "call_2", "output": "rain"}
        await openai_.responses.create(model="chat", input=[ASKED, *first.output, output], tools=[FUNCTION])
    thought, _ = first.output
    assert (thought.type, thought.summary, thought.content[0].text) == ("reasoning", [], "it may rain")
    assert first.reasoning.summary is None
    assert upstream.requests[1].json["messages"][1] == {
        "role": "assistant",
        "content": None,
        "reasoning_content": "it may rain",
        "tool_calls": [call],
    }


async def test_reasoning_before_a_message_goes_back_in_that_message():
    async with client(up.says(said(content="no", reasoning_content="hm"))) as (openai_, upstream, _):
        first = await openai_.responses.create(model="chat", input=[ASKED])
        await openai_.responses.create(model="chat", input=[ASKED, *first.output, ASKED])
    _, answer, _ = upstream.requests[1].json["messages"]
    assert answer == {"role": "assistant", "content": [{"type": "text", "text": "no"}], "reasoning_content": "hm"}


async def test_reasoning_in_a_stream():
    deltas = [{"reasoning_content": "h"}, {"reasoning_content": "m"}, {"content": "no"}]
    async with (
        client(up.stream(parts(deltas, "stop"))) as (openai_, _, _),
        openai_.responses.stream(model="chat", input="hello") as stream,
    ):
        events = [event async for event in stream]
        final = await stream.get_final_response()
    assert [event.type for event in events][2:12] == [
        "response.output_item.added",
        "response.content_part.added",
        "response.reasoning_text.delta",
        "response.reasoning_text.delta",
        "response.reasoning_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert (events[6].text, events[8].item.status) == ("hm", "completed")
    assert [item.type for item in final.output] == ["reasoning", "message"]
    assert final.output_text == "no"


async def test_only_what_was_cut_off_is_incomplete():
    deltas = [{"reasoning_content": "hm"}, {"content": "n"}]
    async with client(up.stream(parts(deltas, "length"))) as (openai_, _, _):
        stream = await openai_.responses.create(model="chat", input="hello", stream=True)
        *_, last = [event async for event in stream]
    assert last.type == "response.incomplete"
    assert last.response.incomplete_details.reason == "max_output_tokens"
    assert [item.status for item in last.response.output] == ["completed", "incomplete"]


async def test_a_filtered_answer_says_so():
    async with client(up.says(said("content_filter", content="n"))) as (openai_, _, _):
        answer = await openai_.responses.create(model="chat", input="hello")
    assert (answer.status, answer.incomplete_details.reason) == ("incomplete", "content_filter")


async def test_a_refusal_in_words_is_a_part_of_its_own():
    async with client(up.says(said(refusal="I will not"))) as (openai_, _, _):
        answer = await openai_.responses.create(model="chat", input="hello")
    (part,) = answer.output[0].content
    assert (part.type, part.refusal) == ("refusal", "I will not")


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"type": "custom", "name": "sql"}, {"type": "custom", "custom": {"name": "sql"}}),
        (
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "weather"}]},
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "weather"}}]},
            },
        ),
    ],
)
async def test_which_tool_is_to_be_called(given, sent):
    async with client() as (openai_, upstream, _):
        await openai_.responses.create(model="chat", input="hello", tools=[SQL, FUNCTION], tool_choice=given)
    assert upstream.requests[0].json["tool_choice"] == sent


THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}
SEALED = {**THOUGHT, "encrypted_content": "x"}
SUMMED = {**THOUGHT, "summary": [{"type": "summary_text", "text": "hm"}]}
LONELY = {**THOUGHT, "content": [{"type": "reasoning_text", "text": "hm"}]}


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"input": [ASKED, SEALED, ASKED]}, "input[].encrypted_content"),
        ({"input": [ASKED, SUMMED, ASKED]}, "input[].summary"),
        ({"input": [ASKED, LONELY, ASKED]}, "input[].type"),
        ({"input": [ASKED, {**THOUGHT, "content": [{"type": "text", "text": "hm"}]}]}, "input[].content[]"),
        ({"reasoning": {"summary": "detailed"}}, "reasoning.summary"),
        ({"reasoning": {"summary": ["auto"]}}, "reasoning.summary"),
        ({"tools": [{**SQL, "format": {"type": "grammar"}}]}, "tools[].format"),
        ({"tools": [{**SQL, "format": []}]}, "tools[].format"),
        ({"tools": [{**SQL, "defer_loading": True}]}, "tools[]"),
        ({"tool_choice": {"type": "allowed_tools", "mode": ["auto"], "tools": []}}, "tool_choice"),
        ({"tool_choice": {"type": "mcp", "server_label": "x"}}, "tool_choice"),
        ({"max_tool_calls": 1}, "body.#2"),
    ],
)
async def test_what_a_chat_has_no_words_for_is_said_and_not_dropped(members, param):
    async with client() as (openai_, upstream, _):
        with pytest.raises((openai.BadRequestError, openai.PermissionDeniedError)) as raised:
            await openai_.responses.create(**{"model": "chat", "input": "hello", **members})
    assert raised.value.param == param
    assert not upstream.requests


async def test_an_item_of_reasoning_that_holds_nothing_changes_nothing():
    async with client() as (openai_, upstream, _):
        await openai_.responses.create(model="chat", input=[ASKED, THOUGHT, ASKED])
    assert [each["role"] for each in upstream.requests[0].json["messages"]] == ["user", "user"]
