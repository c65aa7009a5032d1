"""Bodies that nobody means: whatever comes, the answer is the caller's fault, and says nothing of what came."""

from __future__ import annotations

import asyncio
import copy
import json
import logging

import pytest
from gateway_here import here
from hypothesis import given, settings
from hypothesis import strategies as st
from upstream import Upstream

CANARY = "canary-7f3a"
TEXT = st.sampled_from([CANARY, "", "user", "function", "text", "message", "chat", "auto", "json_schema", "\x00", "é"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 9), st.floats(-2, 2), st.just(10**30), TEXT)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(TEXT, st.sampled_from(["type", "role", "content", "name", "id"])), inner, max_size=4),
    ),
    max_leaves=12,
)
MEMBERS = {
    "/v1/chat/completions": ["messages", "tools", "tool_choice", "response_format", "stop", "n", "stream", "store"],
    "/v1/embeddings": ["input", "dimensions", "encoding_format", "user"],
    "/v1/explain": ["messages", "input", "tools", "provider"],
    "/v1/responses": [
        *("input", "instructions", "tools", "tool_choice", "text", "reasoning", "store", "background", "stream"),
        *("truncation", "include", "stream_options", "metadata", "previous_response_id", "max_output_tokens"),
    ],
}
NEEDED = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "hello"}]},
    "/v1/embeddings": {"input": "hello"},
    "/v1/explain": {},
    "/v1/responses": {"input": "hello"},
}


@st.composite
def bodies(draw, path):
    names = st.one_of(st.sampled_from(MEMBERS[path]), TEXT)
    drawn = draw(st.dictionaries(names, VALUES, max_size=4))
    return {"model": "chat", **NEEDED[path], **drawn}


@pytest.mark.parametrize("path", list(MEMBERS))
def test_no_body_makes_it_fail_or_say_what_it_was_given(path, caplog):
    caplog.set_level(logging.DEBUG)

    @settings(max_examples=60)
    @given(st.lists(bodies(path), min_size=5, max_size=5))
    def ask(several):
        asyncio.run(answers(path, several, caplog))

    ask()


async def answers(path, several, caplog):
    async with Upstream() as upstream, here(upstream) as it:
        for body in several:
            answer = await it.http.post(path, content=json.dumps(body), headers={"content-type": "application/json"})
            assert answer.status_code < 500, (body, answer.text)
            if answer.status_code != 200:
                assert set(answer.json()) == {"error"}
                assert CANARY not in answer.text
        assert CANARY not in repr(it.kept.records)
    assert CANARY not in caplog.text


SCHEMA = {"type": "object", "properties": {CANARY: {"type": "string"}}}
FUNCTION = {"name": CANARY, "description": CANARY, "parameters": SCHEMA, "strict": True}
SAID = [{"type": "text", "text": CANARY}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]
CALLED = {"id": CANARY, "type": "function", "function": {"name": CANARY, "arguments": CANARY}}
WHOLE = {
    "/v1/chat/completions": {
        "model": "chat",
        "messages": [
            {"role": "system", "content": CANARY},
            {"role": "user", "content": SAID},
            {"role": "assistant", "content": CANARY, "tool_calls": [CALLED]},
            {"role": "tool", "content": CANARY, "tool_call_id": CANARY},
        ],
        "tools": [{"type": "function", "function": FUNCTION}],
        "tool_choice": {"type": "function", "function": {"name": CANARY}},
        "response_format": {"type": "json_schema", "json_schema": {"name": CANARY, "schema": SCHEMA}},
        "temperature": 0.5,
        "max_tokens": 9,
        "stop": [CANARY],
        "logit_bias": {CANARY: 1},
        "provider": {"ignore": [CANARY], "sort": "price"},
        "stream": True,
        "stream_options": {"include_usage": True},
    },
    "/v1/responses": {
        "model": "chat",
        "instructions": CANARY,
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": CANARY}]},
            {"type": "function_call", "call_id": CANARY, "name": CANARY, "arguments": CANARY},
            {"type": "function_call_output", "call_id": CANARY, "output": CANARY},
        ],
        "tools": [{"type": "function", **FUNCTION}],
        "tool_choice": {"type": "function", "name": CANARY},
        "text": {"format": {"type": "json_schema", "name": CANARY, "schema": SCHEMA}, "verbosity": "low"},
        "reasoning": {"effort": "low"},
        "include": ["reasoning.encrypted_content"],
        "metadata": {CANARY: CANARY},
        "max_output_tokens": 9,
        "store": False,
        "stream": True,
    },
    "/v1/embeddings": {"model": "chat", "input": [CANARY], "dimensions": 2, "encoding_format": "float"},
    "/v1/explain": {"model": "chat", "messages": [{"role": "user", "content": CANARY}], "stop": CANARY},
}
"""Bodies in which everything that a caller may name is the canary."""
ODD = [
    *("null", "true", "-1", "1.5", '""', f'"{CANARY}"', "[]", "{}", f'["{CANARY}"]', f'{{"{CANARY}": "{CANARY}"}}'),
    *("1e999", "-1e308", "1" + "0" * 400, "NaN", "Infinity", "01", "9223372036854775808", "-9223372036854775809"),
    *(f'"{CANARY}\\ud800"', f'"{CANARY}\\u0000"', f'{{"{CANARY}": 1, "{CANARY}": 2}}', f'"{CANARY}', f"// {CANARY}"),
    *("[" * 60 + "]" * 60, "[" * 5000 + f'"{CANARY}"' + "]" * 5000, '{"a":' * 100 + "1" + "}" * 100),
]
"""JSON, and what only looks like it: of every kind, too large, too deep, twice the same key, half a surrogate."""


