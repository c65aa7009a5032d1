"""What a request becomes in each format, as the providers' references say that it is written."""

from __future__ import annotations

import copy
import json

import pytest
from litellm_library import library

from zdr_router.dialects.litellm.codecs import make_codecs
from zdr_router.driver.codecs import WRITTEN
from zdr_router.metadata import Outcome
from zdr_router.policy.readers import compiled
from zdr_router.registry.vocabulary.dialects import DIALECTS

PNG = "iVBORw0KGgo="
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "developer", "content": "In French."},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "Where is this?"},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        ],
    },
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": '{"city": "Rome"}'}}
        ],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "a city"},
]
TOOL = {"name": "look_up", "description": "Looks it up.", "parameters": SCHEMA}
TOOLS = [{"type": "function", "function": TOOL}]
SHARED = {"messages": MESSAGES, "tools": TOOLS, "temperature": 0.2, "top_p": 0.9, "max_tokens": 100, "stop": "END"}
FORMAT = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA, "strict": True}}
ASK = [{"role": "user", "content": "hello"}]
CLAUDE, ADAPTIVE = "claude-sonnet-4-5", "claude-opus-4-7"
ON_BEDROCK = "anthropic.claude-sonnet-4-5-20250929-v1:0"
GEMINI_2, GEMINI_3 = "gemini-2.5-flash", "gemini-3-pro-preview"


@pytest.fixture(scope="module")
def codecs():
    return make_codecs(library())


@pytest.fixture
def encode(codecs):
    def encode_it(dialect: str, model: str, *, stream: bool = False, **body):
        wire = codecs[f"litellm:{dialect}"].encode(copy.deepcopy(body), model=model, stream=stream)
        if isinstance(wire, Outcome):
            return wire
        json.dumps(wire)
        unknown: list[str] = []
        compiled(DIALECTS[f"litellm:{dialect}"].wire, "body")(
            {**wire, "project_id": "p"} if dialect == "watsonx" else wire, set(), unknown
        )
        assert unknown == []
        return wire

    return encode_it


def test_every_dialect_that_needs_litellm_has_a_codec(codecs):
    assert codecs.keys() == WRITTEN == DIALECTS.keys() - {"litellm:azure"}


MESSAGES_BODY = {
    "messages": [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Where is this?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
            ],
        },
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "call_1", "name": "look_up", "input": {"city": "Rome"}}],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "a city"}]},
    ],
    "system": [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "In French."}],
    "tools": [{"type": "custom", "name": "look_up", "description": "Looks it up.", "input_schema": SCHEMA}],
    "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
    "max_tokens": 100,
    "temperature": 0.2,
    "top_p": 0.9,
    "top_k": 5,
    "stop_sequences": ["END"],
    "stream": True,
}


@pytest.mark.parametrize(
    ("dialect", "named"),
    [
        ("anthropic", {"model": CLAUDE}),
        ("azure_anthropic", {"model": CLAUDE}),
        ("vertex_anthropic", {"anthropic_version": "vertex-2023-10-16"}),
    ],
)
def test_messages(encode, dialect, named):
    wire = encode(dialect, CLAUDE, stream=True, **SHARED, top_k=5, tool_choice="required", parallel_tool_calls=False)
    assert wire == {**MESSAGES_BODY, **named}


def test_converse(encode):
    assert encode("bedrock", ON_BEDROCK, stream=True, **SHARED, tool_choice="required") == {
        "messages": [
            {
                "role": "user",
                "content": [{"text": "Where is this?"}, {"image": {"format": "png", "source": {"bytes": PNG}}}],
            },
            {
                "role": "assistant",
                "content": [{"toolUse": {"toolUseId": "call_1", "name": "look_up", "input": {"city": "Rome"}}}],
            },
            {"role": "user", "content": [{"toolResult": {"toolUseId": "call_1", "content": [{"text": "a city"}]}}]},
        ],
        "system": [{"text": "Be brief."}, {"text": "In French."}],
        "inferenceConfig": {"maxTokens": 100, "temperature": 0.2, "topP": 0.9, "stopSequences": ["END"]},
        "toolConfig": {
            "tools": [
                {"toolSpec": {"name": "look_up", "description": "Looks it up.", "inputSchema": {"json": SCHEMA}}}
            ],
            "toolChoice": {"any": {}},
        },
    }


