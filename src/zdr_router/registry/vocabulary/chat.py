"""A chat completion: its parameters, messages, content parts and tools, and which feature each one is."""

from __future__ import annotations

from typing import Final

from zdr_router.registry.vocabulary import parts
from zdr_router.registry.vocabulary.shapes import (
    ANYTHING,
    FLAG,
    NUMBER,
    TEXT,
    TEXTS,
    Either,
    Items,
    Object,
    Scalar,
    Shape,
    Switch,
    Table,
    Tagged,
    Words,
)

_PARTS: Final = Tagged(
    "type",
    {
        "text": Object({"text": TEXT, **parts.CACHE_MARKS}, required=("text",)),
        "refusal": Object({"refusal": TEXT}),
        "image_url": Object(
            {"image_url": Object({"url": parts.IMAGE, "detail": TEXT}, required=("url",)), **parts.CACHE_MARKS},
            required=("image_url",),
        ),
        "input_audio": Object({**parts.INPUT_AUDIO.keys, **parts.CACHE_MARKS}, required=("input_audio",)),
        "file": Object(
            {
                "file": Object(
                    {"file_data": parts.FILE_DATA, "file_id": Scalar("string", "file_by_id"), "filename": TEXT}
                ),
                **parts.CACHE_MARKS,
            },
            required=("file",),
        ),
        # Taken by several servers of open models; OpenAI's own API has no such part.
        "video_url": Object({"video_url": Object({"url": parts.VIDEO}, required=("url",))}, required=("video_url",)),
    },
)

_CONTENT: Final = Either({"string": TEXT, "list": Items(_PARTS)})

_CALLED_FUNCTION: Final = Object({"name": TEXT, "arguments": TEXT})

_TOOL_CALLS: Final = Items(
    Tagged(
        "type",
        {
            "function": Object({"id": TEXT, "function": _CALLED_FUNCTION}, required=("function",)),
            "custom": Object({"id": TEXT, "custom": Object({"name": TEXT, "input": TEXT})}, required=("custom",)),
        },
        default="function",
    ),
    "tool_history",
)

_SPOKEN: Final[dict[str, Shape]] = {
    "content": _CONTENT,
    "name": Scalar("string", "participant_name"),
    "cache_control": parts.CACHE_MARKS["cache_control"],
}

_MESSAGES: Final = Items(
    Tagged(
        "role",
        {
            "developer": Object(_SPOKEN, required=("content",)),
            "system": Object(_SPOKEN, required=("content",)),
            "user": Object(_SPOKEN, required=("content",)),
            "assistant": Object(
                {
                    **_SPOKEN,
                    "refusal": TEXT,
                    "audio": Object({"id": Scalar("string", "audio_by_id")}, "audio_by_id"),
                    "tool_calls": _TOOL_CALLS,
                    "function_call": Object(_CALLED_FUNCTION.keys, "tool_history"),
                    # Answers carry these; callers send an answer back as it came.
                    "annotations": Items(
                        Tagged("type", {"url_citation": Object({"url_citation": Object(parts.URL_CITATION)})})
                    ),
                    "reasoning": Scalar("string", "reasoning_text"),
                    "reasoning_content": Scalar("string", "reasoning_text"),
                }
            ),
            "tool": Object(
                {"content": _CONTENT, "tool_call_id": TEXT, "cache_control": parts.CACHE_MARKS["cache_control"]},
                "tool_history",
                required=("content",),
            ),
            "function": Object({"content": _CONTENT, "name": TEXT}, "tool_history"),
        },
    ),
    at_least=1,
)

_FUNCTION: Final = Object(
    {"name": TEXT, "description": TEXT, "parameters": ANYTHING, "strict": parts.STRICT}, required=("name",)
)

_TOOLS: Final = Items(
    Tagged(
        "type",
        {
            "function": Object(
                {"function": _FUNCTION, "cache_control": parts.CACHE_MARKS["cache_control"]},
                "function_tools",
                required=("function",),
            ),
            "custom": Object(
                {"custom": Object({"name": TEXT, "description": TEXT, "format": parts.CUSTOM_FORMAT})},
                "custom_tools",
                required=("custom",),
            ),
        },
    )
)

