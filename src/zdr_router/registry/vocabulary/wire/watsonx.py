"""watsonx.ai's chat: `POST /ml/v1/text/chat` and `…/text/chat_stream`."""

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

EFFORT: Final = Words(dict.fromkeys(("low", "medium", "high"), "reasoning"))
"""What watsonx takes, and the words that mean the same to every model behind the other formats."""

_TEXT: Final = Object({"text": TEXT})
_IMAGE: Final = Object({"image_url": Object({"url": parts.IMAGE, "detail": parts.DETAIL})})
_CONTENT: Final = Either({"string": TEXT, "list": Items(Tagged("type", {"text": _TEXT, "image_url": _IMAGE}))})
_CALL: Final = Object(
    {"id": TEXT, "type": Words({"function": ""}), "function": Object({"name": TEXT, "arguments": TEXT})}
)
_FUNCTION: Final = Object({"name": TEXT, "description": TEXT, "parameters": ANYTHING})
_SCHEMA: Final = Object({"name": TEXT, "schema": ANYTHING, "strict": FLAG})

WATSONX: Final = Object(
    {
        "model_id": TEXT,
        "project_id": TEXT,
        "messages": Items(
            Tagged(
                "role",
                {
                    "system": Object({"content": TEXT}),
                    "user": Object({"content": _CONTENT}),
                    "assistant": Object({"content": TEXT, "tool_calls": Items(_CALL, "tool_history")}),
                    "tool": Object({"content": TEXT, "tool_call_id": TEXT}, "tool_history"),
                },
            ),
            at_least=1,
        ),
        "tools": Items(Tagged("type", {"function": Object({"function": _FUNCTION}, "function_tools")})),
        "tool_choice_option": Words({"none": "", "auto": "", "required": "tool_choice"}),
        "tool_choice": Tagged("type", {"function": Object({"function": Object({"name": TEXT})}, "tool_choice")}),
        "response_format": Tagged(
            "type",
            {
                "text": Object({}),
                "json_object": Object({}, "json_object"),
                "json_schema": Object({"json_schema": _SCHEMA}, "json_schema"),
            },
        ),
        "max_completion_tokens": INTEGER,
        "max_tokens": INTEGER,
        "temperature": NUMBER,
        "top_p": NUMBER,
        "seed": INTEGER,
        "frequency_penalty": NUMBER,
        "presence_penalty": NUMBER,
        "stop": TEXTS,
        "n": INTEGER,
        "logprobs": FLAG,
        "top_logprobs": INTEGER,
        "reasoning_effort": EFFORT,
    },
    required=("model_id", "project_id", "messages"),
)
"""As typed in ibm-watsonx-ai 1.8.1 for Python (`TextChatParameters`) and in watsonx-ai-node-sdk 1.7.14 (messages).

Both read 2026-11-22. IBM's reference of the API itself, at cloud.ibm.com/apidocs/watsonx-ai, was not to be had.
"""