@pytest.mark.parametrize("dialect", ["gemini", "vertex_ai"])
def test_generate_content(encode, dialect):
    wire = encode(dialect, GEMINI_2, **SHARED, top_k=5, seed=1, frequency_penalty=0.1, tool_choice="required")
    assert wire == {
        "contents": [
            {
                "role": "user",
                "parts": [{"text": "Where is this?"}, {"inline_data": {"mime_type": "image/png", "data": PNG}}],
            },
            {"role": "model", "parts": [{"function_call": {"name": "look_up", "args": {"city": "Rome"}}}]},
            {"role": "user", "parts": [{"function_response": {"name": "look_up", "response": {"content": "a city"}}}]},
        ],
        "system_instruction": {"parts": [{"text": "Be brief."}, {"text": "In French."}]},
        "tools": [
            {"function_declarations": [{"name": "look_up", "description": "Looks it up.", "parameters": SCHEMA}]}
        ],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
        "generationConfig": {
            "temperature": 0.2,
            "topP": 0.9,
            "topK": 5,
            "seed": 1,
            "frequencyPenalty": 0.1,
            "maxOutputTokens": 100,
            "stopSequences": ["END"],
        },
    }


SYSTEM = [{"role": "system", "content": "Be brief."}, {"role": "system", "content": "In French."}]
SAID = [*SYSTEM, MESSAGES[2], {"role": "assistant", "tool_calls": MESSAGES[3]["tool_calls"]}, MESSAGES[4]]


def test_cohere(encode):
    assert encode("cohere", "command-a-03-2025", **SHARED, top_k=5, seed=1, tool_choice="required") == {
        "model": "command-a-03-2025",
        "stream": False,
        "messages": SAID,
        "tools": TOOLS,
        "tool_choice": "REQUIRED",
        "max_tokens": 100,
        "temperature": 0.2,
        "p": 0.9,
        "k": 5,
        "seed": 1,
        "stop_sequences": ["END"],
    }


def test_watsonx(encode):
    assert encode("watsonx", "ibm/granite-4-h-small", **SHARED, tool_choice="required", seed=1, n=2) == {
        "model_id": "ibm/granite-4-h-small",
        "messages": SAID,
        "tools": TOOLS,
        "tool_choice_option": "required",
        "max_completion_tokens": 100,
        "temperature": 0.2,
        "top_p": 0.9,
        "seed": 1,
        "n": 2,
        "stop": ["END"],
    }


@pytest.mark.parametrize(
    ("dialect", "model", "place", "expected"),
    [
        (
            "anthropic",
            CLAUDE,
            ("output_config", "format"),
            {"type": "json_schema", "schema": SCHEMA | {"additionalProperties": False}},
        ),
        (
            "vertex_anthropic",
            CLAUDE,
            ("output_config", "format"),
            {"type": "json_schema", "schema": SCHEMA | {"additionalProperties": False}},
        ),
        (
            "gemini",
            GEMINI_2,
            ("generationConfig",),
            {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA},
        ),
        ("cohere", "command-a", ("response_format",), {"type": "json_object", "json_schema": SCHEMA}),
        ("watsonx", "granite", ("response_format",), FORMAT),
    ],
)
def test_a_schema_for_the_answer(encode, dialect, model, place, expected):
    value = encode(dialect, model, messages=ASK, response_format=FORMAT)
    for step in place:
        value = value[step]
    assert value == expected


def test_a_schema_for_the_answer_is_text_in_converse(encode):
    wanted = {**FORMAT["json_schema"], "description": "a place"}
    wire = encode("bedrock", ON_BEDROCK, messages=ASK, response_format={**FORMAT, "json_schema": wanted})
    asked = wire["outputConfig"]["textFormat"]
    assert asked["type"] == "json_schema"
    made = asked["structure"]["jsonSchema"]
    assert (made["name"], made["description"]) == ("place", "a place")
    assert json.loads(made["schema"]) == SCHEMA | {"additionalProperties": False}
    assert "toolConfig" not in wire


@pytest.mark.parametrize(("dialect", "member"), [("gemini", "responseMimeType"), ("cohere", "type")])
def test_an_object_without_a_schema(encode, dialect, member):
    wire = encode(dialect, "m", messages=ASK, response_format={"type": "json_object"})
    asked = wire["generationConfig"] if dialect == "gemini" else wire["response_format"]
    assert asked == {member: "application/json" if dialect == "gemini" else "json_object"}


@pytest.mark.parametrize(
    ("dialect", "model", "members"),
    [
        ("anthropic", CLAUDE, {"thinking": {"type": "enabled", "budget_tokens": 1024}}),
        (
            "anthropic",
            ADAPTIVE,
            {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "low"}},
        ),
        (
            "bedrock",
            ON_BEDROCK,
            {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}}},
        ),
        ("bedrock", "openai.gpt-oss-120b-1:0", {"additionalModelRequestFields": {"reasoning_effort": "low"}}),
        (
            "gemini",
            GEMINI_2,
            {"generationConfig": {"thinkingConfig": {"thinkingBudget": 1024, "includeThoughts": True}}},
        ),
        (
            "gemini",
            GEMINI_3,
            {"generationConfig": {"thinkingConfig": {"thinkingLevel": "low", "includeThoughts": True}}},
        ),
        ("watsonx", "granite", {"reasoning_effort": "low"}),
    ],
)
def test_an_effort_of_reasoning(encode, dialect, model, members):
    wire = encode(dialect, model, messages=ASK, reasoning_effort="low")
    assert {name: wire[name] for name in members} == members


