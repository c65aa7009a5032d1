"""Cohere's chat, second version: `POST /v2/chat`."""

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
    Either,
    Items,
    Object,
    Tagged,
    Words,
)

_TEXT: Final = Object({"text": TEXT})
_TEXTS: Final = Either({"string": TEXT, "list": Items(Tagged("type", {"text": _TEXT}))})
_IMAGE: Final = Object({"image_url": Object({"url": parts.IMAGE, "detail": parts.DETAIL})})
_CONTENT: Final = Either({"string": TEXT, "list": Items(Tagged("type", {"text": _TEXT, "image_url": _IMAGE}))})
_CALL: Final = Object(
    {"id": TEXT, "type": Words({"function": ""}), "function": Object({"name": TEXT, "arguments": TEXT})}
)
_FUNCTION: Final = Object({"name": TEXT, "description": TEXT, "parameters": ANYTHING}, required=("name", "parameters"))

COHERE: Final = Object(
    {
        "model": TEXT,
        "stream": FLAG,
        "messages": Items(
            Tagged(
                "role",
                {
                    "system": Object({"content": _TEXTS}),
                    "user": Object({"content": _CONTENT}),
                    "assistant": Object({"content": _TEXTS, "tool_calls": Items(_CALL, "tool_history")}),
                    "tool": Object({"content": _TEXTS, "tool_call_id": TEXT}, "tool_history"),
                },
            ),
            at_least=1,
        ),
        "tools": Items(Tagged("type", {"function": Object({"function": _FUNCTION}, "function_tools")})),
        "tool_choice": Words({"REQUIRED": "tool_choice", "NONE": ""}),
        "response_format": Tagged("type", {"text": Object({}), "json_object": Object({"json_schema": ANYTHING})}),
        "max_tokens": INTEGER,
        "temperature": NUMBER,
        "p": NUMBER,
        "k": INTEGER,
        "seed": INTEGER,
        "frequency_penalty": NUMBER,
        "presence_penalty": NUMBER,
        "stop_sequences": TEXTS,
    },
    required=("model", "messages"),
)
"""As typed in cohere-python 7.3.1 (`V2Client.chat` and what it takes; read 2026-11-22)."""
