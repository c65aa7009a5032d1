"""The vocabulary is checked against what OpenAI publishes.

The lists below were read on 2026-11-22 in the types of openai-python 3.54.0, which are generated from the API's
specification: `types/chat/completion_create_params.py`, `types/embedding_create_params.py`,
`types/responses/response_create_params.py`, `types/responses/tool_param.py`, `types/responses/response_input_param.py`
and the paths in `resources/`.
"""

from __future__ import annotations

import dataclasses
from types import MappingProxyType

import pytest

from zdr_router.registry.vocabulary import ENDPOINTS, FEATURES, HEADER_PREFIXES, HEADERS, REQUESTS, endpoints, features
from zdr_router.registry.vocabulary.shapes import (
    Address,
    Either,
    Items,
    Object,
    Opaque,
    Scalar,
    Switch,
    Table,
    Tagged,
    Words,
)

PUBLISHED_PARAMETERS = {
    "chat.completions": """
        messages model audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens
        max_tokens metadata modalities moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key
        prompt_cache_options prompt_cache_retention reasoning_effort response_format safety_identifier seed
        service_tier stop store stream stream_options temperature tool_choice tools top_logprobs top_p user verbosity
        web_search_options""",
    "embeddings": "input model dimensions encoding_format user",
    "responses": """
        access_programs background background_options context_management conversation image include input
        instructions max_output_tokens max_tool_calls metadata model moderation parallel_tool_calls
        previous_response_id prompt prompt_cache_key prompt_cache_options prompt_cache_retention reasoning
        safety_identifier service_tier store stream stream_options temperature text tool_choice tools top_logprobs
        top_p truncation user""",
}
EXTENSIONS = {"provider", "top_k", "min_p", "repetition_penalty", "repeat_penalty"}

PUBLISHED_RESPONSE_TOOLS = """
    function file_search computer computer_use_preview web_search web_search_2025_08_26 web_search_preview
    web_search_preview_2025_03_11 mcp code_interpreter programmatic_tool_calling image_generation local_shell shell
    custom namespace tool_search apply_patch"""

PUBLISHED_RESPONSE_ITEMS = """
    message file_search_call computer_call computer_call_output web_search_call function_call function_call_output
    tool_search_call tool_search_output additional_tools configuration_update reasoning compaction
    image_generation_call code_interpreter_call local_shell_call local_shell_call_output shell_call shell_call_output
    apply_patch_call apply_patch_call_output mcp_list_tools mcp_approval_request mcp_approval_response mcp_call
    custom_tool_call_output custom_tool_call compaction_trigger item_reference program program_output"""

PUBLISHED_PATHS = """
    /agents /agents/automations/{id}/invocations /agents/environments/{id}/files /agents/sessions/{id}/traces
    /assistants /assistants/{id} /audio/speech /audio/transcriptions /audio/translations /audio/voice_consents
    /audio/voices /batches /batches/{id}/cancel /chat/completions /chat/completions/{id}
    /chat/completions/{id}/messages /chatkit/sessions /chatkit/threads /completions /containers
    /containers/{id}/files/{id}/content /content_provenance_checks /conversations /conversations/{id}/items
    /decisions /embeddings /evals /evals/{id}/runs /files /files/{id}/content /fine_tuning/alpha/graders/run
    /fine_tuning/jobs /images/edits /images/generations /images/variations /live/sessions /live/sessions/{id}/content
    /live/sessions/{id}/fork /models /models/{id} /moderations /organization/projects /projects/{id}/roles
    /realtime /realtime/calls /realtime/calls/{id}/refer /realtime/client_secrets /realtime/sessions
    /realtime/transcription_sessions /realtime/translations/client_secrets /responses /responses/compact
    /responses/input_tokens /responses/{id} /responses/{id}/cancel /responses/{id}/input_items /safety/alerts/{id}
    /safety/cases/{id} /skills /skills/{id}/versions/{id}/content /threads /threads/runs /threads/{id}/messages
    /uploads /uploads/{id}/parts /vaults /vaults/{id}/credentials /vector_stores /vector_stores/{id}/search /videos
    /videos/characters /videos/{id}/remix /webhook_endpoints /webhook_endpoints/{id}/test /webhook_event_types"""

SERVED = {"chat.completions", "embeddings", "responses"}


