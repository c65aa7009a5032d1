"""The tools of the Responses API: which run at the caller's, which at the provider's, and which send content on."""

from __future__ import annotations

from typing import Final

from zdr_router.registry.vocabulary import parts
from zdr_router.registry.vocabulary.shapes import (
    ANYTHING,
    FLAG,
    INTEGER,
    TEXT,
    TEXTS,
    Either,
    Items,
    Object,
    Scalar,
    Shape,
    Table,
    Tagged,
    Words,
)

_CALLERS: Final = Items(Words({"direct": "", "programmatic": "programmatic_tools"}))

_FUNCTION: Final = Object(
    {
        "name": TEXT,
        "description": TEXT,
        "parameters": ANYTHING,
        "output_schema": ANYTHING,
        "strict": parts.STRICT,
        "allowed_callers": _CALLERS,
        "defer_loading": FLAG,
    },
    "function_tools",
    required=("name",),
)

_CUSTOM: Final = Object(
    {
        "name": TEXT,
        "description": TEXT,
        "format": parts.CUSTOM_FORMAT_FLAT,
        "allowed_callers": _CALLERS,
        "defer_loading": FLAG,
    },
    "custom_tools",
    required=("name",),
)

_NETWORK: Final = Tagged(
    "type",
    {
        "disabled": Object({}),
        "allowlist": Object({"allowed_domains": TEXTS, "domain_secrets": ANYTHING}, "container_network"),
    },
)

_CONTAINER: Final[dict[str, Shape]] = {
    "file_ids": Items(Scalar("string", "file_by_id")),
    "memory_limit": TEXT,
    "network_policy": _NETWORK,
}

_SKILLS: Final = Items(
    Tagged(
        "type",
        {
            "skill_reference": Object({"skill_id": TEXT, "version": TEXT}, "hosted_skills"),
            "inline": Object(
                {
                    "name": TEXT,
                    "description": TEXT,
                    "source": Object({"type": Words({"base64": ""}), "media_type": TEXT, "data": TEXT}),
                },
                "hosted_skills",
            ),
        },
    )
)

_LOCAL: Final = Object({"skills": Items(Object({"name": TEXT, "description": TEXT, "path": TEXT}))}, "client_tools")

ENVIRONMENT: Final = Tagged(
    "type",
    {
        "container_auto": Object({**_CONTAINER, "skills": _SKILLS}, "hosted_shell"),
        "container_reference": Object({"container_id": TEXT}, "hosted_shell"),
        "local": _LOCAL,
    },
)

_LOCATION: Final = Object({"type": Words({"approximate": ""}), **parts.APPROXIMATE_LOCATION})

_WEB_SEARCH: Final = Object(
    {
        "external_web_access": FLAG,
        "filters": Object({"allowed_domains": TEXTS}),
        "search_context_size": parts.CONTEXT_SIZE,
        "user_location": _LOCATION,
    },
    "web_search",
)

_WEB_SEARCH_PREVIEW: Final = Object(
    {"search_content_types": TEXTS, "search_context_size": parts.CONTEXT_SIZE, "user_location": _LOCATION},
    "web_search",
)

_TOOL_FILTER: Final = Object({"read_only": FLAG, "tool_names": TEXTS})

_MCP: Final = Object(
    {
        "server_label": TEXT,
        "server_url": TEXT,
        "server_description": TEXT,
        "connector_id": TEXT,
        "tunnel_id": TEXT,
        "authorization": TEXT,
        "headers": Table(TEXT),
        "allowed_callers": _CALLERS,
        "allowed_tools": Either({"list": TEXTS, "object": _TOOL_FILTER}),
        "require_approval": Either(
            {
                "string": Words({"always": "", "never": ""}),
                "object": Object({"always": _TOOL_FILTER, "never": _TOOL_FILTER}),
            }
        ),
        "defer_loading": FLAG,
    },
    "hosted_mcp",
)

_FILE_SEARCH: Final = Object(
    {
        "vector_store_ids": TEXTS,
        "filters": ANYTHING,
        "max_num_results": INTEGER,
        "ranking_options": ANYTHING,
    },
    "file_search",
)

