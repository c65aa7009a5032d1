import json
from pathlib import Path
from types import UnionType
from typing import Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdr_router.dialects.base import Decoded, Head
from zdr_router.dialects.openai import decode_chat, decode_embeddings
from zdr_router.dialects.openai_stream import ChatStreamDecoder
from zdr_router.dialects.shapes import ChatChunk, ChatCompletionBody, EmbeddingsBody

WIRE = Path(__file__).parent / "wire"
NAMES = ["openai", "vllm", "llama-cpp", "groq"]
HEAD = Head(id="zdr-1", created=1_700_000_000, model="assistant")
VALUES = [None, 0, 7, -1, 1.5, True, "", "stop", "x", [], {}, [0], {"a": 0}]


def has_shape(value, shape):  # noqa: PLR0911  # one line for each kind of type
    """Whether it has every key of the shape and no other, with values of the types that the shape states."""
    if is_typeddict(shape):
        hints = get_type_hints(shape, include_extras=True)
        required = {key for key, hint in hints.items() if shape.__total__ and get_origin(hint) is not NotRequired}
        fits = isinstance(value, dict) and required <= value.keys() <= hints.keys()
        return fits and all(has_shape(part, hints[key]) for key, part in value.items())
    origin, inner = get_origin(shape), get_args(shape)
    if origin is NotRequired:
        return has_shape(value, inner[0])
    if origin is Literal:
        return isinstance(value, str) and value in inner
    if origin in {Union, UnionType}:
        return any(has_shape(value, one) for one in inner)
    if origin is list:
        return isinstance(value, list) and all(has_shape(part, inner[0]) for part in value)
    if origin is dict:
        return isinstance(value, dict)
    return shape is object or type(value) is shape or (shape is float and type(value) is int)


def test_the_check_tells_shapes_apart():
    answer = decode_chat((WIRE / "openai.json").read_bytes(), HEAD).body.open()
    assert has_shape(answer, ChatCompletionBody)
    assert not has_shape({**answer, "timings": {}}, ChatCompletionBody)
    assert not has_shape({**answer, "object": "list"}, ChatCompletionBody)
    assert not has_shape({**answer, "created": True}, ChatCompletionBody)
    assert not has_shape({**answer, "choices": [{"index": 0}]}, ChatCompletionBody)
    assert not has_shape({**answer, "usage": None}, ChatCompletionBody)


def with_another_value(raw, data):
    """`raw`, with a value somewhere in it replaced or a key taken away."""
    place = raw
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]
        if not (isinstance(inner, dict | list) and inner) or data.draw(st.booleans()):
            if data.draw(st.booleans()):
                del place[key]
            else:
                place[key] = data.draw(st.sampled_from(VALUES))
            return raw
        place = inner


@pytest.mark.parametrize("name", NAMES)
def test_the_answers_of_providers_come_out_in_the_shape_that_is_stated(name):
    assert has_shape(decode_chat((WIRE / f"{name}.json").read_bytes(), HEAD).body.open(), ChatCompletionBody)
    chunks = ChatStreamDecoder(HEAD, show_usage=True).feed((WIRE / f"{name}.sse").read_bytes())
    assert has_shape(chunks, list[ChatChunk])


@given(st.sampled_from(NAMES), st.data())
def test_an_answer_with_any_other_value_has_the_shape_or_is_no_answer(name, data):
    raw = with_another_value(json.loads((WIRE / f"{name}.json").read_bytes()), data)
    decoded = decode_chat(json.dumps(raw).encode(), HEAD)
    assert not isinstance(decoded, Decoded) or has_shape(decoded.body.open(), ChatCompletionBody)


@given(st.sampled_from(NAMES), st.data())
def test_a_chunk_with_any_other_value_has_the_shape_or_is_no_chunk(name, data):
    events = (WIRE / f"{name}.sse").read_bytes().split(b"\n\n")[:-2]
    raw = with_another_value(json.loads(data.draw(st.sampled_from(events)).removeprefix(b"data: ")), data)
    chunks = ChatStreamDecoder(HEAD, show_usage=True).feed(b"data: " + json.dumps(raw).encode() + b"\n\n")
    assert has_shape(chunks, list[ChatChunk])


@given(st.data())
def test_embeddings_with_any_other_value_have_the_shape_or_are_none(data):
    item = {"object": "embedding", "index": 0, "embedding": [0.5, 1.5]}
    raw = {"object": "list", "data": [item], "model": "e", "usage": {"prompt_tokens": 1, "total_tokens": 1}}
    decoded = decode_embeddings(json.dumps(with_another_value(raw, data)).encode(), HEAD, inputs=1)
    assert not isinstance(decoded, Decoded) or has_shape(decoded.body.open(), EmbeddingsBody)
