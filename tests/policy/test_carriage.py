"""What a format cannot carry is refused before it is written, and named."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from deployments import configuration, one_authority, registry

from zdr_router import Account, AsyncRouter, Policy
from zdr_router.policy.clearance import Clearance
from zdr_router.policy.clearing import Clearing
from zdr_router.policy.request import Request
from zdr_router.policy.trust import Trust
from zdr_router.registry.vocabulary import REQUESTS
from zdr_router.registry.vocabulary.dialects import DIALECTS
from zdr_router.registry.vocabulary.shapes import Nothing
from zdr_router.sealed import Sealed

NOW_IN_DATE = dt.datetime.now(dt.UTC).timestamp()
TOOL: dict[str, Any] = {"name": "f", "parameters": {}}
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}
EVERYTHING = [
    *(
        "end_user",
        "labels",
        "store",
        "cache_control",
        "cache_breakpoint",
        "participant_name",
        "audio_output",
        "audio_by_id",
    ),
    *("file_by_id", "web_search", "moderation", "cache_key", "cache_options", "memory_cache", "extended_cache"),
    *("remote_image", "remote_audio", "remote_file", "remote_video", "service_tier", "custom_voice"),
]


def target(dialect: str, *, scope: dict[str, str] | None = None, model: str = "m"):
    features = ["stream", "tools", "json", "images", "files", "audio", "logprobs", "reasoning"]
    made = configuration(
        hosts=["http://127.0.0.1:9"],
        dialect=dialect,
        models=[{"pattern": ".", "features": features}],
        conditions={"permit": EVERYTHING},
    )
    router = AsyncRouter(
        registry=registry(made),
        policy=Policy(minimum_grade="documented"),
        accounts={"a": Account(configuration=made.id, scope={"project": "p"} if scope is None else scope)},
        routes={"chat": [f"a/{model}"]},
        transport=one_authority(),
    )
    return router.deployment.routes["chat"].targets[0]


def refused(dialect: str, endpoint: str = "chat.completions", *, at=None, **body: Any) -> list[str]:
    """The sentences of what cannot be carried; nothing else may refuse."""
    content = {} if endpoint == "embeddings" else {"messages": [{"role": "user", "content": "hello"}]}
    request = Request.of(endpoint, Sealed({"model": "chat", **content, **body}))
    clearing = Clearing(dialects=frozenset(DIALECTS), salt_key=bytes(32))
    policy = Policy(minimum_grade="documented", identifiers="pseudonym").complete()
    verdict = clearing.clear(at or target(dialect), request, policy, Trust(), NOW_IN_DATE)
    if isinstance(verdict, Clearance):
        return []
    withheld = {"ZDR608"} if "metadata" in body else set()  # no policy lets labels leave
    assert {refusal.id for refusal in verdict} == {"ZDR607"} | withheld, [str(each) for each in verdict]
    assert all(refusal.fix for refusal in verdict)
    return [refusal.sentence for refusal in verdict if refusal.id == "ZDR607"]


def place(sentence: str) -> str:
    return sentence.rpartition(" at ")[2]


def user(*parts: object, **members: object) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": list(parts) or "hello", **members}]}


def said(**members: object) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", **members}]}


TEXT = {"type": "text", "text": "x"}
CACHE = {"cache_control": {"type": "ephemeral"}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "n", "schema": {}, "description": "d"}}
DETAIL = "messages[].content[].image_url.detail"
NAMED = {"type": "function", "function": {"name": "f"}}
CALLS = [
    ("anthropic", {"seed": 1}, "seed"),
    ("anthropic", {"n": 2}, "n"),
    ("anthropic", {"logprobs": True}, "logprobs"),
    ("anthropic", {"frequency_penalty": 0.1}, "frequency_penalty"),
    ("anthropic", {"user": "u"}, "user"),
    ("anthropic", {"metadata": {"a": "b"}}, "metadata"),
    ("anthropic", {"store": True}, "store"),
    ("anthropic", {"service_tier": "auto"}, "service_tier"),
    ("anthropic", {"response_format": {"type": "json_object"}}, "response_format.type"),
    ("anthropic", {"response_format": FORMAT}, "response_format.json_schema.description"),
    ("anthropic", {"web_search_options": {}}, "web_search_options"),
    ("anthropic", {"stream_options": {"include_obfuscation": True}}, "stream_options.include_obfuscation"),
    ("anthropic", {"tools": [{"type": "custom", "custom": {"name": "c"}}]}, "tools[].type"),
    ("anthropic", {"functions": [TOOL]}, "functions"),
    ("anthropic", user(name="Ann"), "messages[].name"),
    ("anthropic", user(**CACHE), "messages[].cache_control"),
    (
        "anthropic",
        user({"type": "image_url", "image_url": {**PICTURE["image_url"], "detail": "low"}}),
        DETAIL,
    ),
    (
        "anthropic",
        user({"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}}),
        "messages[].content[].type",
    ),
    (
        "anthropic",
        user({"type": "file", "file": {"file_data": "data:application/pdf;base64,AA", "file_id": "f"}}),
        "messages[].content[].file.file_id",
    ),
    ("anthropic", said(content="x", reasoning_content="hm"), "messages[].reasoning_content"),
    ("anthropic", said(content=None, refusal="no"), "messages[].refusal"),
    ("anthropic", said(content=[{"type": "refusal", "refusal": "no"}]), "messages[].content[].type"),
    ("bedrock", {"top_k": 3}, "top_k"),
    ("bedrock", {"tools": [{"type": "function", "function": TOOL}], "tool_choice": "none"}, "tool_choice"),
    ("bedrock", {"parallel_tool_calls": False}, "parallel_tool_calls"),
    ("gemini", {"tools": [{"type": "function", "function": {**TOOL, "strict": True}}]}, "tools[].function.strict"),
    ("gemini", user({**TEXT, **CACHE}), "messages[].content[].cache_control"),
    ("gemini", {"tools": [{"type": "function", "function": TOOL, **CACHE}]}, "tools[].cache_control"),
    ("gemini", {"parallel_tool_calls": True}, "parallel_tool_calls"),
    ("cohere", {"reasoning_effort": "low"}, "reasoning_effort"),
    ("cohere", {"tools": [{"type": "function", "function": TOOL}], "tool_choice": NAMED}, "tool_choice"),
    ("watsonx", {"top_k": 3}, "top_k"),
    *(
        (dialect, {"reasoning_effort": "minimal"}, "reasoning_effort")
        for dialect in ("anthropic", "bedrock", "gemini", "watsonx")
    ),
    ("watsonx", {"response_format": FORMAT}, "response_format.json_schema.description"),
    *(
        (dialect, user({"type": "image_url", "image_url": {**PICTURE["image_url"], "detail": "original"}}), DETAIL)
        for dialect in ("cohere", "watsonx")
    ),
    ("azure", {"top_k": 3}, "top_k"),
    ("azure", {"verbosity": "low"}, "verbosity"),
]


@pytest.mark.parametrize(("dialect", "body", "named"), CALLS)
def test_what_is_not_carried_is_named(dialect, body, named):
    (sentence,) = refused(f"litellm:{dialect}", **body)
    assert sentence.startswith(f"litellm:{dialect} cannot carry what the request has at ")
    assert place(sentence) == named


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_null_is_carried_by_all(dialect):
    assert (
        refused(
            dialect, **{**dict.fromkeys(("seed", "n", "verbosity", "user", "tools", "functions")), **user(name=None)}
        )
        == []
    )


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_whether_a_request_is_stored_is_carried_where_it_can_be_said(dialect):
    takes = dialect in {"litellm:gemini", "litellm:azure"}
    assert [place(each) for each in refused(dialect, store=False)] == ([] if takes else ["store"])


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_what_everybody_sends_is_carried_by_all(dialect):
    body = {
        "temperature": 0,
        "top_p": 1,
        "max_tokens": 5,
        "stop": ["x"],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    history = [
        {"role": "system", "content": "s"},
        {"role": "user", "content": [TEXT, PICTURE]},
        {"role": "assistant", "content": "", "refusal": None, "tool_calls": [{"id": "c", **NAMED_CALL}]},
        {"role": "tool", "tool_call_id": "c", "content": [TEXT]},
    ]
    tools = [{"type": "function", "function": TOOL}]
    assert refused(dialect, **{**body, "messages": history, "tools": tools, "tool_choice": "auto"}) == []


NAMED_CALL = {"type": "function", "function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_every_parameter_is_either_carried_or_refused_by_name(dialect):
    """What the vocabulary gains is refused until somebody says how it is carried."""
    for endpoint, shape in DIALECTS[dialect].carries.items():
        assert shape.keys.keys() == REQUESTS[endpoint].keys.keys()
        assert any(isinstance(inner, Nothing) for inner in shape.keys.values()) is (endpoint != "embeddings")


@pytest.mark.parametrize("dialect", sorted(set(DIALECTS) - {"litellm:azure"}))
def test_an_endpoint_that_a_format_does_not_have_is_refused(dialect):
    assert refused(dialect, "embeddings", input="x") == [f"{dialect} has no embeddings for this model"]


def test_azure_has_embeddings():
    assert refused("litellm:azure", "embeddings", input="x") == []


def test_a_model_that_is_no_segment_of_a_path_is_refused():
    at = target("litellm:bedrock", model="..")
    assert refused("litellm:bedrock", at=at) == ["litellm:bedrock has no chat.completions for this model"]


def test_a_project_that_nobody_named_is_asked_for():
    at = target("litellm:watsonx", scope={})
    assert refused("litellm:watsonx", at=at) == [
        "litellm:watsonx sends the account's project, and the account names none"
    ]


@pytest.mark.parametrize("dialect", sorted(set(DIALECTS) - {"litellm:azure"}))
def test_media_by_address_are_not_carried(dialect):
    remote = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    assert f"{dialect} cannot carry media by address" in refused(dialect, **user(remote))


def test_azure_is_told_addresses_where_the_configuration_permits_it():
    remote = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    assert refused("litellm:azure", **user(remote)) == []


def test_what_one_request_says_decides_nothing_about_the_next():
    """Two requests that use the same features, of which one cannot be carried."""
    made = [target("litellm:anthropic")]
    clearing = Clearing(dialects=frozenset(DIALECTS), salt_key=bytes(32))
    policy = Policy(minimum_grade="documented").complete()

    def cleared(body) -> int:
        request = Request.of("chat.completions", Sealed({"model": "chat", **body}))
        return len(clearing.clear_all(made, request, policy, Trust(), NOW_IN_DATE)[0])

    plain = user({"type": "image_url", "image_url": PICTURE["image_url"]})
    detailed = user({"type": "image_url", "image_url": {**PICTURE["image_url"], "detail": "low"}})
    assert [cleared(plain), cleared(detailed), cleared(plain), cleared(detailed)] == [1, 0, 1, 0]
