"""A response: the parameters of the Responses API, and which feature each one is."""

from __future__ import annotations

from typing import Final

from zdr_router.registry.vocabulary import parts
from zdr_router.registry.vocabulary.response_items import INPUT, TEXT_FORMAT, VARIABLE
from zdr_router.registry.vocabulary.response_tools import TOOL_CHOICE, TOOLS
from zdr_router.registry.vocabulary.shapes import (
    FLAG,
    INTEGER,
    TEXT,
    Either,
    Items,
    Object,
    Scalar,
    Switch,
    Table,
    Words,
)

_INCLUDED: Final = Words(
    dict.fromkeys(
        (
            "file_search_call.results",
            "web_search_call.results",
            "web_search_call.action.sources",
            "message.input_image.image_url",
            "computer_call_output.output.image_url",
            "code_interpreter_call.outputs",
            "reasoning.encrypted_content",
            "message.output_text.logprobs",
        ),
        "extra_output",
    )
)

_SUMMARY: Final = Words({"auto": "", "concise": "", "detailed": ""})

_REASONING: Final = Object(
    {
        "context": Words({"auto": "", "current_turn": "", "all_turns": ""}),
        "effort": parts.EFFORT,
        "generate_summary": _SUMMARY,
        "mode": Words({"standard": "", "pro": ""}),
        "summary": _SUMMARY,
    },
    "reasoning",
)

RESPONSES: Final = Object(
    {
        **parts.ROUTER_PARAMETERS,
        **parts.SAMPLING_PARAMETERS,
        **parts.CACHE_PARAMETERS,
        **parts.IDENTITY_PARAMETERS,
        "input": INPUT,
        "instructions": TEXT,
        "access_programs": Object({"cyber": TEXT}, "access_program"),
        "background": Switch(on="background"),
        "background_options": Object(
            {"completion_window": Words({"soonest": "", "2h": "", "8h": ""}), "continuation_id": TEXT}, "background"
        ),
        "context_management": Items(
            Object({"type": Words({"compaction": "compaction"}), "compact_threshold": INTEGER}, required=("type",))
        ),
        "conversation": Either(
            {"string": Scalar("string", "conversation"), "object": Object({"id": TEXT}, "conversation")}
        ),
        "image": Object({"context_compression": TEXT}, "image_options"),
        "include": Items(_INCLUDED),
        "max_output_tokens": Scalar("integer", "length"),
        "max_tool_calls": Scalar("integer", "length"),
        "moderation": parts.MODERATION,
        "parallel_tool_calls": FLAG,
        "previous_response_id": Scalar("string", "previous_response"),
        "prompt": Object({"id": TEXT, "version": TEXT, "variables": Table(VARIABLE)}, "stored_prompt"),
        "reasoning": _REASONING,
        "service_tier": Words(dict.fromkeys((*parts.SERVICE_TIERS, "ultrafast"), "service_tier")),
        "store": Switch(on="store"),
        "stream_options": Object({"include_obfuscation": FLAG}, "stream_options"),
        "text": Object({"format": TEXT_FORMAT, "verbosity": parts.VERBOSITY}),
        "tool_choice": TOOL_CHOICE,
        "tools": TOOLS,
        "truncation": Words({"auto": "length", "disabled": ""}),
    },
    # Unlike chat completions, the Responses API stores unless it is told not to.
    absent={"store": "stored_by_default"},
)
"""The body of POST /responses, as published with openai-python 3.54.0 (read 2026-11-22)."""