_NAMED: Final[dict[str, Object]] = {
    "function": Object({"function": Object({"name": TEXT})}, "tool_choice"),
    "custom": Object({"custom": Object({"name": TEXT})}, "tool_choice"),
}

_TOOL_CHOICE: Final = Either(
    {
        "string": Words({"none": "", "auto": "", "required": "tool_choice"}),
        "object": Tagged(
            "type",
            {
                **_NAMED,
                "allowed_tools": Object(
                    {
                        "allowed_tools": Object(
                            {"mode": Words({"auto": "", "required": ""}), "tools": Items(Tagged("type", _NAMED))}
                        )
                    },
                    "tool_choice",
                ),
            },
        ),
    }
)

_RESPONSE_FORMAT: Final = Tagged(
    "type",
    {
        **parts.PLAIN_FORMATS,
        "json_schema": Object(
            {"json_schema": Object({"name": TEXT, "description": TEXT, "schema": ANYTHING, "strict": FLAG})},
            "json_schema",
            required=("json_schema",),
        ),
    },
)

_AUDIO: Final = Object(
    {"format": TEXT, "voice": Either({"string": TEXT, "object": Object({"id": TEXT}, "custom_voice")})},
    "audio_output",
)

_WEB_SEARCH: Final = Object(
    {
        "search_context_size": parts.CONTEXT_SIZE,
        "user_location": Object(
            {"type": Words({"approximate": ""}), "approximate": Object(parts.APPROXIMATE_LOCATION)}
        ),
    },
    "web_search",
)

_EXTENSIONS: Final[dict[str, Shape]] = {
    "top_k": Scalar("integer", "extended_sampling"),
    "min_p": Scalar("number", "extended_sampling"),
    "repetition_penalty": Scalar("number", "extended_sampling"),
    "repeat_penalty": Scalar("number", "extended_sampling"),
}

CHAT: Final = Object(
    {
        **parts.ROUTER_PARAMETERS,
        **parts.SAMPLING_PARAMETERS,
        **parts.CACHE_PARAMETERS,
        **parts.IDENTITY_PARAMETERS,
        **_EXTENSIONS,
        "messages": _MESSAGES,
        "audio": _AUDIO,
        "frequency_penalty": Scalar("number", "sampling"),
        "function_call": Either(
            {"string": Words({"none": "", "auto": ""}), "object": Object({"name": TEXT}, "tool_choice")}
        ),
        "functions": Items(Object({"name": TEXT, "description": TEXT, "parameters": ANYTHING}, "function_tools")),
        "logit_bias": Table(NUMBER, "sampling"),
        "logprobs": Switch(on="log_probabilities"),
        "max_completion_tokens": Scalar("integer", "length"),
        "max_tokens": Scalar("integer", "length"),
        "modalities": Items(Words({"text": "", "audio": "audio_output"})),
        "moderation": parts.MODERATION,
        "n": Scalar("integer", "choices"),
        "parallel_tool_calls": FLAG,
        "prediction": Object(
            {"type": Words({"content": ""}), "content": _CONTENT}, "predicted_output", required=("content",)
        ),
        "presence_penalty": Scalar("number", "sampling"),
        "reasoning_effort": parts.EFFORT,
        "response_format": _RESPONSE_FORMAT,
        "seed": Scalar("integer", "sampling"),
        "service_tier": Words(dict.fromkeys(parts.SERVICE_TIERS, "service_tier")),
        "stop": Either({"string": Scalar("string", "length"), "list": Items(TEXTS.item, "length")}),
        "store": Switch(on="store"),
        "stream_options": Object({"include_usage": FLAG, "include_obfuscation": FLAG}, "stream_options"),
        "tool_choice": _TOOL_CHOICE,
        "tools": _TOOLS,
        "verbosity": parts.VERBOSITY,
        "web_search_options": _WEB_SEARCH,
    },
    required=("messages",),
)
"""The body of POST /chat/completions, as published with openai-python 3.54.0 (read 2026-11-22)."""
