"""What chat completions and responses share: cache marks, media, formats of answers and tools."""

from __future__ import annotations

from typing import Final

from zdr_router.registry.vocabulary.shapes import (
    ANYTHING,
    INTEGER,
    NUMBER,
    TEXT,
    Address,
    Items,
    Object,
    Scalar,
    Shape,
    Switch,
    Table,
    Tagged,
    Words,
)

IMAGE: Final = Address(inline="inline_image", remote="remote_image")
DETAIL: Final = Words(dict.fromkeys(("auto", "low", "high"), ""))
VIDEO: Final = Address(inline="inline_video", remote="remote_video")
# Base64 without a scheme is the published form of these two; some servers also take addresses in the same place.
FILE_DATA: Final = Address(inline="inline_file", remote="remote_file", bare="inline_file")
AUDIO_DATA: Final = Address(inline="inline_audio", remote="remote_audio", bare="inline_audio")
FILE_URL: Final = Address(inline="inline_file", remote="remote_file")

INPUT_AUDIO: Final = Object(
    {"type": TEXT, "input_audio": Object({"data": AUDIO_DATA, "format": TEXT})}, required=("input_audio",)
)

CACHE_MARKS: Final[dict[str, Shape]] = {
    "prompt_cache_breakpoint": Object(
        {"mode": Words({"explicit": ""}), "ttl": Words({"30m": "", "12h": "extended_cache"})}, "cache_breakpoint"
    ),
    "cache_control": Object({"type": Words({"ephemeral": ""}), "ttl": Words({"5m": "", "1h": ""})}, "cache_control"),
}

CACHE_PARAMETERS: Final[dict[str, Shape]] = {
    "prompt_cache_key": Scalar("string", "cache_key"),
    "prompt_cache_retention": Words(
        {"in_memory": "memory_cache", "in-memory": "memory_cache", "24h": "extended_cache"}
    ),
    "prompt_cache_options": Object(
        {
            "mode": Words({"implicit": "", "explicit": ""}),
            "ttl": Words({"30m": "", "12h": "extended_cache"}),
            "prewarm": Switch(),
            "comparison_response_id": Scalar("string", "cache_diagnostics"),
        },
        "cache_options",
    ),
}

IDENTITY_PARAMETERS: Final[dict[str, Shape]] = {
    "user": Scalar("string", "end_user"),
    "safety_identifier": Scalar("string", "end_user"),
    "metadata": Table(TEXT, "labels"),
}

SAMPLING_PARAMETERS: Final[dict[str, Shape]] = {
    "temperature": Scalar("number", "sampling"),
    "top_p": Scalar("number", "sampling"),
    "top_logprobs": Scalar("integer", "log_probabilities"),
}

ROUTER_PARAMETERS: Final[dict[str, Shape]] = {
    "model": Scalar("string", "model"),
    "stream": Scalar("boolean", "streaming"),
    "provider": Table(ANYTHING, "preferences"),
}

_MODERATION_POLICY: Final = Object({"mode": Words({"score": "", "block": ""})})

MODERATION: Final = Object(
    {"model": TEXT, "policy": Object({"input": _MODERATION_POLICY, "output": _MODERATION_POLICY})}, "moderation"
)

EFFORT: Final = Words(dict.fromkeys(("none", "minimal", "low", "medium", "high", "xhigh", "max"), "reasoning"))
VERBOSITY: Final = Words(dict.fromkeys(("low", "medium", "high"), "verbosity"))
SERVICE_TIERS: Final = ("auto", "default", "flex", "scale", "priority", "fast")

GRAMMAR: Final[dict[str, Shape]] = {"definition": TEXT, "syntax": Words({"lark": "", "regex": ""})}
STRICT: Final = Switch(on="json_schema")

APPROXIMATE_LOCATION: Final[dict[str, Shape]] = {"city": TEXT, "country": TEXT, "region": TEXT, "timezone": TEXT}
CONTEXT_SIZE: Final = Words({"low": "", "medium": "", "high": ""})

URL_CITATION: Final[dict[str, Shape]] = {
    "end_index": INTEGER,
    "start_index": INTEGER,
    "title": TEXT,
    "url": TEXT,
}

LOGPROBS: Final = Items(
    Object(
        {
            "token": TEXT,
            "bytes": Items(INTEGER),
            "logprob": NUMBER,
            "top_logprobs": Items(Object({"token": TEXT, "bytes": Items(INTEGER), "logprob": NUMBER})),
        }
    )
)

PLAIN_FORMATS: Final[dict[str, Object]] = {"text": Object({}), "json_object": Object({}, "json_object")}

# Chat completions nest the grammar, responses do not.
CUSTOM_FORMAT: Final = Tagged("type", {"text": Object({}), "grammar": Object({"grammar": Object(GRAMMAR)})})
CUSTOM_FORMAT_FLAT: Final = Tagged("type", {"text": Object({}), "grammar": Object(GRAMMAR)})
