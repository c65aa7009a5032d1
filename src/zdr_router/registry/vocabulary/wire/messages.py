"""Anthropic's Messages: `POST /v1/messages`, on Vertex AI `rawPredict`, on Foundry `/anthropic/v1/messages`."""

from __future__ import annotations

from typing import Final

from zdr_router.registry.vocabulary import parts
from zdr_router.registry.vocabulary.shapes import (
    ANYTHING,
    FLAG,
    INTEGER,
    NUMBER,
    TEXT,
    TEXTS,
    Address,
    Either,
    Items,
    Object,
    Shape,
    Tagged,
    Words,
)

_MARK: Final[dict[str, Shape]] = {"cache_control": parts.CACHE_MARKS["cache_control"]}
# Inline only: `url` and `file` sources are unknown here.
_IMAGE: Final = Address(inline="inline_image", remote="remote_image", bare="inline_image")
_FILE: Final = Address(inline="inline_file", remote="remote_file", bare="inline_file")

_IMAGES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp")
_FILES: Final = ("application/pdf",)
MEDIA: Final = frozenset({*_IMAGES, *_FILES})
"""What goes as base64; plain text has a source of its own, which is unknown here."""
EFFORT: Final = Words(dict.fromkeys(("low", "medium", "high", "xhigh", "max"), "reasoning"))


def _inline(kinds: tuple[str, ...], data: Shape) -> Tagged:
    return Tagged("type", {"base64": Object({"media_type": Words(dict.fromkeys(kinds, "")), "data": data})})


_TEXT: Final = Object({"text": TEXT, **_MARK}, required=("text",))
_RESULT: Final = Either({"string": TEXT, "list": Items(Tagged("type", {"text": _TEXT}))})
_BLOCKS: Final = Tagged(
    "type",
    {
        "text": _TEXT,
        "image": Object({"source": _inline(_IMAGES, _IMAGE), **_MARK}),
        "document": Object({"source": _inline(_FILES, _FILE), **_MARK}),
        "tool_use": Object({"id": TEXT, "name": TEXT, "input": ANYTHING, **_MARK}, "tool_history"),
        "tool_result": Object({"tool_use_id": TEXT, "content": _RESULT, "is_error": FLAG, **_MARK}, "tool_history"),
    },
)
_FORMAT: Final = Tagged("type", {"json_schema": Object({"schema": ANYTHING}, "json_schema")})
_CLIENT_TOOL: Final = Object(
    {"name": TEXT, "description": TEXT, "input_schema": ANYTHING, "strict": parts.STRICT, **_MARK}, "function_tools"
)

_SHARED: Final[dict[str, Shape]] = {
    "messages": Items(
        Object(
            {"role": Words({"user": "", "assistant": ""}), "content": Either({"string": TEXT, "list": Items(_BLOCKS)})}
        ),
        at_least=1,
    ),
    "system": Items(Tagged("type", {"text": _TEXT})),
    "max_tokens": INTEGER,
    "temperature": NUMBER,
    "top_p": NUMBER,
    "top_k": INTEGER,
    "stop_sequences": TEXTS,
    "stream": FLAG,
    "tools": Items(Tagged("type", {"custom": _CLIENT_TOOL})),
    "tool_choice": Tagged(
        "type",
        {
            "auto": Object({"disable_parallel_tool_use": FLAG}),
            "none": Object({}),
            "any": Object({"disable_parallel_tool_use": FLAG}, "tool_choice"),
            "tool": Object({"name": TEXT, "disable_parallel_tool_use": FLAG}, "tool_choice"),
        },
    ),
    "thinking": Tagged(
        "type",
        {
            "enabled": Object({"budget_tokens": INTEGER}, "reasoning"),
            "adaptive": Object({"display": Words({"summarized": "", "omitted": ""})}, "reasoning"),
        },
    ),
    "output_config": Object({"effort": EFFORT, "format": _FORMAT}),
}

MESSAGES: Final = Object({"model": TEXT, **_SHARED}, required=("model", "messages", "max_tokens"))
"""As typed in anthropic-sdk-python 0.125.0 (`MessageCreateParams` and what it names; read 2026-11-22).

That is API version 2023-06-01. The next one, 2026-10-21, which the SDK sends from 2.0 on, no longer takes
`temperature`, `top_p` and `top_k`; in all else that stands here, 2.12.0 types the same.
"""

RAW_PREDICT: Final = Object(
    {"anthropic_version": Words({"vertex-2023-10-16": ""}), **_SHARED},
    required=("anthropic_version", "messages", "max_tokens"),
)
"""The same on Vertex AI, where the address names the model and a member the version.

As that SDK sends it (`lib/vertex/_client.py`). Google's own page of the two methods was not read.
"""
