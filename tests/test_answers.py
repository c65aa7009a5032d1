"""What callers get, apart from how it came to be."""

from __future__ import annotations

import json

import pytest
from test_errors import REFUSALS, metadata

from zdr_router.answers import ChatCompletion, Embeddings, Explanation, Planned
from zdr_router.sealed import Sealed


def completion(message) -> ChatCompletion:
    body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}]}
    return ChatCompletion(Sealed(body), metadata())


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"role": "assistant", "content": "hello", "refusal": None}, "hello"),
        ({"role": "assistant", "content": None, "refusal": "no"}, ""),
        ({"role": "assistant", "content": None, "refusal": None, "tool_calls": []}, ""),
    ],
    ids=["text", "refusal", "tools"],
)
def test_the_text_is_that_of_the_first_choice_or_empty(message, text):
    assert completion(message).text == text


def test_the_body_is_the_very_object():
    body = {"choices": []}
    assert ChatCompletion(Sealed(body), metadata()).body is body


def test_an_answer_shows_who_answered_and_its_size():
    assert repr(completion({"content": "secret"})) == "<ChatCompletion from None, <sealed dict, 1 items>>"


def test_vectors_come_in_the_order_of_the_inputs():
    data = [{"object": "embedding", "index": at, "embedding": [float(at)]} for at in range(3)]
    answer = Embeddings(Sealed({"object": "list", "data": data, "model": "chat"}), metadata())
    assert answer.vectors == [[0.0], [1.0], [2.0]]
    assert repr(answer) == "<Embeddings from None, <sealed dict, 3 items>>"


def test_an_explanation_names_each_refused_target_once_and_is_plain():
    explanation = Explanation(
        "chat", (Planned("c/m", "acme/c", "m", 9.0, "none", ("store",)),), (*REFUSALS, *REFUSALS), ("c/m",)
    )
    assert explanation.refused_targets == ("a/m", "b/m")
    plain = explanation.as_dict()
    assert json.loads(json.dumps(plain))["planned"][0]["forced"] == ["store"]
    assert [each["id"] for each in plain["refusals"]] == ["ZDR201", "ZDR401"] * 2
    assert plain["resting"] == ["c/m"]