def references(shape):  # noqa: PLR0911 - one row for each shape
    """Every feature id that a shape names, at any depth."""
    match shape:
        case Scalar() | Opaque():
            return {shape.feature}
        case Words():
            return set(shape.words.values())
        case Switch():
            return {shape.on, shape.off}
        case Address():
            return {shape.inline, shape.remote, shape.bare}
        case Items():
            return {shape.feature} | references(shape.item)
        case Table():
            return {shape.feature} | references(shape.value)
        case Object():
            found = {shape.feature, *shape.absent.values()}
            return found.union(*map(references, shape.keys.values()))
        case Tagged():
            return set().union(*map(references, shape.kinds.values()))
        case Either():
            return set().union(*map(references, shape.cases.values()))


def all_references():
    named = set().union(*map(references, REQUESTS.values()))
    named |= {endpoint.feature for endpoint in ENDPOINTS.values()}
    return (named | set(HEADERS.values()) | set(HEADER_PREFIXES.values())) - {""}


def covers(endpoint, path):
    if endpoint.path.endswith("/**"):
        family = endpoint.path.removesuffix("/**")
        return path == family or path.startswith(family + "/")
    segments, wanted = path.split("/"), endpoint.path.split("/")
    return len(segments) == len(wanted) and all(b in ("*", a) for a, b in zip(segments, wanted, strict=True))


@pytest.mark.parametrize("endpoint", REQUESTS)
def test_every_published_parameter_is_known_and_nothing_else_but_the_named_extensions(endpoint):
    published = set(PUBLISHED_PARAMETERS[endpoint].split())
    known = set(REQUESTS[endpoint].keys)
    assert published <= known
    assert known - published <= EXTENSIONS


def test_every_published_tool_of_responses_is_known_and_no_other():
    tools = REQUESTS["responses"].keys["tools"].item.kinds
    assert set(tools) == set(PUBLISHED_RESPONSE_TOOLS.split())


def test_every_published_input_item_of_responses_is_known_and_no_other():
    items = REQUESTS["responses"].keys["input"].cases["list"].item.kinds
    assert set(items) == set(PUBLISHED_RESPONSE_ITEMS.split())


def test_chat_knows_the_published_roles_parts_and_tools():
    chat = REQUESTS["chat.completions"].keys
    roles = chat["messages"].item.kinds
    parts = roles["user"].keys["content"].cases["list"].item.kinds
    assert set(roles) == {"developer", "system", "user", "assistant", "tool", "function"}
    assert set(parts) == {"text", "refusal", "image_url", "input_audio", "file", "video_url"}
    assert set(chat["tools"].item.kinds) == {"function", "custom"}
    assert set(chat["response_format"].kinds) == {"text", "json_object", "json_schema"}


@pytest.mark.parametrize("path", PUBLISHED_PATHS.split())
def test_every_published_path_belongs_to_an_endpoint(path):
    assert [endpoint.id for endpoint in ENDPOINTS.values() if covers(endpoint, path)]


def test_no_id_of_a_feature_or_endpoint_is_used_twice():
    assert len(FEATURES) == len(features.ROWS)
    assert len(ENDPOINTS) == len(endpoints.ROWS)


def test_every_feature_is_used_and_every_use_names_a_feature():
    assert all_references() == set(FEATURES)


def test_every_tool_that_runs_at_the_provider_is_more_than_inference():
    tools = REQUESTS["responses"].keys["tools"].item.kinds
    at_the_callers = {"function", "custom", "local_shell", "apply_patch", "tool_search", "namespace", "shell"}
    for name, tool in tools.items():
        if name not in at_the_callers:
            assert FEATURES[tool.feature].effect in ("retention", "egress"), name


def test_server_controls_are_no_parameters():
    for name in ("cache_prompt", "cache_salt", "id_slot", "slot", "slot_id", "extra_body", "kv_transfer_params"):
        assert not any(name in request.keys for request in REQUESTS.values())


def test_what_other_servers_add_is_marked_as_an_extension():
    chat = REQUESTS["chat.completions"].keys
    for name in EXTENSIONS - {"provider"}:
        assert FEATURES[chat[name].feature].origin == "extension"


def test_every_feature_says_what_happens_in_one_sentence():
    for feature in FEATURES.values():
        assert feature.says.endswith(".")
        assert ". " not in feature.says


def test_endpoints_whose_bodies_are_read_are_inference():
    assert set(REQUESTS) == SERVED
    assert {FEATURES[ENDPOINTS[endpoint].feature].effect for endpoint in REQUESTS} == {"inference"}


def test_header_names_are_in_lower_case():
    assert all(name == name.lower() for name in (*HEADERS, *HEADER_PREFIXES))


def test_the_tables_cannot_be_changed():
    for table in (FEATURES, ENDPOINTS, HEADERS, HEADER_PREFIXES, REQUESTS):
        assert isinstance(table, MappingProxyType)
    with pytest.raises(dataclasses.FrozenInstanceError):
        FEATURES["store"].effect = "inference"
