"""What a request uses is found, what is unknown is noted by its place alone, and nothing of its text is kept."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zdr_router.errors import InvalidRequest
from zdr_router.policy.preferences import NO_PREFERENCES
from zdr_router.policy.requirements import read
from zdr_router.policy.unread import UNKNOWN_LIMIT
from zdr_router.registry.vocabulary import FEATURES, REQUESTS

HELLO = [{"role": "user", "content": "hello"}]
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def chat(**parameters):
    return read("chat.completions", {"model": "assistant", "messages": HELLO, **parameters})


def responses(**parameters):
    return read("responses", {"model": "assistant", "input": "hello", "store": False, **parameters})


def said(*parts, **message):
    return chat(messages=[{"role": "user", "content": list(parts), **message}])


def respond(*parts):
    return responses(input=[{"role": "user", "content": list(parts)}])


def image(url):
    return {"type": "image_url", "image_url": {"url": url}}


def function(**keys):
    return {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}, **keys}}


def test_a_plain_request_needs_nothing_but_inference():
    found = chat(temperature=0, max_tokens=10, stream=True)
    assert found.endpoint == "chat.completions"
    assert found.parameters == {"messages", "temperature", "max_tokens"}
    assert {FEATURES[feature].effect for feature in found.features} == {"inference"}
    assert found.media == {"text"}
    assert found.unknown == ()
    assert found.stream is True
    assert found.preferences is NO_PREFERENCES


def test_what_the_router_reads_is_not_forwarded():
    found = chat(stream=False, provider={"only": ["groq"]})
    assert found.parameters == {"messages"}
    assert found.features == frozenset()
    assert found.preferences.only == {"groq"}
    assert "groq" not in repr(found)


CHAT_VOIDS = [
    ({"store": True}, "store"),
    ({"modalities": ["text", "audio"]}, "audio_output"),
    ({"audio": {"voice": "alloy", "format": "wav"}}, "audio_output"),
    ({"audio": {"voice": {"id": "voice_1"}, "format": "wav"}}, "custom_voice"),
    ({"web_search_options": {}}, "web_search"),
    ({"prompt_cache_retention": "24h"}, "extended_cache"),
    ({"prompt_cache_retention": "in_memory"}, "memory_cache"),
    ({"prompt_cache_options": {"ttl": "30m"}}, "cache_options"),
    ({"prompt_cache_options": {"ttl": "12h"}}, "extended_cache"),
    ({"prompt_cache_options": {"comparison_response_id": "resp_1"}}, "cache_diagnostics"),
    ({"prompt_cache_key": "k"}, "cache_key"),
    ({"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}}, "json_schema"),
    ({"tools": [function(strict=True)]}, "json_schema"),
    ({"user": "u"}, "end_user"),
    ({"safety_identifier": "u"}, "end_user"),
    ({"metadata": {"team": "a"}}, "labels"),
    ({"moderation": {"model": "omni-moderation-latest"}}, "moderation"),
    ({"messages": [{"role": "assistant", "audio": {"id": "audio_1"}}]}, "audio_by_id"),
    ({"messages": [{"role": "user", "name": "ada", "content": "hello"}]}, "participant_name"),
    ({"messages": [{"role": "user", "content": "a", "cache_control": {"type": "ephemeral"}}]}, "cache_control"),
]


@pytest.mark.parametrize(("parameters", "feature"), CHAT_VOIDS)
def test_what_a_chat_completion_asks_beyond_inference_is_found(parameters, feature):
    found = chat(**parameters)
    assert feature in found.features
    assert found.unknown == ()


RESPONSE_VOIDS = [
    ({"store": True}, "store"),
    ({"store": None}, "stored_by_default"),
    ({"previous_response_id": "resp_1"}, "previous_response"),
    ({"conversation": "conv_1"}, "conversation"),
    ({"conversation": {"id": "conv_1"}}, "conversation"),
    ({"background": True}, "background"),
    ({"background_options": {"completion_window": "8h"}}, "background"),
    ({"prompt": {"id": "pmpt_1"}}, "stored_prompt"),
    ({"prompt": {"id": "p", "variables": {"doc": {"type": "input_file", "file_id": "f"}}}}, "file_by_id"),
    ({"access_programs": {"cyber": "standard"}}, "access_program"),
    ({"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}]}, "file_search"),
    ({"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]}, "hosted_code"),
    ({"tools": [{"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["f"]}}]}, "file_by_id"),
    ({"tools": [{"type": "shell"}]}, "hosted_shell"),
    ({"tools": [{"type": "shell", "environment": {"type": "container_auto"}}]}, "hosted_shell"),
    (
        {"tools": [{"type": "shell", "environment": {"type": "container_auto", "skills": [{"type": "inline"}]}}]},
        "hosted_skills",
    ),
    ({"tools": [{"type": "mcp", "server_label": "a", "server_url": "https://mcp.example"}]}, "hosted_mcp"),
    ({"tools": [{"type": "mcp", "server_label": "a", "connector_id": "connector_gmail"}]}, "hosted_mcp"),
    ({"tools": [{"type": "web_search"}]}, "web_search"),
    ({"tools": [{"type": "web_search", "external_web_access": False}]}, "web_search"),
    ({"tools": [{"type": "web_search_preview"}]}, "web_search"),
    ({"tools": [{"type": "image_generation"}]}, "image_generation"),
    ({"tools": [{"type": "computer_use_preview", "environment": "browser"}]}, "computer_use"),
    ({"tools": [{"type": "function", "name": "a", "allowed_callers": ["programmatic"]}]}, "programmatic_tools"),
    ({"tool_choice": {"type": "file_search"}}, "file_search"),
    ({"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "mcp"}]}}, "hosted_mcp"),
    ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "stored_item"),
    ({"input": [{"type": "additional_tools", "tools": [{"type": "web_search"}]}]}, "web_search"),
    ({"input": [{"type": "mcp_approval_response", "approval_request_id": "a", "approve": True}]}, "hosted_mcp"),
    (
        {
            "input": [
                {
                    "type": "computer_call_output",
                    "call_id": "c",
                    "output": {"type": "computer_screenshot", "file_id": "f"},
                }
            ]
        },
        "image_by_id",
    ),
]


@pytest.mark.parametrize(("parameters", "feature"), RESPONSE_VOIDS)
def test_what_a_response_asks_beyond_inference_is_found(parameters, feature):
    found = responses(**parameters)
    assert feature in found.features
    assert FEATURES[feature].effect != "inference"
    assert found.unknown == ()


def test_a_response_that_leaves_store_out_is_stored_by_default():
    assert "stored_by_default" in read("responses", {"input": "hello"}).features
    assert "stored_by_default" not in responses().features


def test_a_shell_at_the_callers_is_no_hosted_shell():
    found = responses(tools=[{"type": "shell", "environment": {"type": "local"}}])
    assert found.features == {"client_tools"}


INERT = [
    {"store": False},
    {"store": None},
    {"modalities": ["text"]},
    {"response_format": {"type": "text"}},
    {"tool_choice": "auto"},
    {"tools": []},
    {"metadata": {}},
    {"user": None},
    {"web_search_options": None},
    {"audio": None},
    {"logprobs": False},
]


@pytest.mark.parametrize("parameters", INERT)
def test_what_asks_for_nothing_is_inert(parameters):
    found = chat(**parameters)
    assert found.features == frozenset()
    assert found.unknown == ()


@pytest.mark.parametrize(
    "parameters", [{"background": False}, {"previous_response_id": None}, {"text": {"format": {"type": "text"}}}]
)
def test_what_asks_for_nothing_is_inert_in_a_response(parameters):
    assert responses(**parameters).features == frozenset()


def test_a_null_parameter_is_not_counted_as_present():
    assert chat(user=None, temperature=1).parameters == {"messages", "temperature"}


@pytest.mark.parametrize(
    ("part", "feature", "medium"),
    [
        (image(PIXEL), "inline_image", "image"),
        (image("https://pictures.example/a.png"), "remote_image", "image"),
        (image("http://pictures.example/a.png"), "remote_image", "image"),
        ({"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}, "inline_audio", "audio"),
        ({"type": "input_audio", "input_audio": {"data": "//uQxAAAAAA", "format": "mp3"}}, "inline_audio", "audio"),
        ({"type": "input_audio", "input_audio": {"data": "https://a.example/b"}}, "remote_audio", "audio"),
        ({"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERg=="}}, "inline_file", "file"),
        ({"type": "file", "file": {"file_data": "JVBERg=="}}, "inline_file", "file"),
        ({"type": "file", "file": {"file_data": "https://a.example/b.pdf"}}, "remote_file", "file"),
        ({"type": "file", "file": {"file_id": "file-1"}}, "file_by_id", "file"),
        ({"type": "video_url", "video_url": {"url": "https://a.example/b.mp4"}}, "remote_video", "video"),
    ],
)
def test_media_of_a_chat_are_told_apart_by_where_they_are(part, feature, medium):
    found = said({"type": "text", "text": "look"}, part)
    assert found.features == {feature}
    assert found.media == {"text", medium}
    assert found.unknown == ()


@pytest.mark.parametrize(
    ("part", "feature"),
    [
        ({"type": "input_image", "detail": "auto", "image_url": PIXEL}, "inline_image"),
        ({"type": "input_image", "image_url": "https://pictures.example/a.png"}, "remote_image"),
        ({"type": "input_image", "file_id": "file-1"}, "image_by_id"),
        ({"type": "input_file", "file_id": "file-1"}, "file_by_id"),
        ({"type": "input_file", "file_url": "https://a.example/b.pdf"}, "remote_file"),
        ({"type": "input_file", "file_data": "data:application/pdf;base64,JVBERg=="}, "inline_file"),
    ],
)
def test_media_of_a_response_are_told_apart_by_where_they_are(part, feature):
    assert respond(part).features == {feature}


@pytest.mark.parametrize(
    "url", ["gs://b/o", "file:///etc/passwd", "//a.example/b", "/a", " https://a.example", "", "DATA:,"]
)
def test_an_image_at_any_other_address_is_unknown(url):
    found = said(image(url))
    assert found.unknown == ("messages[].content[].image_url.url",)
    assert found.features == frozenset()


@pytest.mark.parametrize("data", ["s3://bucket/key", "file:///etc/passwd", "//a.example/b", "../secret"])
def test_a_file_at_any_other_address_is_unknown(data):
    assert said({"type": "file", "file": {"file_data": data}}).unknown == ("messages[].content[].file.file_data",)


UNKNOWN = [
    ({"secret_parameter": 1}, "body.#3"),
    ({"secret_parameter": None}, "body.#3"),
    ({"cache_prompt": True}, "body.#3"),
    ({"cache_salt": "secret"}, "body.#3"),
    ({"id_slot": 1}, "body.#3"),
    ({"tools": [{"type": "secret_tool"}]}, "tools[].type"),
    ({"tools": [{"type": "web_search"}]}, "tools[].type"),
    ({"tools": [function(secret_key=1)]}, "tools[].function.#3"),
    ({"tool_choice": "secret"}, "tool_choice"),
    ({"tool_choice": {"type": "secret"}}, "tool_choice.type"),
    ({"response_format": {"type": "secret"}}, "response_format.type"),
    ({"service_tier": "secret"}, "service_tier"),
    ({"modalities": ["secret"]}, "modalities[]"),
    ({"prompt_cache_retention": "secret"}, "prompt_cache_retention"),
    ({"reasoning_effort": "secret"}, "reasoning_effort"),
    ({"verbosity": "secret"}, "verbosity"),
    ({"messages": [{"role": "secret", "content": "a"}]}, "messages[].role"),
    ({"messages": [{"role": "user", "content": "a", "secret": 1}]}, "messages[].#3"),
    ({"messages": [{"role": "user", "content": [{"type": "secret"}]}]}, "messages[].content[].type"),
    (
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "", "secret": 1}]}]},
        "messages[].content[].#3",
    ),
    (
        {"messages": [{"role": "assistant", "tool_calls": [{"type": "secret"}]}]},
        "messages[].tool_calls[].type",
    ),
    (
        {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "a", "secret": 1}}]}]},
        "messages[].tool_calls[].function.#2",
    ),
    ({"stream_options": {"secret": True}}, "stream_options.#1"),
]


@pytest.mark.parametrize(("parameters", "place"), UNKNOWN)
def test_what_the_vocabulary_does_not_know_is_noted_by_its_place(parameters, place):
    found = chat(**parameters)
    assert found.unknown == (place,)
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("parameters", "place"),
    [
        ({"tools": [{"type": "secret"}]}, "tools[].type"),
        ({"input": [{"type": "secret"}]}, "input[].type"),
        ({"input": [{"role": "secret", "content": "a"}]}, "input[].role"),
        ({"input": [{"role": "user", "content": [{"type": "secret"}]}]}, "input[].content[].type"),
        ({"include": ["secret"]}, "include[]"),
        ({"context_management": [{"type": "secret"}]}, "context_management[].type"),
        ({"tools": [{"type": "shell", "environment": {"type": "secret"}}]}, "tools[].environment.type"),
    ],
)
def test_what_the_vocabulary_does_not_know_of_a_response_is_noted_by_its_place(parameters, place):
    assert responses(**parameters).unknown == (place,)


def test_embeddings_take_text_and_tokens_and_nothing_else():
    for given_input in ("a", ["a", "b"], [1, 2], [[1, 2], [3]]):
        assert read("embeddings", {"model": "embedder", "input": given_input}).unknown == ()
    for wrong in ([{"image": "a"}], [[1, "a"]], [True], [1.5], [], [None]):
        with pytest.raises(InvalidRequest) as error:
            read("embeddings", {"model": "embedder", "input": wrong})
        assert error.value.param.startswith("input")
    assert read("embeddings", {"input": "a", "secret": 1}).unknown == ("body.#2",)


def test_a_hostile_body_notes_no_more_than_a_few_unknown_places():
    found = chat(**{f"secret_{number}": 1 for number in range(1000)})
    assert len(found.unknown) == UNKNOWN_LIMIT
    assert "secret" not in repr(found)


def test_the_same_unknown_place_is_noted_once():
    assert chat(tools=[{"type": "secret"}, {"type": "other"}]).unknown == ("tools[].type",)


FAULTS = [
    ({"messages": None}, "messages"),
    ({"messages": []}, "messages"),
    ({"messages": "secret"}, "messages"),
    ({"messages": ["secret"]}, "messages[]"),
    ({"messages": [None]}, "messages[]"),
    ({"messages": [{"content": "secret"}]}, "messages[].role"),
    ({"messages": [{"role": ["secret"], "content": "a"}]}, "messages[].role"),
    ({"messages": [{"role": "user"}]}, "messages[].content"),
    ({"messages": [{"role": "user", "content": 5}]}, "messages[].content"),
    ({"messages": [{"role": "user", "content": [{"text": "secret"}]}]}, "messages[].content[].type"),
    ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[].content[].text"),
    ({"n": "secret"}, "n"),
    ({"n": True}, "n"),
    ({"n": 1.5}, "n"),
    ({"stream": "secret"}, "stream"),
    ({"stream": 1}, "stream"),
    ({"store": 1}, "store"),
    ({"tools": {"secret": 1}}, "tools"),
    ({"temperature": "secret"}, "temperature"),
    ({"temperature": math.nan}, "temperature"),
    ({"temperature": math.inf}, "temperature"),
    ({"logit_bias": {"secret": math.nan}}, "logit_bias[]"),
    ({"stop": [1]}, "stop[]"),
    ({"model": 1}, "model"),
    ({"provider": "secret"}, "provider"),
]


@pytest.mark.parametrize(("parameters", "param"), FAULTS)
def test_what_no_provider_could_serve_is_the_callers_fault(parameters, param):
    with pytest.raises(InvalidRequest) as error:
        chat(**parameters)
    assert error.value.param == param
    assert "secret" not in str(error.value)
    assert error.value.__context__ is None


@pytest.mark.parametrize("body", [None, [], "secret", 1])
def test_a_body_that_is_no_object_is_the_callers_fault(body):
    with pytest.raises(InvalidRequest, match="must be an object"):
        read("chat.completions", body)


def test_an_endpoint_that_is_not_read_is_refused_without_its_name():
    with pytest.raises(InvalidRequest) as error:
        read("secret", {})
    assert "secret" not in str(error.value)


def test_schemas_and_arguments_are_not_looked_into():
    schema = {"type": "object", "properties": {"store": {"type": "boolean"}, "secret": {"enum": [math.nan]}}}
    found = chat(tools=[function(parameters=schema)])
    assert found.features == {"function_tools"}
    assert found.unknown == ()


def test_an_answer_can_be_sent_back_as_it_came():
    answer = {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "annotations": [],
        "audio": None,
        "function_call": None,
        "reasoning_content": "thinking",
        "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}],
    }
    result = {"role": "tool", "tool_call_id": "call_1", "content": "42"}
    found = chat(messages=[*HELLO, answer, result])
    assert found.features == {"tool_history", "reasoning_text"}
    assert found.unknown == ()


def vocabulary_words():
    words = {"type", "role", "user", "assistant", "tool", "text", "content", "url", "name", "id", "auto"}
    for request in REQUESTS.values():
        words |= set(request.keys)
    words |= set(REQUESTS["responses"].keys["tools"].item.kinds)
    return sorted(words | {"image_url", "input_audio", "file", "file_data", "file_id", "function", "tool_calls"})


CANARY = st.text("xyzXYZ0123456789", min_size=4, max_size=8).map(lambda tail: f"canary-{tail}")
WORDS = st.sampled_from(vocabulary_words())
STRINGS = WORDS | CANARY | CANARY.map(lambda text: f"https://{text}") | CANARY.map(lambda text: f"data:{text}")
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | STRINGS
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=5), max_leaves=25
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool"]), "content": STRINGS | JSON},
    optional={"tool_calls": JSON, "audio": JSON, "name": JSON},
)
NEARLY_CHAT = st.builds(
    lambda messages, rest: {**rest, "messages": messages},
    st.lists(MESSAGE, min_size=1, max_size=3),
    st.dictionaries(STRINGS, JSON, max_size=5),
)
NEARLY_RESPONSE = st.builds(
    lambda tools, rest: {**rest, "input": "canary-text", "tools": tools},
    st.lists(st.fixed_dictionaries({"type": STRINGS}, optional={"container": JSON, "environment": JSON}), max_size=3),
    st.dictionaries(STRINGS, JSON, max_size=3),
)


@pytest.mark.parametrize("endpoint", REQUESTS)
@settings(deadline=None)
@given(body=JSON | NEARLY_CHAT | NEARLY_RESPONSE)
def test_any_body_is_read_or_is_the_callers_fault_and_none_of_its_text_is_kept(endpoint, body):
    try:
        told = repr(read(endpoint, body))
    except InvalidRequest as error:
        told = f"{error!r} {error} {error.param}"
    assert "canary" not in told
