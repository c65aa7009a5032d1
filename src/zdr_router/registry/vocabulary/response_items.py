"""The input items of the Responses API: messages, calls of tools and their results, references to stored items."""

from __future__ import annotations

from typing import Final

from zdr_router.registry.vocabulary import parts
from zdr_router.registry.vocabulary.response_tools import ENVIRONMENT, TOOLS
from zdr_router.registry.vocabulary.shapes import (
    ANYTHING,
    FLAG,
    INTEGER,
    TEXT,
    Either,
    Items,
    Object,
    Scalar,
    Shape,
    Tagged,
    Words,
)

_IMAGE: Final[dict[str, Shape]] = {"file_id": Scalar("string", "image_by_id"), "image_url": parts.IMAGE}

INPUT_PARTS: Final[dict[str, Object]] = {
    "input_text": Object({"text": TEXT, **parts.CACHE_MARKS}, required=("text",)),
    "input_image": Object({**_IMAGE, "detail": TEXT, **parts.CACHE_MARKS}),
    "input_file": Object(
        {
            "detail": TEXT,
            "file_data": parts.FILE_DATA,
            "file_id": Scalar("string", "file_by_id"),
            "file_url": parts.FILE_URL,
            "filename": TEXT,
            **parts.CACHE_MARKS,
        }
    ),
    "input_audio": Object({**parts.INPUT_AUDIO.keys, **parts.CACHE_MARKS}, required=("input_audio",)),
}

_ANNOTATIONS: Final = Items(
    Tagged(
        "type",
        {
            "file_citation": Object({"file_id": TEXT, "filename": TEXT, "index": INTEGER}),
            "url_citation": Object(parts.URL_CITATION),
            "container_file_citation": Object(
                {
                    "container_id": TEXT,
                    "end_index": INTEGER,
                    "file_id": TEXT,
                    "filename": TEXT,
                    "start_index": INTEGER,
                }
            ),
            "file_path": Object({"file_id": TEXT, "index": INTEGER}),
        },
    )
)

_PARTS: Final = Tagged(
    "type",
    {
        **INPUT_PARTS,
        "output_text": Object(
            {"text": TEXT, "annotations": _ANNOTATIONS, "logprobs": parts.LOGPROBS}, required=("text",)
        ),
        "refusal": Object({"refusal": TEXT}),
    },
)

_OUTPUT: Final = Either({"string": TEXT, "list": Items(Tagged("type", INPUT_PARTS))})

# The id that an item had in an earlier answer: the item itself is sent whole, so nothing has to be looked up.
_ITEM: Final[dict[str, Shape]] = {"id": TEXT, "status": TEXT}
_CALLER: Final = Tagged("type", {"direct": Object({}), "program": Object({"caller_id": TEXT}, "programmatic_tools")})
_CALL: Final[dict[str, Shape]] = {**_ITEM, "call_id": TEXT, "caller": _CALLER}


def _history(feature: str, *names: str, **shapes: Shape) -> Object:
    """An earlier call or result; `names` are keys whose values do not matter."""
    return Object({**_CALL, **dict.fromkeys(names, ANYTHING), **shapes}, feature)


_MESSAGE: Final = Object(
    {
        **_ITEM,
        "role": Words({"user": "", "assistant": "", "system": "", "developer": ""}),
        "content": Either({"string": TEXT, "list": Items(_PARTS)}),
        "phase": TEXT,
    },
    required=("role", "content"),
)

_SCREENSHOT: Final = Tagged("type", {"computer_screenshot": Object(_IMAGE)})

_THOUGHT: Final = Items(
    Tagged("type", {"reasoning_text": Object({"text": TEXT}), "summary_text": Object({"text": TEXT})})
)

TEXT_FORMAT: Final = Tagged(
    "type",
    {
        **parts.PLAIN_FORMATS,
        "json_schema": Object({"name": TEXT, "description": TEXT, "schema": ANYTHING, "strict": FLAG}, "json_schema"),
    },
)

ITEMS: Final = Items(
    Tagged(
        "type",
        {
            "message": _MESSAGE,
            "item_reference": Object({"id": TEXT}, "stored_item"),
            "reasoning": Object(
                {**_ITEM, "summary": _THOUGHT, "content": _THOUGHT, "encrypted_content": TEXT}, "reasoning_history"
            ),
            "compaction": Object({"id": TEXT, "encrypted_content": TEXT}, "compaction"),
            "compaction_trigger": Object({"id": TEXT}, "compaction"),
            "configuration_update": Object(
                {"id": TEXT, "reasoning": Object({"effort": parts.EFFORT}), "text": Object({"format": TEXT_FORMAT})}
            ),
            "additional_tools": Object({"id": TEXT, "role": TEXT, "tools": TOOLS}),
            "function_call": _history("tool_history", "arguments", "name", "namespace"),
            "function_call_output": _history("tool_history", "name", "namespace", output=_OUTPUT),
            "custom_tool_call": _history("tool_history", "input", "name", "namespace"),
            "custom_tool_call_output": _history("tool_history", output=_OUTPUT),
            "tool_search_call": _history("tool_search", "arguments", "execution"),
            "tool_search_output": _history("tool_search", "execution", tools=TOOLS),
            "local_shell_call": _history("client_tools", "action"),
            "local_shell_call_output": _history("client_tools", "output"),
            "shell_call": _history("tool_history", "action", environment=ENVIRONMENT),
            "shell_call_output": _history("tool_history", "output", "max_output_length"),
            "apply_patch_call": _history("client_tools", "operation"),
            "apply_patch_call_output": _history("client_tools", "output"),
            # Earlier use of a hosted tool counts as its use: some of these resume what the provider still holds.
            "file_search_call": _history("file_search", "queries", "results"),
            "web_search_call": _history("web_search", "action"),
            "computer_call": _history("computer_use", "action", "actions", "pending_safety_checks"),
            "computer_call_output": _history("computer_use", "acknowledged_safety_checks", output=_SCREENSHOT),
            "image_generation_call": _history(
                "image_generation",
                "result",
                "action",
                "background",
                "error",
                "output_format",
                "quality",
                "revised_prompt",
                "size",
                "svg_usage",
            ),
            "code_interpreter_call": _history("hosted_code", "code", "container_id", "outputs"),
            "mcp_list_tools": _history("hosted_mcp", "server_label", "tools", "error"),
            "mcp_approval_request": _history("hosted_mcp", "arguments", "name", "server_label"),
            "mcp_approval_response": _history("hosted_mcp", "approval_request_id", "approve", "reason"),
            "mcp_call": _history(
                "hosted_mcp", "arguments", "name", "server_label", "approval_request_id", "error", "output"
            ),
            "program": _history("programmatic_tools", "code", "fingerprint"),
            "program_output": _history("programmatic_tools", "result"),
        },
        default="message",
    )
)

INPUT: Final = Either({"string": TEXT, "list": ITEMS})
VARIABLE: Final = Either({"string": TEXT, "object": Tagged("type", INPUT_PARTS)})