def test_an_effort_that_leaves_no_room_for_an_answer_is_not_shortened(encode):
    assert encode("anthropic", CLAUDE, messages=ASK, reasoning_effort="high", max_tokens=100) is Outcome.CALLER_FAULT


@pytest.mark.parametrize(
    ("dialect", "choice", "place", "expected"),
    [
        ("anthropic", "none", "tool_choice", {"type": "none"}),
        (
            "anthropic",
            {"type": "function", "function": {"name": "look_up"}},
            "tool_choice",
            {"type": "tool", "name": "look_up"},
        ),
        ("gemini", "none", "toolConfig", {"functionCallingConfig": {"mode": "NONE"}}),
        (
            "gemini",
            {"type": "function", "function": {"name": "look_up"}},
            "toolConfig",
            {"functionCallingConfig": {"mode": "ANY", "allowed_function_names": ["look_up"]}},
        ),
        ("cohere", "none", "tool_choice", "NONE"),
        (
            "watsonx",
            {"type": "function", "function": {"name": "look_up"}},
            "tool_choice",
            {"type": "function", "function": {"name": "look_up"}},
        ),
    ],
)
def test_a_choice_of_tools(encode, dialect, choice, place, expected):
    assert encode(dialect, "m", messages=ASK, tools=TOOLS, tool_choice=choice)[place] == expected


def test_a_choice_of_one_tool_in_converse(encode):
    choice = {"type": "function", "function": {"name": "look_up"}}
    wire = encode("bedrock", ON_BEDROCK, messages=ASK, tools=TOOLS, tool_choice=choice)
    assert wire["toolConfig"]["toolChoice"] == {"tool": {"name": "look_up"}}


@pytest.mark.parametrize("strict", [True, False])
def test_strict_tools_stay_strict(encode, strict):
    tools = [{"type": "function", "function": {**TOOL, "strict": strict}}]
    assert encode("anthropic", CLAUDE, messages=ASK, tools=tools)["tools"][0]["strict"] is strict
    made = encode("bedrock", "amazon.nova-pro-v1:0", messages=ASK, tools=tools)["toolConfig"]["tools"]
    assert made[0]["toolSpec"]["strict"] is strict


def test_cache_marks_go_where_they_are_carried(encode):
    marked = {"type": "text", "text": "long", "cache_control": {"type": "ephemeral"}}
    messages = [{"role": "system", "content": [marked]}, {"role": "user", "content": [marked]}]
    wire = encode("anthropic", CLAUDE, messages=messages)
    assert (
        wire["system"][0]["cache_control"]
        == wire["messages"][0]["content"][0]["cache_control"]
        == {"type": "ephemeral"}
    )
    wire = encode("bedrock", ON_BEDROCK, messages=messages)
    assert wire["system"][1] == wire["messages"][0]["content"][1] == {"cachePoint": {"type": "default"}}


def test_documents_and_sounds(encode):
    pdf = {"type": "file", "file": {"file_data": f"data:application/pdf;base64,{PNG}", "filename": "a.pdf"}}
    asked = [{"role": "user", "content": [pdf, {"type": "text", "text": "What?"}]}]
    (block, _) = encode("anthropic", CLAUDE, messages=asked)["messages"][0]["content"]
    assert block == {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PNG}}
    (block, _) = encode("bedrock", ON_BEDROCK, messages=asked)["messages"][0]["content"]
    assert (block["document"]["format"], block["document"]["source"]) == ("pdf", {"bytes": PNG})
    sound = {"type": "input_audio", "input_audio": {"data": PNG, "format": "wav"}}
    asked[0]["content"].append(sound)
    parts = encode("gemini", GEMINI_2, messages=asked)["contents"][0]["parts"]
    assert [part["inline_data"]["mime_type"] for part in (parts[0], parts[2])] == ["application/pdf", "audio/wav"]


IMAGES = {"image/jpeg", "image/png", "image/gif", "image/webp"}
TEXTS = {"text/csv", "text/plain", "text/html", "text/markdown"}
# By dialect: of the types below, those that go as an image and those that go as a document.
TAKEN = {
    "anthropic": (CLAUDE, IMAGES, {"application/pdf"}),
    "bedrock": (ON_BEDROCK, IMAGES, {"application/pdf", "application/msword", *TEXTS}),
    "gemini": (GEMINI_2, IMAGES, {"application/pdf", *TEXTS}),
}
TRIED = {"application/pdf", "application/msword", "application/json", "video/mp4", "audio/wav"}
TRIED |= {*IMAGES, *TEXTS, "image/bmp", "image/jpg", "image/PNG"}


