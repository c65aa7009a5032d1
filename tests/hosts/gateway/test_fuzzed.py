"""Bodies that nobody means: whatever comes, the answer is the caller's fault, and says nothing of what came."""

from __future__ import annotations

import asyncio
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
