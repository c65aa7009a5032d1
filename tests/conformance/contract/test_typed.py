from __future__ import annotations

import pytest

from zdr_router.conformance.contract.typed import misshapen
from zdr_router.dialects.shapes import ChatChunk, ChatCompletionBody

MESSAGE = {"role": "assistant", "content": "hello", "refusal": None}
CHOICE = {"index": 0, "message": MESSAGE, "logprobs": None, "finish_reason": "stop"}
ANSWER = {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [CHOICE]}
CHUNK = {
    **ANSWER,
    "object": "chat.completion.chunk",
    "choices": [{"index": 0, "delta": {"role": "assistant"}, "logprobs": None, "finish_reason": None}],
}


def test_what_has_the_shape_has_no_faults():
    assert list(misshapen(ANSWER, ChatCompletionBody)) == []
    assert list(misshapen(CHUNK, ChatChunk)) == []


def changed(**message):
    return {**ANSWER, "choices": [{**CHOICE, "message": {**MESSAGE, **message}}]}


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ({**ANSWER, "secret-key": 1}, "answer has a key that is not OpenAI's"),
        ({name: value for name, value in ANSWER.items() if name != "model"}, "answer.model is missing"),
        ({**ANSWER, "created": True}, "answer.created"),
        ({**ANSWER, "object": "list"}, "answer.object"),
        ({**ANSWER, "choices": {}}, "answer.choices"),
        ({**ANSWER, "usage": None}, "answer.usage"),
        (changed(content=1), "answer.choices[].message.content"),
        (changed(tool_calls=[{"id": "x"}]), "answer.choices[].message.tool_calls[].type is missing"),
        ([], "answer"),
    ],
)
def test_a_fault_is_told_by_its_place(answer, fault):
    assert fault in list(misshapen(answer, ChatCompletionBody))


def test_nothing_of_the_value_is_told():
    faults = list(misshapen({**changed(content=["canary"]), "canary": 1}, ChatCompletionBody))
    assert faults
    assert "canary" not in str(faults)