@pytest.mark.parametrize("dialect", TAKEN)
def test_media_of_other_types_than_the_format_takes_are_the_callers_fault(encode, dialect):
    model, images, files = TAKEN[dialect]

    def taken(part):
        return encode(dialect, model, messages=[{"role": "user", "content": [part]}]) is not Outcome.CALLER_FAULT

    url = f"data:{{}};base64,{PNG}".format
    assert {kind for kind in TRIED if taken({"type": "image_url", "image_url": {"url": url(kind)}})} == images
    assert {kind for kind in TRIED if taken({"type": "file", "file": {"file_data": url(kind)}})} == files


def test_a_tool_without_parameters_says_so_to_cohere(encode):
    (tool,) = encode("cohere", "c", messages=ASK, tools=[{"type": "function", "function": {"name": "now"}}])["tools"]
    assert tool["function"] == {"name": "now", "parameters": {"type": "object", "properties": {}}}


@pytest.mark.parametrize("store", [True, False])
def test_the_gemini_api_is_told_whether_to_store(encode, store):
    assert encode("gemini", GEMINI_2, messages=ASK, store=store)["store"] is store
    assert "store" not in encode("gemini", GEMINI_2, messages=ASK)


def test_parts_of_text_are_joined_for_watsonx_where_it_takes_no_list(encode):
    parts = [{"type": "text", "text": "a "}, {"type": "text", "text": "city"}]
    said = [{"role": "system", "content": parts}, {"role": "user", "content": parts}, MESSAGES[3]]
    said += [{"role": "tool", "tool_call_id": "call_1", "content": parts}]
    system, asked, _, result = encode("watsonx", "granite", messages=said)["messages"]
    assert (system["content"], asked["content"], result["content"]) == ("a city", parts, "a city")


@pytest.mark.parametrize("dialect", ["cohere", "watsonx"])
def test_how_closely_to_look_is_carried_where_it_can_be_said(encode, dialect):
    part = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}", "detail": "low"}}
    assert encode(dialect, "m", messages=[{"role": "user", "content": [part]}])["messages"][0]["content"] == [part]


def test_a_later_system_message_stays_where_it_is_in_messages(encode):
    said = [*ASK, {"role": "assistant", "content": "yes"}, {"role": "system", "content": "now in verse"}, *ASK]
    wire = encode("anthropic", CLAUDE, messages=said)
    assert "system" not in wire
    assert {"type": "text", "text": "now in verse"} in wire["messages"][2]["content"]


@pytest.mark.parametrize("dialect", ["anthropic", "bedrock", "gemini", "vertex_ai", "cohere", "watsonx"])
@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/a.png",
        "data:image/png,https://example.com/a.png",
        "data:image/png;base64,gs://bucket/a.png",
        "data:text/plain,gs://bucket/a",
        "gs://bucket/a.png",
        "",
    ],
)
def test_media_that_are_not_base64_are_never_shown_to_litellm(encode, dialect, address):
    asked = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": address}}]}]
    assert encode(dialect, "m", messages=asked) is Outcome.CALLER_FAULT


@pytest.mark.parametrize("name", ["1st", "a.b", "with space", "é"])
def test_a_name_that_litellm_would_change_and_remember_is_not_shown_to_it(encode, name):
    tools = [{"type": "function", "function": {**TOOL, "name": name}}]
    assert encode("bedrock", ON_BEDROCK, messages=ASK, tools=tools) is Outcome.CALLER_FAULT
    assert library().module.bedrock_tool_name_mappings.cache_dict == {}


def test_null_is_what_leaving_out_means(encode):
    plain = encode("anthropic", CLAUDE, messages=ASK)
    said = [{"role": "user", "content": "hello", "name": None}]
    assert encode("anthropic", CLAUDE, messages=said, tools=None, temperature=None, stop=None) == plain


def test_null_in_a_schema_is_a_value(encode):
    schema = {"type": "object", "properties": {"a": {"default": None}}}
    tools = [{"type": "function", "function": {"name": "f", "parameters": schema}}]
    assert encode("anthropic", CLAUDE, messages=ASK, tools=tools)["tools"][0]["input_schema"] == schema


@pytest.mark.parametrize("dialect", sorted(WRITTEN))
def test_messages_that_litellm_cannot_read_are_the_callers_fault(encode, dialect):
    assert (
        encode(dialect.removeprefix("litellm:"), "m", messages=[{"role": "user", "content": [7]}])
        is Outcome.CALLER_FAULT
    )
