"""Whether a part of an answer (usage, finish reason, log probabilities, tool calls) is what OpenAI's API promises.

Each reader returns the part in OpenAI's shape without whatever else a provider put there, or raises `Unusable`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.dialects.base import Unusable, Usage
from zdr_router.metadata import Outcome

if TYPE_CHECKING:
    from zdr_router.dialects.shapes import (
        FinishReason,
        FunctionCall,
        FunctionCallDelta,
        Logprobs,
        ToolCall,
        ToolCallDelta,
        UsageBody,
    )

_FINISH_REASONS: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "function_call": "function_call",
    "eos": "stop",  # Together
    "eos_token": "stop",  # TGI
    "stop_sequence": "stop",  # TGI, Anthropic
    "end_turn": "stop",  # Anthropic
    "max_tokens": "length",  # Anthropic
    "model_length": "length",  # Mistral
    "tool_use": "tool_calls",  # Anthropic
}
_BROKEN_OFF: dict[str, Outcome] = {
    "error": Outcome.TRANSIENT,  # Mistral, OpenRouter
    "insufficient_system_resource": Outcome.TRANSIENT,  # DeepSeek
    "abort": Outcome.TRUNCATED,  # vLLM, SGLang
    "aborted": Outcome.TRUNCATED,  # DeepSeek
}
_PROMPT_DETAILS = ("cached_tokens", "audio_tokens", "cache_write_tokens")
_COMPLETION_DETAILS = (
    "reasoning_tokens",
    "audio_tokens",
    "accepted_prediction_tokens",
    "rejected_prediction_tokens",
)


def read_finish_reason(raw: object) -> FinishReason | None:
    """The reason in OpenAI's words, or None while there is none (some providers send "" for that)."""
    if raw is None or raw == "":
        return None
    if isinstance(raw, str):
        reason = _FINISH_REASONS.get(raw)
        if reason is not None:
            return reason
        raise Unusable(_BROKEN_OFF.get(raw, Outcome.MALFORMED))
    raise Unusable(Outcome.MALFORMED)


def read_usage(raw: object) -> tuple[UsageBody, Usage] | None:
    """The token counts for the caller and for metadata, or None: an answer is none the worse for unreadable counts."""
    if not isinstance(raw, dict):
        return None
    prompt, completion, total = raw.get("prompt_tokens"), raw.get("completion_tokens"), raw.get("total_tokens")
    if completion is None:
        completion = 0
    if type(prompt) is not int or type(completion) is not int or prompt < 0 or completion < 0:
        return None
    body: UsageBody = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": total if type(total) is int and total >= 0 else prompt + completion,
    }
    cached = _count(raw.get("prompt_cache_hit_tokens", raw.get("cached_tokens")))  # DeepSeek, Moonshot
    given = raw.get("prompt_tokens_details")
    if given is not None or cached is not None:
        details = _counts(given, _PROMPT_DETAILS)
        cached = details.get("cached_tokens", cached)
        if cached is not None:
            details["cached_tokens"] = cached
        if details:
            body["prompt_tokens_details"] = details  # type: ignore[typeddict-item]  # keys are of _PROMPT_DETAILS
    given = raw.get("completion_tokens_details")
    if given is not None and (details := _counts(given, _COMPLETION_DETAILS)):
        body["completion_tokens_details"] = details  # type: ignore[typeddict-item]  # of _COMPLETION_DETAILS
    return body, Usage(prompt, completion, cached)


def _count(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _counts(raw: object, keys: tuple[str, ...]) -> dict[str, int]:
    if not isinstance(raw, dict):
        return {}
    return {key: count for key in keys if (count := _count(raw.get(key))) is not None}


def read_logprobs(raw: object) -> Logprobs | None:
    """The lists of log probabilities; their entries are passed on as they are."""
    if raw is None:
        return None
    if not isinstance(raw, dict):
        raise Unusable(Outcome.MALFORMED)
    content, refusal = raw.get("content"), raw.get("refusal")
    for tokens in (content, refusal):
        if tokens is not None and not isinstance(tokens, list):
            raise Unusable(Outcome.MALFORMED)
    return {"content": content, "refusal": refusal}


def read_text(raw: object) -> str | None:
    """A text that may be missing."""
    if raw is None or isinstance(raw, str):
        return raw
    raise Unusable(Outcome.MALFORMED)


def read_reasoning(raw: dict[str, object]) -> str | None:
    """The model's visible reasoning, under either of the names that providers use; None if empty."""
    text = raw.get("reasoning_content")
    if text is None:
        text = raw.get("reasoning")  # Groq, OpenRouter, newer vLLM
        return text if isinstance(text, str) and text else None
    return read_text(text) or None


def read_function(raw: object) -> FunctionCall:
    """A whole function call."""
    if isinstance(raw, dict):
        name, arguments = raw.get("name"), raw.get("arguments")
        if isinstance(name, str) and isinstance(arguments, str):
            return {"name": name, "arguments": arguments}
    raise Unusable(Outcome.MALFORMED)


def read_tool_calls(raw: object) -> list[ToolCall]:
    """Whole tool calls."""
    if not isinstance(raw, list):
        raise Unusable(Outcome.MALFORMED)
    return [_tool_call(call) for call in raw]


def _tool_call(raw: object) -> ToolCall:
    if not isinstance(raw, dict) or not isinstance(call_id := raw.get("id"), str):
        raise Unusable(Outcome.MALFORMED)
    kind = raw.get("type", "function")
    if kind == "function":
        return {"id": call_id, "type": "function", "function": read_function(raw.get("function"))}
    custom = raw.get("custom")
    if kind == "custom" and isinstance(custom, dict):
        name, text = custom.get("name"), custom.get("input")
        if isinstance(name, str) and isinstance(text, str):
            return {"id": call_id, "type": "custom", "custom": {"name": name, "input": text}}
    raise Unusable(Outcome.MALFORMED)


def read_tool_call_deltas(raw: object) -> list[ToolCallDelta]:
    """Pieces of tool calls. Without an index nobody could tell which call a piece belongs to, so it is demanded."""
    if not isinstance(raw, list):
        raise Unusable(Outcome.MALFORMED)
    return [_tool_call_delta(call) for call in raw]


def _tool_call_delta(raw: object) -> ToolCallDelta:
    if not isinstance(raw, dict) or (index := _count(raw.get("index"))) is None:
        raise Unusable(Outcome.MALFORMED)
    piece: ToolCallDelta = {"index": index}
    call_id, kind = read_text(raw.get("id")), raw.get("type")
    if call_id is not None:
        piece["id"] = call_id
    if kind in {"function", "custom"}:
        piece["type"] = kind
    elif kind is not None:
        raise Unusable(Outcome.MALFORMED)
    if raw.get("function") is not None:
        piece["function"] = read_function_delta(raw["function"])
    if raw.get("custom") is not None:
        piece["custom"] = _texts(raw["custom"], ("name", "input"))  # type: ignore[typeddict-item]  # these two keys
    return piece


def read_function_delta(raw: object) -> FunctionCallDelta:
    """A piece of a function call."""
    return _texts(raw, ("name", "arguments"))  # type: ignore[return-value]  # these two keys


def _texts(raw: object, keys: tuple[str, ...]) -> dict[str, str]:
    if not isinstance(raw, dict):
        raise Unusable(Outcome.MALFORMED)
    return {key: text for key in keys if (text := read_text(raw.get(key))) is not None}
