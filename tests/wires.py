"""Foreign wire formats as their providers document them: what a server of each answers, whole and as a stream."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zlib import crc32

import upstream as up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Event = tuple[str, dict[str, Any]]
USED = (7, 3, 2)
"""Tokens of prompt and answer, and those of the prompt that were cached, in every answer below."""


@dataclass(frozen=True)
class Wire:
    """One dialect: where its server lies, and what it says. `events` are (kind, payload)."""

    dialect: str
    model: str
    prefix: str
    paths: tuple[str, str]
    answer: Callable[..., dict[str, Any]]
    events: Callable[..., list[Event]]
    framed: Callable[[Event], bytes]
    reasons: Mapping[str, str]
    kind: str = "text/event-stream"
    auth: str = "bearer"
    scope: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    ends: bytes = b""

    def streams(self, events: Sequence[Event]) -> up.Behaviour:
        """Exactly these events, and an orderly end."""

        async def behave(call: up.Call) -> None:
            await call.begin(self.kind)
            for each in events:
                await call.chunk(self.framed(each))
            await call.finish()

        return behave


def sse(event: Event) -> bytes:
    kind, payload = event
    named = f"event: {kind}\n" if kind else ""
    return f"{named}data: {json.dumps(payload)}\n\n".encode()


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """A message of AWS's event stream, by its published layout."""
    head = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack("!H", len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    whole = prelude + struct.pack("!I", crc32(prelude)) + head + payload
    return whole + struct.pack("!I", crc32(whole))


def aws(event: Event) -> bytes:
    kind, payload = event
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    if kind.endswith("Exception"):
        headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return frame(headers, json.dumps(payload).encode())


# Anthropic's Messages


def message(text: str = "ok", *, reason: str | None = "end_turn", content: list[Any] | None = None) -> dict[str, Any]:
    return {
        "id": "msg_theirs",
        "type": "message",
        "role": "assistant",
        "model": "theirs",
        "content": [{"type": "text", "text": text}] if content is None else content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 5,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 2,
            "output_tokens": 3,
            "service_tier": "standard",
        },
    }


def message_events(text: str = "ok", *, reason: str | None = "end_turn") -> list[Event]:
    started = {**message(content=[], reason=None)}
    started["usage"] = {**started["usage"], "output_tokens": 1}
    events: list[Event] = [
        ("message_start", {"type": "message_start", "message": started}),
        (
            "content_block_start",
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        ),
        ("ping", {"type": "ping"}),
        *(
            (
                "content_block_delta",
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": letter}},
            )
            for letter in text
        ),
    ]
    if reason is not None:
        said = {"stop_reason": reason, "stop_sequence": None}
        events += [
            ("content_block_stop", {"type": "content_block_stop", "index": 0}),
            ("message_delta", {"type": "message_delta", "delta": said, "usage": {"output_tokens": 3}}),
            ("message_stop", {"type": "message_stop"}),
        ]
    return events


# Bedrock's Converse


def converse(text: str = "ok", *, reason: str | None = "end_turn", content: list[Any] | None = None) -> dict[str, Any]:
    blocks = [{"text": text}] if content is None else content
    return {
        "metrics": {"latencyMs": 12},
        "output": {"message": {"role": "assistant", "content": blocks}},
        "stopReason": reason,
        "usage": CONVERSE_USAGE,
    }


CONVERSE_USAGE = {
    "inputTokens": 5,
    "outputTokens": 3,
    "totalTokens": 10,
    "cacheReadInputTokens": 2,
    "cacheWriteInputTokens": 0,
}


def converse_events(text: str = "ok", *, reason: str | None = "end_turn") -> list[Event]:
    events: list[Event] = [
        ("messageStart", {"role": "assistant", "p": "abcd"}),
        *(
            ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": letter}, "p": "abcdefgh"})
            for letter in text
        ),
    ]
    if reason is not None:
        events += [
            ("contentBlockStop", {"contentBlockIndex": 0, "p": "a"}),
            ("messageStop", {"stopReason": reason, "p": "abc"}),
            ("metadata", {"metrics": {"latencyMs": 12}, "usage": CONVERSE_USAGE, "p": "ab"}),
        ]
    return events


# Google's generateContent


def generated(text: str = "ok", *, reason: str | None = "STOP", content: list[Any] | None = None) -> dict[str, Any]:
    candidate: dict[str, Any] = {
        "content": {"role": "model", "parts": [{"text": text}] if content is None else content},
        "index": 0,
    }
    if reason is not None:
        candidate["finishReason"] = reason
    return {
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": 7,
            "cachedContentTokenCount": 2,
            "candidatesTokenCount": 1,
            "thoughtsTokenCount": 2,
            "totalTokenCount": 10,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 7}],
        },
        "modelVersion": "theirs",
        "responseId": "theirs",
    }


def generated_events(text: str = "ok", *, reason: str | None = "STOP") -> list[Event]:
    last = len(text) - 1
    return [("", generated(letter, reason=reason if at == last else None)) for at, letter in enumerate(text)]


# Cohere's chat


def cohere(text: str = "ok", *, reason: str | None = "COMPLETE", content: list[Any] | None = None) -> dict[str, Any]:
    return {
        "id": "theirs",
        "finish_reason": reason,
        "message": {"role": "assistant", "content": [{"type": "text", "text": text}] if content is None else content},
        "usage": COHERE_USAGE,
    }


