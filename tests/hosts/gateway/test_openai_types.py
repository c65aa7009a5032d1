"""Every answer against the types of OpenAI's own client, as strictly as they can be read.

The client itself takes whatever comes. Here each key that its types require has to be there, and each that is there has
to be one of theirs, but for `zdr`, `reasoning_content`, and three that OpenAI's API sends though its types lack them.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import upstream as up
from gateway_here import ASKING, here
from here import needs
from upstream import Upstream

needs("openai", fix="install the group `test`")

from openai.types import CreateEmbeddingResponse, Model  # noqa: E402 - after what may skip
from openai.types.chat import ChatCompletion, ChatCompletionChunk  # noqa: E402
from openai.types.responses import Response, ResponseStreamEvent  # noqa: E402
from openai.types.shared import ErrorObject  # noqa: E402
from pydantic import BaseModel, TypeAdapter  # noqa: E402

BESIDES = frozenset({"zdr", "reasoning_content", "store", "frequency_penalty", "presence_penalty"})
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}


def strictly(kind: Any, value: Any) -> Any:
    """`value` as this type, which is the client's; nothing is missing, nothing converted and nothing besides."""
    read = TypeAdapter(kind).validate_python(value, strict=True)
    assert foreign(read) == []
    return read


def foreign(value: Any, place: str = "") -> list[str]:
    """Where there is something that the types do not have."""
    if isinstance(value, BaseModel):
        found = [f"{place}.{name}" for name in value.model_extra or {} if name not in BESIDES]
        inside = [(f"{place}.{name}", getattr(value, name)) for name in type(value).model_fields]
    elif isinstance(value, list):
        found, inside = [], [(f"{place}[]", each) for each in value]
    else:
        return []
    return found + [each for where, inner in inside for each in foreign(inner, where)]


def events(text: str) -> list[dict[str, Any]]:
    """The data of each event that is JSON."""
    data = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [json.loads(each) for each in data if each != "[DONE]"]


def saying(**message: Any) -> dict[str, Any]:
    body = up.completion()
    choice = body["choices"][0]
    return {**body, "choices": [{**choice, "message": {**choice["message"], **message}}], "surplus": 1}


ANSWERS = {
    "plain": up.completion(),
    "with what nobody knows": saying(surplus=1, reasoning="x", reasoning_content="why"),
    "tool calls": saying(content=None, tool_calls=[CALL]),
    "a refusal": saying(content=None, refusal="no"),
    "cut short": up.completion("o", finish="length"),
    "without usage": {name: value for name, value in up.completion().items() if name != "usage"},
}


@pytest.mark.parametrize("name", list(ANSWERS))
@pytest.mark.parametrize("told", [{}, {"x-zdr-metadata": "body"}], ids=["", "told"])
async def test_whole_answers(name, told):
    says = up.says(ANSWERS[name])
    async with Upstream(says, says) as upstream, here(upstream) as it:
        chat = await it.http.post("/v1/chat/completions", json=ASKING, headers=told)
        response = await it.http.post("/v1/responses", json={"model": "chat", "input": "hello"}, headers=told)
    strictly(ChatCompletion, chat.json())
    strictly(Response, response.json())
    assert ("zdr" in chat.json()) == ("zdr" in response.json()) == bool(told)


async def test_embeddings():
    async with Upstream() as upstream, here(upstream) as it:
        answer = await it.http.post("/v1/embeddings", json={"model": "chat", "input": ["a", "b"]})
    strictly(CreateEmbeddingResponse, answer.json())


async def test_models():
    async with here("http://127.0.0.1:9/v1") as it:
        listed = (await it.http.get("/v1/models")).json()
        one = (await it.http.get("/v1/models/chat")).json()
    assert set(listed) == {"object", "data"}
    for each in (*listed["data"], one):
        strictly(Model, each)


@pytest.mark.parametrize("usage", [False, True])
@pytest.mark.parametrize("told", [{}, {"x-zdr-metadata": "body"}], ids=["", "told"])
async def test_chunks(usage, told):
    asked = {**ASKING, "stream": True, "stream_options": {"include_usage": usage}}
    async with Upstream() as upstream, here(upstream) as it:
        answer = await it.http.post("/v1/chat/completions", json=asked, headers=told)
    assert answer.text.endswith("data: [DONE]\n\n")
    read = [strictly(ChatCompletionChunk, each) for each in events(answer.text)]
    assert len(read) >= 3
    assert any(each.usage is not None for each in read) == usage
    assert len({(each.id, each.model) for each in read if each.choices}) == 1


@pytest.mark.parametrize("told", [{}, {"x-zdr-metadata": "body"}], ids=["", "told"])
@pytest.mark.parametrize("breaks", [False, True])
async def test_events_of_a_response(told, breaks):
    async def cut(call: up.Call) -> None:
        call.hang_up()

    behaviours = [up.stream_then(up.chunks(["a"], finish=None), cut)] if breaks else []
    async with Upstream(*behaviours) as upstream, here(upstream) as it:
        answer = await it.http.post(
            "/v1/responses", json={"model": "chat", "input": "hello", "stream": True}, headers=told
        )
    read = [strictly(ResponseStreamEvent, each) for each in events(answer.text)]
    assert [each.sequence_number for each in read] == list(range(len(read)))
    assert read[-1].type == ("error" if breaks else "response.completed")


@pytest.mark.parametrize(
    ("asked", "status"), [({}, 404), ({**ASKING, "messages": 5}, 400), ({**ASKING, "store": True}, 403), (ASKING, 502)]
)
async def test_errors(asked, status):
    async with Upstream(up.error(500)) as upstream, here(upstream) as it:
        answer = await it.http.post("/v1/chat/completions", json=asked)
    assert answer.status_code == status
    (envelope,) = answer.json().items()
    assert envelope[0] == "error"
    error = dict(envelope[1])
    assert ("refusals" in error) == (error.pop("refusals", None) is not None) == (status == 403)
    strictly(ErrorObject, error)


async def test_an_error_in_a_stream():
    async def cut(call: up.Call) -> None:
        call.hang_up()

    async with Upstream(up.stream_then(up.chunks(["a"], finish=None), cut)) as upstream, here(upstream) as it:
        answer = await it.http.post("/v1/chat/completions", json={**ASKING, "stream": True})
    *chunks, last = events(answer.text)
    for each in chunks:
        strictly(ChatCompletionChunk, each)
    strictly(ErrorObject, last["error"])
