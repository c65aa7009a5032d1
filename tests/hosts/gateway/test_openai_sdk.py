"""OpenAI's own client, unmodified, talks to the application."""

from __future__ import annotations

import json
from typing import Any

import pytest
import upstream as up
from here import needs
from openai_here import client, parts

needs("openai", fix="install the group `test`")

import openai  # noqa: E402 - after what may skip
from pydantic import BaseModel  # noqa: E402

SAYING = [{"role": "user", "content": "hello"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}


class Answer(BaseModel):
    colour: str


def calling() -> dict[str, Any]:
    """An answer that calls a function."""
    message = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls", "logprobs": None}
    return {**up.completion(), "choices": [choice]}


def calling_in_pieces() -> list[dict[str, Any]]:
    first = {**CALL, "index": 0, "function": {"name": "weather", "arguments": ""}}
    deltas = [
        {"role": "assistant", "content": None, "tool_calls": [first]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"city":'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '"Oslo"}'}}]},
    ]
    return parts(deltas, "tool_calls")


async def test_chat():
    async with client() as (openai_, _, it):
        answer = await openai_.chat.completions.with_raw_response.create(model="chat", messages=SAYING)
    parsed = answer.parse()
    assert parsed.choices[0].message.content == "ok"
    assert parsed.usage.total_tokens == 10
    assert parsed._request_id == it.kept.records[0].request_id


async def test_chat_stream():
    async with client() as (openai_, _, _):
        stream = await openai_.chat.completions.create(
            model="chat", messages=SAYING, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "ok"
    assert chunks[-1].usage.total_tokens == 10


async def test_chat_stream_helper_with_tools():
    async with (
        client(up.stream(calling_in_pieces())) as (openai_, _, _),
        openai_.chat.completions.stream(model="chat", messages=SAYING, tools=[WEATHER]) as stream,
    ):
        final = await stream.get_final_completion()
    (call,) = final.choices[0].message.tool_calls
    assert call.function.arguments == '{"city":"Oslo"}'


async def test_chat_tools_there_and_back():
    async with client(up.says(calling())) as (openai_, upstream, _):
        answer = await openai_.chat.completions.create(model="chat", messages=SAYING, tools=[WEATHER])
        message = answer.choices[0].message
        result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "rain"}
        said = message.model_dump(exclude_none=True)
        again = await openai_.chat.completions.create(model="chat", messages=[*SAYING, said, result], tools=[WEATHER])
    assert again.choices[0].message.content == "ok"
    assert upstream.requests[1].json["messages"][1]["tool_calls"][0]["id"] == "call_1"


async def test_chat_structured_output():
    async with client(up.says(up.completion('{"colour":"red"}'))) as (openai_, upstream, _):
        answer = await openai_.chat.completions.parse(model="chat", messages=SAYING, response_format=Answer)
    assert answer.choices[0].message.parsed == Answer(colour="red")
    assert upstream.requests[0].json["response_format"]["json_schema"]["strict"] is True


async def test_embeddings_with_the_clients_own_choice_of_base64():
    async with client() as (openai_, _, _):
        answer = await openai_.embeddings.create(model="chat", input=["a", "b"], encoding_format="float")
    assert [each.embedding for each in answer.data] == [[0.5, 0.0], [0.5, 1.0]]


async def test_models():
    async with client() as (openai_, _, _):
        listed = [model async for model in openai_.models.list()]
        one = await openai_.models.retrieve("chat")
    assert [each.id for each in listed] == ["chat"]
    assert one.zdr["grade"] == "contracted"


async def test_a_refusal_is_raised_once_and_never_tried_again():
    async with client(retries=3) as (openai_, _, it):
        with pytest.raises(openai.PermissionDeniedError) as raised:
            await openai_.chat.completions.create(model="chat", messages=SAYING, store=True)
    assert raised.value.code == "zdr_refused"
    assert len(it.kept.records) == 1


async def test_after_exhaustion_the_client_does_not_try_again():
    async with client(up.error(500), up.error(500), retries=3) as (openai_, upstream, it):
        with pytest.raises(openai.InternalServerError):
            await openai_.chat.completions.create(model="chat", messages=SAYING)
    assert len(upstream.requests) == 1
    assert len(it.kept.records) == 1


async def test_a_stream_that_breaks_is_an_error_of_the_client():
    async def cut(call: up.Call) -> None:
        call.hang_up()

    async with client(up.stream_then(up.chunks(["a"], finish=None), cut)) as (openai_, _, _):
        stream = await openai_.chat.completions.create(model="chat", messages=SAYING, stream=True)
        with pytest.raises(openai.APIError) as raised:
            [chunk async for chunk in stream]
    assert raised.value.code == "stream_broken"


async def test_response():
    async with client() as (openai_, upstream, it):
        answer = await openai_.responses.create(
            model="chat", instructions="be brief", input="hello", store=False, max_output_tokens=9, metadata={"a": "b"}
        )
    assert answer.output_text == "ok"
    assert (answer.status, answer.store, answer.metadata) == ("completed", False, {"a": "b"})
    assert (answer.usage.input_tokens, answer.usage.input_tokens_details.cached_tokens) == (7, 2)
    assert answer.id == f"resp_{it.kept.records[0].request_id}"
    sent = upstream.requests[0].json
    assert [each["role"] for each in sent["messages"]] == ["system", "user"]
    assert "metadata" not in sent
    assert "store" not in sent


async def test_response_stream():
    async with client() as (openai_, _, _):
        stream = await openai_.responses.create(model="chat", input="hello", stream=True)
        events = [event async for event in stream]
    assert [each.type for each in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [each.sequence_number for each in events] == list(range(10))
    assert events[-1].response.output_text == "ok"
    assert events[-1].response.usage.total_tokens == 10


async def test_response_stream_helper_with_tools():
    tool = {"type": "function", **WEATHER["function"]}
    async with (
        client(up.stream(calling_in_pieces())) as (openai_, upstream, _),
        openai_.responses.stream(model="chat", input="hello", tools=[tool]) as stream,
    ):
        types = [event.type async for event in stream]
        final = await stream.get_final_response()
    assert types.count("response.function_call_arguments.delta") == 2
    assert "response.function_call_arguments.done" in types
    (call,) = final.output
    assert (call.type, call.call_id, json.loads(call.arguments)) == ("function_call", "call_1", {"city": "Oslo"})
    assert upstream.requests[0].json["tools"] == [WEATHER]


async def test_response_tools_there_and_back():
    tool = {"type": "function", **WEATHER["function"]}
    async with client(up.says(calling())) as (openai_, upstream, _):
        first = await openai_.responses.create(model="chat", input="hello", tools=[tool])
        (call,) = first.output
        output = {"type": "function_call_output", "call_id": call.call_id, "output": "rain"}
        again = await openai_.responses.create(
            model="chat", input=[{"role": "user", "content": "hello"}, call, output], tools=[tool]
        )
    assert again.output_text == "ok"
    assert [each["role"] for each in upstream.requests[1].json["messages"]] == ["user", "assistant", "tool"]


async def test_response_structured_output():
    async with client(up.says(up.completion('{"colour":"red"}'))) as (openai_, upstream, _):
        answer = await openai_.responses.parse(model="chat", input="hello", text_format=Answer)
    assert answer.output_parsed == Answer(colour="red")
    assert upstream.requests[0].json["response_format"]["json_schema"]["name"] == "Answer"


async def test_response_that_is_cut_short():
    async with client(up.says(up.completion("o", finish="length"))) as (openai_, _, _):
        answer = await openai_.responses.create(model="chat", input="hello", max_output_tokens=1)
    assert (answer.status, answer.incomplete_details.reason) == ("incomplete", "max_output_tokens")


async def test_response_stream_that_breaks():
    async def cut(call: up.Call) -> None:
        call.hang_up()

    async with client(up.stream_then(up.chunks(["a"], finish=None), cut)) as (openai_, _, _):
        stream = await openai_.responses.create(model="chat", input="hello", stream=True)
        seen = [event async for event in stream]
    failed, error = seen[-2:]
    assert (failed.type, failed.response.status, failed.response.output[0].status) == (
        "response.failed",
        "failed",
        "incomplete",
    )
    assert (error.type, error.code) == ("error", "stream_broken")


@pytest.mark.parametrize(
    "members",
    [
        {"store": True},
        {"previous_response_id": "resp_1"},
        {"conversation": "conv_1"},
        {"background": True},
        {"tools": [{"type": "web_search"}]},
        {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]},
        {"input": [{"type": "item_reference", "id": "msg_1"}]},
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}]},
        {"input": [{"role": "user", "content": [{"type": "input_image", "file_id": "file-1", "detail": "auto"}]}]},
        {"extra_body": {"nonesuch": 1}},
    ],
)
async def test_what_would_keep_something_is_refused_with_a_reason(members):
    async with client(retries=2) as (openai_, upstream, it):
        with pytest.raises(openai.PermissionDeniedError) as raised:
            await openai_.responses.create(**{"model": "chat", "input": "hello", **members})
    assert raised.value.code == "zdr_refused"
    assert raised.value.param
    assert not upstream.requests
    assert [each.endpoint for each in it.kept.records] == ["responses"]