COHERE_USAGE = {
    "billed_units": {"input_tokens": 5, "output_tokens": 3},
    "tokens": {"input_tokens": 7, "output_tokens": 3},
    "cached_tokens": 2,
}


def cohere_events(text: str = "ok", *, reason: str | None = "COMPLETE") -> list[Event]:
    started = {"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}}
    events = [
        {"type": "message-start", "id": "theirs", "delta": started},
        {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
        *(
            {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": letter}}}}
            for letter in text
        ),
    ]
    if reason is not None:
        events += [
            {"type": "content-end", "index": 0},
            {"type": "message-end", "delta": {"finish_reason": reason, "usage": COHERE_USAGE}},
        ]
    return [(each["type"], each) for each in events]


# watsonx.ai's chat and Azure's deployments, which are OpenAI's with some members more


def watsonx(text: str = "ok", *, reason: str | None = "stop") -> dict[str, Any]:
    return up.completion(
        text, finish=reason, model_id="theirs", model_version="1.0.0", created_at="2026-11-22T00:00:00Z"
    )


def watsonx_events(text: str = "ok", *, reason: str | None = "stop") -> list[Event]:
    return [("message", each) for each in up.chunks([*text], finish=reason, model_id="theirs")]


def azure(text: str = "ok", *, reason: str | None = "stop") -> dict[str, Any]:
    return up.completion(text, finish=reason, prompt_filter_results=[{"prompt_index": 0, "content_filter_results": {}}])


def azure_events(text: str = "ok", *, reason: str | None = "stop") -> list[Event]:
    filters: dict[str, Any] = {"choices": [], "prompt_filter_results": [{"prompt_index": 0}]}
    return [("", filters), *(("", each) for each in up.chunks([*text], finish=reason))]


_MESSAGES_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_GOOGLE_REASONS = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
}
_OPENAI_REASONS = {"stop": "stop", "length": "length", "tool_calls": "tool_calls", "content_filter": "content_filter"}
_ANTHROPIC = {"anthropic-version": "2023-06-01"}

WIRES = (
    Wire(
        "litellm:anthropic",
        "claude-sonnet-4-5",
        "",
        ("/v1/messages", "/v1/messages"),
        message,
        message_events,
        sse,
        _MESSAGES_REASONS,
        auth="x-api-key",
        headers=_ANTHROPIC,
    ),
    Wire(
        "litellm:azure_anthropic",
        "claude-sonnet-4-5",
        "/anthropic",
        ("/anthropic/v1/messages", "/anthropic/v1/messages"),
        message,
        message_events,
        sse,
        _MESSAGES_REASONS,
        auth="api-key",
        headers=_ANTHROPIC,
    ),
    Wire(
        "litellm:vertex_anthropic",
        "claude-sonnet-4-5@20250929",
        "/v1/projects/p/locations/eu",
        (
            "/v1/projects/p/locations/eu/publishers/anthropic/models/claude-sonnet-4-5%4020250929:rawPredict",
            "/v1/projects/p/locations/eu/publishers/anthropic/models/claude-sonnet-4-5%4020250929:streamRawPredict",
        ),
        message,
        message_events,
        sse,
        _MESSAGES_REASONS,
    ),
    Wire(
        "litellm:bedrock",
        "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "",
        (
            "/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse",
            "/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream",
        ),
        converse,
        converse_events,
        aws,
        {
            **{reason: meaning for reason, meaning in _MESSAGES_REASONS.items() if reason != "refusal"},
            "guardrail_intervened": "content_filter",
            "content_filtered": "content_filter",
        },
        kind="application/vnd.amazon.eventstream",
    ),
    Wire(
        "litellm:gemini",
        "gemini-2.5-flash",
        "/v1beta",
        (
            "/v1beta/models/gemini-2.5-flash:generateContent",
            "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
        ),
        generated,
        generated_events,
        sse,
        _GOOGLE_REASONS,
        auth="x-goog-api-key",
    ),
    Wire(
        "litellm:vertex_ai",
        "gemini-2.5-pro",
        "/v1/projects/p/locations/eu",
        (
            "/v1/projects/p/locations/eu/publishers/google/models/gemini-2.5-pro:generateContent",
            "/v1/projects/p/locations/eu/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
        ),
        generated,
        generated_events,
        sse,
        _GOOGLE_REASONS,
    ),
    Wire(
        "litellm:cohere",
        "command-a-03-2025",
        "",
        ("/v2/chat", "/v2/chat"),
        cohere,
        cohere_events,
        sse,
        {"COMPLETE": "stop", "STOP_SEQUENCE": "stop", "MAX_TOKENS": "length", "TOOL_CALL": "tool_calls"},
    ),
    Wire(
        "litellm:watsonx",
        "ibm/granite-4-h-small",
        "",
        ("/ml/v1/text/chat?version=2026-10-14", "/ml/v1/text/chat_stream?version=2026-10-14"),
        watsonx,
        watsonx_events,
        sse,
        _OPENAI_REASONS,
        scope={"project": "project-1"},
    ),
    Wire(
        "litellm:azure",
        "my-gpt",
        "",
        (
            "/openai/deployments/my-gpt/chat/completions?api-version=2025-04-01-preview",
            "/openai/deployments/my-gpt/chat/completions?api-version=2025-04-01-preview",
        ),
        azure,
        azure_events,
        sse,
        _OPENAI_REASONS,
        auth="api-key",
    ),
)
BY_NAME = {wire.dialect: wire for wire in WIRES}