_CODE_INTERPRETER: Final = Object(
    {
        "container": Either({"string": TEXT, "object": Tagged("type", {"auto": Object(_CONTAINER)})}),
        "allowed_callers": _CALLERS,
    },
    "hosted_code",
)

_IMAGE_GENERATION: Final = Object(
    {
        **dict.fromkeys(
            (
                "action",
                "background",
                "complexity",
                "input_fidelity",
                "model",
                "moderation",
                "output_format",
                "quality",
                "size",
            ),
            TEXT,
        ),
        **dict.fromkeys(("frame_count", "frame_duration_ms", "output_compression", "partial_images"), INTEGER),
        "input_image_mask": Object({"file_id": Scalar("string", "image_by_id"), "image_url": parts.IMAGE}),
        "svg": Object({"model": TEXT, "reasoning": Object({"effort": parts.EFFORT})}),
    },
    "image_generation",
)

_KINDS: Final[dict[str, Object]] = {
    "function": _FUNCTION,
    "custom": _CUSTOM,
    "file_search": _FILE_SEARCH,
    "computer": Object({}, "computer_use"),
    "computer_use_preview": Object(
        {"environment": TEXT, "display_width": INTEGER, "display_height": INTEGER}, "computer_use"
    ),
    "web_search": _WEB_SEARCH,
    "web_search_2025_08_26": _WEB_SEARCH,
    "web_search_preview": _WEB_SEARCH_PREVIEW,
    "web_search_preview_2025_03_11": _WEB_SEARCH_PREVIEW,
    "mcp": _MCP,
    "code_interpreter": _CODE_INTERPRETER,
    "programmatic_tool_calling": Object({}, "programmatic_tools"),
    "image_generation": _IMAGE_GENERATION,
    "local_shell": Object({}, "client_tools"),
    "shell": Object(
        {"allowed_callers": _CALLERS, "environment": ENVIRONMENT},
        # Where it runs is the provider's choice unless the request says `local`.
        absent={"environment": "hosted_shell"},
    ),
    "apply_patch": Object({"allowed_callers": _CALLERS}, "client_tools"),
    "tool_search": Object({"description": TEXT, "execution": TEXT, "parameters": ANYTHING}, "tool_search"),
    "namespace": Object(
        {
            "name": TEXT,
            "description": TEXT,
            "tools": Items(Tagged("type", {"function": _FUNCTION, "custom": _CUSTOM})),
        },
        "tool_search",
    ),
}

TOOLS: Final = Items(Tagged("type", _KINDS))

_CHOSEN: Final[dict[str, Object]] = {
    "function": Object({"name": TEXT}, "tool_choice"),
    "custom": Object({"name": TEXT}, "tool_choice"),
    "mcp": Object({"server_label": TEXT, "name": TEXT}, "hosted_mcp"),
    "file_search": Object({}, "file_search"),
    "web_search": Object({}, "web_search"),
    "web_search_preview": Object({}, "web_search"),
    "web_search_preview_2025_03_11": Object({}, "web_search"),
    "computer": Object({}, "computer_use"),
    "computer_use": Object({}, "computer_use"),
    "computer_use_preview": Object({}, "computer_use"),
    "image_generation": Object({}, "image_generation"),
    "code_interpreter": Object({}, "hosted_code"),
    "programmatic_tool_calling": Object({}, "programmatic_tools"),
    # Names a tool that is listed in `tools`, where it says in which environment it runs.
    "apply_patch": Object({}, "tool_choice"),
    "shell": Object({}, "tool_choice"),
}

TOOL_CHOICE: Final = Either(
    {
        "string": Words({"none": "", "auto": "", "required": "tool_choice"}),
        "object": Tagged(
            "type",
            {
                **_CHOSEN,
                "allowed_tools": Object(
                    {"mode": Words({"auto": "", "required": ""}), "tools": Items(Tagged("type", _CHOSEN))},
                    "tool_choice",
                ),
            },
        ),
    }
)
