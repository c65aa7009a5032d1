"""The guard on bodies in formats of their own: whatever a codec could add, send elsewhere or leave out is stopped."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import orjson
import pytest
from deployments import configuration, one_authority, registry

from zdr_router import Account, AsyncRouter, Policy
from zdr_router.policy.accounts import SecretSource
from zdr_router.policy.clearance import Clearance
from zdr_router.policy.clearing import Clearing
from zdr_router.policy.dispatch import Dispatch
from zdr_router.policy.foreign import address_of
from zdr_router.policy.guard import Stopped, WireRequest, guard
from zdr_router.policy.request import Request
from zdr_router.policy.trust import Trust
from zdr_router.registry.vocabulary.dialects import DIALECTS
from zdr_router.sealed import Sealed

NOW = dt.datetime.now(dt.UTC).timestamp()
ASK = [{"role": "user", "content": "hello"}]
TURN = {"role": "user", "content": [{"type": "text", "text": "hello"}]}
MESSAGES = {"model": "m", "messages": [TURN], "max_tokens": 10}
CONVERSE = {"messages": [{"role": "user", "content": [{"text": "hello"}]}]}
CONTENT = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
WATSONX = {"model_id": "m", "project_id": "p", "messages": ASK}
COHERE = {"model": "m", "stream": False, "messages": ASK}
BODIES: dict[str, dict[str, Any]] = {
    "litellm:anthropic": MESSAGES,
    "litellm:vertex_anthropic": {
        "anthropic_version": "vertex-2023-10-16",
        "messages": [TURN],
        "max_tokens": 10,
    },
    "litellm:bedrock": CONVERSE,
    "litellm:gemini": CONTENT,
    "litellm:vertex_ai": CONTENT,
    "litellm:cohere": COHERE,
    "litellm:watsonx": WATSONX,
}


def cleared(dialect: str, *, conditions: dict[str, Any] | None = None, **body: Any) -> Clearance:
    features = ["stream", "tools", "json", "images", "files", "reasoning"]
    made = configuration(
        hosts=["https://api.example.com/base"],
        dialect=dialect,
        credentials={"auth": "bearer"},
        models=[{"id": "m", "features": features}],
        conditions=conditions or {},
    )
    router = AsyncRouter(
        registry=registry(made),
        policy=Policy(minimum_grade="documented"),
        accounts={"a": Account(configuration=made.id, api_key=SecretSource(env="KEY"), scope={"project": "p"})},
        routes={"chat": ["a/m"]},
        transport=one_authority(),
        environ={"KEY": "s3cret"},
    )
    (target,) = router.deployment.routes["chat"].targets
    request = Request.of("chat.completions", Sealed({"model": "chat", "messages": ASK, **body}))
    clearing = Clearing(dialects=frozenset(DIALECTS), salt_key=bytes(32))
    verdict = clearing.clear(target, request, Policy(minimum_grade="documented").complete(), Trust(), NOW)
    assert isinstance(verdict, Clearance), verdict
    return verdict


def passed(clearance: Clearance, body: dict[str, Any] | None, **changes: Any) -> Dispatch | Stopped:
    dialect = DIALECTS[clearance.target.configuration.dialect]
    headers = {"content-type": "application/json", "authorization": "Bearer s3cret", **dialect.headers}
    translated = None if body is None else Sealed(body)
    wire = WireRequest("POST", address_of(clearance), headers, {}, translated)
    return guard(wire._replace(**changes), clearance, now=NOW, trust=Trust())


def stopped(clearance: Clearance, body: dict[str, Any] | None, **changes: Any) -> str:
    told = passed(clearance, body, **changes)
    assert isinstance(told, Stopped), told
    assert "hello" not in told.sentence
    return told.sentence


@pytest.mark.parametrize("dialect", BODIES)
def test_what_its_format_lists_leaves_as_it_was_read(dialect):
    dispatch = passed(cleared(dialect), BODIES[dialect])
    assert isinstance(dispatch, Dispatch), dispatch
    assert orjson.loads(b"".join(dispatch.body.open())) == BODIES[dialect]


@pytest.mark.parametrize("dialect", BODIES)
@pytest.mark.parametrize(
    "member",
    [
        *("metadata", "mcp_servers", "container", "service_tier", "user", "context_management", "betas"),
        *("guardrailConfig", "requestMetadata", "promptVariables", "performanceConfig"),
        *("cachedContent", "safetySettings", "labels"),
        *("documents", "citation_options", "safety_mode", "project", "space_id", "json_mode", "stream_options"),
    ],
)
def test_a_member_that_its_format_does_not_list_stops_it(dialect, member):
    assert "does not list" in stopped(cleared(dialect), {**BODIES[dialect], member: "x"})


SOURCES = {"url": {"type": "url", "url": "https://example.com"}, "file": {"type": "file", "file_id": "f"}}
INNER = [
    ("litellm:anthropic", "messages", 0, "content", {"type": "image", "source": SOURCES["url"]}),
    ("litellm:anthropic", "messages", 0, "content", {"type": "document", "source": SOURCES["file"]}),
    ("litellm:anthropic", "messages", 0, "content", {"type": "container_upload", "file_id": "f"}),
    ("litellm:anthropic", "messages", 0, "content", {"type": "server_tool_use", "id": "x", "name": "y", "input": {}}),
    ("litellm:anthropic", "messages", 0, "content", {"type": "text", "text": "x", "citations": []}),
    ("litellm:bedrock", "messages", 0, "content", {"image": {"format": "png", "source": {"s3Location": {"uri": "x"}}}}),
    ("litellm:bedrock", "messages", 0, "content", {"video": {"source": {}}}),
    ("litellm:bedrock", "messages", 0, "content", {"guardContent": {"text": {"text": "x"}}}),
    ("litellm:gemini", "contents", 0, "parts", {"file_data": {"file_uri": "gs://x", "mime_type": "image/png"}}),
    ("litellm:gemini", "contents", 0, "parts", {"executableCode": {"code": "x"}}),
    ("litellm:gemini", "contents", 0, "parts", {"inline_data": {"mime_type": "application/x-sh", "data": "AA"}}),
]


@pytest.mark.parametrize(("dialect", "outer", "at", "inner", "part"), INNER)
def test_a_block_that_its_format_does_not_list_stops_it(dialect, outer, at, inner, part):
    body = copy.deepcopy(BODIES[dialect])
    body[outer][at][inner].append(part)
    assert "does not list" in stopped(cleared(dialect), body)


TOOLS = [
    ("litellm:anthropic", {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
    ("litellm:anthropic", {"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]}),
    ("litellm:bedrock", {"toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}}),
    ("litellm:gemini", {"tools": [{"googleSearch": {}}]}),
    ("litellm:gemini", {"tools": [{"codeExecution": {}}]}),
    ("litellm:gemini", {"tools": [{"urlContext": {}}]}),
    ("litellm:gemini", {"toolConfig": {"retrievalConfig": {}}}),
    ("litellm:cohere", {"tools": [{"type": "web-search"}]}),
    ("litellm:watsonx", {"tools": [{"type": "utility_agent"}]}),
    ("litellm:bedrock", {"additionalModelRequestFields": {"anthropic_beta": ["x"]}}),
]


@pytest.mark.parametrize(("dialect", "members"), TOOLS)
def test_a_tool_that_its_format_does_not_list_stops_it(dialect, members):
    assert "does not list" in stopped(cleared(dialect), {**BODIES[dialect], **members})


@pytest.mark.parametrize("dialect", sorted(set(BODIES) - {"litellm:gemini"}))
def test_only_the_gemini_api_is_told_whether_to_store(dialect):
    assert "does not list" in stopped(cleared(dialect), {**BODIES[dialect], "store": False})


MARKED = {"role": "user", "content": [{"type": "text", "text": "hello", "cache_control": {"type": "ephemeral"}}]}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
CLIENT_TOOL = {"type": "custom", "name": "f", "input_schema": {}}
FEATURES = [
    ("litellm:anthropic", {"messages": [MARKED]}),
    ("litellm:anthropic", {"messages": [{"role": "user", "content": [IMAGE]}]}),
    ("litellm:anthropic", {"tools": [CLIENT_TOOL]}),
    ("litellm:anthropic", {"thinking": {"type": "enabled", "budget_tokens": 5}}),
    ("litellm:anthropic", {"output_config": {"format": {"type": "json_schema", "schema": {}}}}),
    ("litellm:bedrock", {"system": [{"text": "x"}, {"cachePoint": {"type": "default"}}]}),
    ("litellm:bedrock", {"toolConfig": {"tools": [{"toolSpec": {"name": "json_tool_call"}}]}}),
    ("litellm:gemini", {"tools": [{"function_declarations": [{"name": "f"}]}]}),
    ("litellm:gemini", {"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}}),
    ("litellm:gemini", {"store": True}),
    ("litellm:cohere", {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]}),
    ("litellm:cohere", {"tool_choice": "REQUIRED"}),
    ("litellm:watsonx", {"response_format": {"type": "json_object"}}),
]


@pytest.mark.parametrize(("dialect", "members"), FEATURES)
def test_a_feature_that_was_not_cleared_stops_it(dialect, members):
    assert "was not cleared" in stopped(cleared(dialect), {**BODIES[dialect], **members})


def anthropic_file(kind: str) -> dict[str, object]:
    source = {"type": "base64", "media_type": kind, "data": "iVBORw0KGgo="}
    return {"type": "document", "source": source}


def converse_file(kind: str) -> dict[str, object]:
    return {"document": {"format": kind, "name": "a", "source": {"bytes": "iVBORw0KGgo="}}}


@pytest.mark.parametrize(
    ("dialect", "block"),
    [
        ("litellm:anthropic", anthropic_file("text/csv")),
        ("litellm:anthropic", {"type": "image", "source": {**IMAGE["source"], "media_type": "image/bmp"}}),
        ("litellm:bedrock", converse_file("rtf")),
        ("litellm:bedrock", {"image": {"format": "bmp", "source": {"bytes": "iVBORw0KGgo="}}}),
    ],
)
def test_a_type_of_media_that_its_format_does_not_list_stops_it(dialect, block):
    said = [{"role": "user", "content": [block]}]
    assert "does not list" in stopped(cleared(dialect), {**BODIES[dialect], "messages": said})


@pytest.mark.parametrize(
    ("dialect", "members"),
    [
        ("litellm:anthropic", {"output_config": {"effort": "minimal"}}),
        ("litellm:watsonx", {"reasoning_effort": "max"}),
        ("litellm:watsonx", {"messages": [{"role": "system", "content": [{"type": "text", "text": "x"}]}]}),
    ],
)
def test_what_a_format_has_no_word_for_stops_it(dialect, members):
    assert stopped(cleared(dialect), {**BODIES[dialect], **members})


def test_a_feature_that_was_cleared_leaves():
    tools = [{"type": "function", "function": {"name": "f"}}]
    clearance = cleared("litellm:anthropic", tools=tools)
    assert isinstance(passed(clearance, {**MESSAGES, "tools": [CLIENT_TOOL]}), Dispatch)


@pytest.mark.parametrize("dialect", BODIES)
@pytest.mark.parametrize("wrong", [{"messages": "hello"}, {"contents": 1}, {"max_tokens": "many"}, {"system": 5}])
def test_what_is_not_of_the_forms_of_its_format_stops_it(dialect, wrong):
    if dialect == "litellm:gemini" and "contents" not in wrong:
        wrong = {"contents": []}
    assert stopped(cleared(dialect), {**BODIES[dialect], **wrong})


@pytest.mark.parametrize(("dialect", "member"), [("litellm:anthropic", "model"), ("litellm:watsonx", "model_id")])
def test_another_model_stops_it(dialect, member):
    assert (
        stopped(cleared(dialect), {**BODIES[dialect], member: "other"}) == "the model is not the one that was cleared"
    )
    assert "model" in stopped(cleared(dialect), {k: v for k, v in BODIES[dialect].items() if k != member})


@pytest.mark.parametrize("dialect", ["litellm:bedrock", "litellm:gemini", "litellm:vertex_anthropic"])
def test_a_model_beside_the_address_stops_it(dialect):
    assert stopped(cleared(dialect), {**BODIES[dialect], "model": "m"})


def test_another_project_stops_it():
    assert "scope" in stopped(cleared("litellm:watsonx"), {**WATSONX, "project_id": "other"})


@pytest.mark.parametrize("value", [True, None, 0, "false"])
def test_a_stream_that_was_not_asked_for_stops_it(value):
    assert "`stream`" in stopped(cleared("litellm:anthropic"), {**MESSAGES, "stream": value})


def test_the_address_is_that_of_target_endpoint_and_stream():
    base = "https://api.example.com/base"
    whole, streamed = cleared("litellm:gemini"), cleared("litellm:gemini", stream=True)
    assert address_of(whole) == f"{base}/models/m:generateContent"
    assert address_of(streamed) == f"{base}/models/m:streamGenerateContent?alt=sse"
    for url in (
        address_of(streamed),
        f"{base}/models/n:generateContent",
        f"{base}/models/m:generateContent?key=s3cret",
        f"{base}/models/m:generateContent&x=1",
        f"{base}/v1/chat/completions",
        "https://elsewhere.example/models/m:generateContent",
        "",
    ):
        assert "address" in stopped(whole, CONTENT, url=url)


@pytest.mark.parametrize("model", [".", "..", "..."])
def test_a_model_of_dots_is_at_no_address(model):
    for row in DIALECTS.values():
        if any("{model}" in path for path in row.paths.values()):
            assert row.path("chat.completions", stream=False, model=model) is None


@pytest.mark.parametrize("model", ["a/../b", "a?b=c", "a#b", "a b", "a%2e", "a:b", "a@b", "é"])
def test_a_model_is_one_segment_of_a_path(model):
    for row in DIALECTS.values():
        for (endpoint, stream), template in row.paths.items():
            path = row.path(endpoint, stream=stream, model=model)
            assert path is not None
            assert path.isascii()
            assert (path.count("/"), path.count("?")) == (template.count("/"), template.count("?"))
            assert "#" not in path
            assert " " not in path


@pytest.mark.parametrize(
    "header",
    [
        {"anthropic-beta": "files-api-2025-04-14"},
        {"anthropic-version": "2099-01-01"},
        {"x-goog-user-project": "other"},
        {"x-amzn-bedrock-trace": "ENABLED"},
        {"x-goog-api-key": "s3cret"},
    ],
)
def test_a_header_that_is_not_listed_stops_it(header):
    usual = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
    clearance = cleared("litellm:anthropic")
    assert isinstance(passed(clearance, MESSAGES, headers=usual), Dispatch)
    assert "allow-list" in stopped(clearance, MESSAGES, headers={**usual, **header})


def test_a_header_of_another_format_stops_it():
    assert "allow-list" in stopped(cleared("litellm:bedrock"), CONVERSE, headers={"anthropic-version": "2023-06-01"})


def test_only_a_translated_body_leaves_for_a_format_of_its_own():
    clearance = cleared("litellm:anthropic")
    assert "format" in stopped(clearance, None, added={"model": "m"})
    assert "format" in stopped(clearance, MESSAGES, added={"store": True})


def test_no_translated_body_leaves_for_openais_format():
    assert "not the one that was cleared" in stopped(cleared("litellm:azure"), MESSAGES, added={"model": "m"})


FORCED = {"force": [{"set": "inference_geo", "to": "eu"}, {"set": "output_config.retention", "to": "none"}]}


def test_what_is_forced_has_to_be_there_and_needs_no_table():
    clearance = cleared("litellm:anthropic", conditions=FORCED)
    assert "is not set" in stopped(clearance, MESSAGES)
    forced = {**MESSAGES, "inference_geo": "eu", "output_config": {"retention": "none"}}
    assert isinstance(passed(clearance, forced), Dispatch)
    assert "is not set" in stopped(clearance, {**forced, "inference_geo": "us"})
    assert "does not list" in stopped(clearance, {**forced, "output_config": {"retention": "none", "other": 1}})


def test_what_is_forced_may_stand_in_an_object_that_the_format_does_not_have():
    clearance = cleared("litellm:anthropic", conditions={"force": [{"set": "privacy.retention.days", "to": 0}]})
    forced = {**MESSAGES, "privacy": {"retention": {"days": 0}}}
    assert isinstance(passed(clearance, forced), Dispatch)
    assert "does not list" in stopped(clearance, {**forced, "privacy": {"retention": {"days": 0}, "log": True}})
    assert "is not set" in stopped(clearance, MESSAGES)


def test_what_voids_is_held_against_the_words_of_the_format():
    forbid = {"forbid": [{"path": "messages[].content[].text", "matches": "voids"}]}
    clearance = cleared("litellm:anthropic", conditions=forbid)
    assert isinstance(passed(clearance, MESSAGES), Dispatch)
    voiding = {**MESSAGES, "messages": [{"role": "user", "content": [{"type": "text", "text": "this voids"}]}]}
    assert "voids" in stopped(clearance, voiding)


def test_a_body_that_is_not_json_stops_it():
    tools = [{"type": "function", "function": {"name": "f"}}]
    clearance = cleared("litellm:anthropic", tools=tools)
    body = {**MESSAGES, "tools": [{**CLIENT_TOOL, "input_schema": object()}]}
    assert stopped(clearance, body) == "the body is not JSON"