def places(value, path=()):
    """The path of everything in a body."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in inside:
        yield (*path, step)
        yield from places(inner, (*path, step))


def with_odd(body, path, odd):
    """The text of a body with something odd in one place."""
    changed = copy.deepcopy(body)
    at = changed
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = "in this place"
    return json.dumps(changed).replace('"in this place"', odd)


@pytest.mark.parametrize("path", list(WHOLE))
async def test_whatever_stands_in_a_place_of_a_body_is_repeated_nowhere(path, caplog):
    caplog.set_level(logging.DEBUG)
    texts = [with_odd(WHOLE[path], place, odd) for place in places(WHOLE[path]) for odd in ODD]
    async with Upstream() as upstream, here(upstream) as it:
        statuses = [await answered_without_a_word(it, path, text) for text in [json.dumps(WHOLE[path]), *texts]]
        assert CANARY not in repr(it.kept.records)
    assert statuses[0] == 200
    assert statuses.count(400) > len(ODD)
    assert CANARY not in caplog.text


@pytest.mark.parametrize("path", list(WHOLE))
async def test_a_body_that_is_cut_off_anywhere_is_the_callers_fault(path, caplog):
    caplog.set_level(logging.DEBUG)
    text = json.dumps(WHOLE[path])
    async with Upstream() as upstream, here(upstream) as it:
        statuses = {await answered_without_a_word(it, path, text[:end]) for end in range(0, len(text), 5)}
        assert CANARY not in repr(it.kept.records)
    assert statuses == {400}
    assert not upstream.requests
    assert CANARY not in caplog.text


async def answered_without_a_word(it, path, text):
    """The status of an answer, which is no fault of the gateway, and repeats nothing unless it is a good one."""
    answer = await it.http.post(path, content=text, headers={"content-type": "application/json"})
    assert answer.status_code < 500, (text, answer.text)
    if answer.status_code != 200:
        assert set(answer.json()) == {"error"}
        assert CANARY not in answer.text
        assert CANARY not in repr(answer.headers)
    return answer.status_code


@pytest.mark.parametrize(
    "members",
    [
        {"text": {"format": {"type": []}}},
        {"text": {"format": []}},
        {"text": {"format": {"type": "text", "name": "x"}}},
        {"tools": False},
        {"tools": ""},
        {"truncation": {}},
        {"store": []},
        {"background": {}},
        {"tool_choice": {"type": []}},
        {"tools": [{"type": {}}]},
        {"tools": [[]]},
        {"include": [{}]},
        {"reasoning": {"effort": {}}},
        {"stream_options": {"include_obfuscation": []}},
        {"input": [{"type": []}]},
        {"input": [{"role": {}}]},
        {"input": [{"role": "user", "content": [{"type": {}}]}]},
        {"input": []},
        {"model": []},
    ],
)
async def test_values_of_another_kind_are_the_callers_fault(members):
    async with here("http://127.0.0.1:9/v1") as it:
        answer = await it.http.post("/v1/responses", json={"model": "chat", "input": "hello", **members})
    assert answer.status_code in {400, 403, 404}
