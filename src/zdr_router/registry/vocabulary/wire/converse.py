"""Bedrock's Converse and ConverseStream: `POST /model/{modelId}/converse` and `…/converse-stream`."""

from __future__ import annotations

from typing import Final

from zdr_router.registry.vocabulary import parts
from zdr_router.registry.vocabulary.shapes import (
    ANYTHING,
    INTEGER,
    NUMBER,
    TEXT,
    TEXTS,
    Address,
    Items,
    Object,
    Tagged,
    Words,
)
from zdr_router.registry.vocabulary.wire import messages

# `bytes` only: a source may also name an object in S3, which is unknown here.
_IMAGE: Final = Object({"bytes": Address(inline="inline_image", remote="remote_image", bare="inline_image")})
_FILE: Final = Object({"bytes": Address(inline="inline_file", remote="remote_file", bare="inline_file")})
_CACHE_POINT: Final = Object({"type": Words({"default": ""}), "ttl": Words({"5m": "", "1h": ""})}, "cache_control")

# By format, the media type that it stands for.
_IMAGES: Final = {kind: f"image/{kind}" for kind in ("png", "jpeg", "gif", "webp")}
_FILES: Final = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
    "txt": "text/plain",
    "md": "text/markdown",
}
MEDIA: Final = frozenset({*_IMAGES.values(), *_FILES.values()})

_BLOCK: Final = Object(
    {
        "text": TEXT,
        "image": Object({"format": Words(dict.fromkeys(_IMAGES, "")), "source": _IMAGE}),
        "document": Object({"format": Words(dict.fromkeys(_FILES, "")), "name": TEXT, "source": _FILE}),
        "toolUse": Object({"toolUseId": TEXT, "name": TEXT, "input": ANYTHING}, "tool_history"),
        "toolResult": Object(
            {
                "toolUseId": TEXT,
                "content": Items(Object({"text": TEXT})),
                "status": Words({"success": "", "error": ""}),
            },
            "tool_history",
        ),
        "cachePoint": _CACHE_POINT,
    }
)
_TOOL: Final = Object(
    {
        "toolSpec": Object(
            {"name": TEXT, "description": TEXT, "inputSchema": Object({"json": ANYTHING}), "strict": parts.STRICT},
            "function_tools",
        ),
        "cachePoint": _CACHE_POINT,
    }
)
_CHOICE: Final = Object(
    {"auto": Object({}), "any": Object({}, "tool_choice"), "tool": Object({"name": TEXT}, "tool_choice")}
)
_SCHEMA: Final = Object({"jsonSchema": Object({"schema": TEXT, "name": TEXT, "description": TEXT}, "json_schema")})
# What Converse hands to the model as it is: only what an effort of thinking becomes.
_MODEL_FIELDS: Final = Object(
    {
        "thinking": Tagged(
            "type",
            {
                "enabled": Object({"budget_tokens": INTEGER}, "reasoning"),
                "adaptive": Object({"display": Words({"summarized": "", "omitted": ""})}, "reasoning"),
            },
        ),
        "output_config": Object({"effort": messages.EFFORT}),
        "reasoningConfig": Object({"type": Words({"enabled": "reasoning"}), "maxReasoningEffort": parts.EFFORT}),
        "reasoning_effort": parts.EFFORT,
        "reasoning": Object({"effort": parts.EFFORT}),
    }
)

CONVERSE: Final = Object(
    {
        "messages": Items(
            Object({"role": Words({"user": "", "assistant": ""}), "content": Items(_BLOCK)}),
            at_least=1,
        ),
        "system": Items(Object({"text": TEXT, "cachePoint": _CACHE_POINT})),
        "inferenceConfig": Object(
            {"maxTokens": INTEGER, "temperature": NUMBER, "topP": NUMBER, "stopSequences": TEXTS}
        ),
        "toolConfig": Object({"tools": Items(_TOOL), "toolChoice": _CHOICE}),
        "outputConfig": Object({"textFormat": Object({"type": Words({"json_schema": ""}), "structure": _SCHEMA})}),
        "additionalModelRequestFields": _MODEL_FIELDS,
    },
    required=("messages",),
)
"""As modelled in botocore 1.44.5 (bedrock-runtime 2023-09-30, `ConverseRequest`; read 2026-11-22).

That model leaves `additionalModelRequestFields` open. What stands there follows the makers of the models: Claude's as
in `messages`, the others' as litellm writes them, whose references were not read.
"""
