"""OpenAI's wire format: what a request becomes on the wire, and whether what came back is an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zdr_router.dialects.base import Decoded, Head, Unusable, Usage, parsed
from zdr_router.dialects.openai_errors import classify_error, classify_error_object
from zdr_router.dialects.openai_parts import (
    read_finish_reason,
    read_function,
    read_logprobs,
    read_reasoning,
    read_text,
    read_tool_calls,
    read_usage,
)
from zdr_router.metadata import Outcome
from zdr_router.sealed import Sealed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zdr_router.dialects.shapes import ChatCompletionBody, Choice, Embedding, EmbeddingsBody, Message

__all__ = [
    "classify_error",
    "count_inputs",
    "decode_chat",
    "decode_embeddings",
    "read_chat",
    "stream_members",
]

# A message may lack `content` where a limit or a filter left nothing of it.
_NOTHING_LEFT = frozenset({"length", "content_filter"})
_SAID = frozenset({"role", "content", "refusal"})
"""What most messages have, and no more."""
_EMPTY: Message = {"role": "assistant", "content": None, "refusal": None}


def stream_members(options: Mapping[str, object]) -> dict[str, object]:
    """What asks for a stream, given the caller's `stream_options`: it always brings its usage."""
    return {"stream": True, "stream_options": {**options, "include_usage": True}}


def count_inputs(texts: object) -> int:
    """How many vectors a request for embeddings asks for by its `input`: a list of numbers is one tokenised text."""
    return len(texts) if isinstance(texts, list) and not (texts and isinstance(texts[0], int)) else 1


def decode_chat(payload: bytes, head: Head) -> Decoded[ChatCompletionBody] | Outcome:
    """The answer in OpenAI's shape, or why the payload of a 200 is none."""
    try:
        raw = _object(payload)
    except Unusable as why:
        return why.outcome
    return read_chat(raw, head)


def read_chat(raw: dict[str, object], head: Head) -> Decoded[ChatCompletionBody] | Outcome:
    """The answer in OpenAI's shape, or why this object is none."""
    try:
        choices = raw.get("choices")
        if not isinstance(choices, list) or not choices:
            return Outcome.MALFORMED
        body: ChatCompletionBody = {
            "id": head.id,
            "object": "chat.completion",
            "created": head.created,
            "model": head.model,
            "choices": [_choice(choice, position) for position, choice in enumerate(choices)],
        }
    except Unusable as why:
        return why.outcome
    counted = read_usage(raw.get("usage"))
    if counted is not None:
        body["usage"] = counted[0]
    fingerprint, tier = raw.get("system_fingerprint"), raw.get("service_tier")
    if isinstance(fingerprint, str):
        body["system_fingerprint"] = fingerprint
    if isinstance(tier, str):
        body["service_tier"] = tier
    return Decoded(Sealed(body), counted[1] if counted is not None else None)


def decode_embeddings(payload: bytes, head: Head, *, inputs: int) -> Decoded[EmbeddingsBody] | Outcome:
    """One vector for each of the `inputs`, in their order, or why the payload of a 200 is no such answer."""
    try:
        raw = _object(payload)
        data = raw.get("data")
        if not isinstance(data, list) or len(data) != inputs:
            return Outcome.MALFORMED
        vectors = sorted((_embedding(item, position) for position, item in enumerate(data)), key=_index)
    except Unusable as why:
        return why.outcome
    if not vectors or any(vector["index"] != position for position, vector in enumerate(vectors)):
        return Outcome.MALFORMED
    body: EmbeddingsBody = {"object": "list", "data": vectors, "model": head.model}
    counted = read_usage(raw.get("usage"))
    if counted is None:
        return Decoded(Sealed(body), None)
    body["usage"] = {"prompt_tokens": counted[0]["prompt_tokens"], "total_tokens": counted[0]["total_tokens"]}
    return Decoded(Sealed(body), Usage(counted[1].input_tokens, 0, counted[1].cached_tokens))


def _object(payload: bytes) -> dict[str, object]:
    """The JSON object of a 200; raises `Unusable` where it is none, or is an error."""
    raw = parsed(payload)
    if raw.get("error") or raw.get("object") == "error":
        raise Unusable(classify_error_object(raw))
    return raw


def _choice(raw: object, position: int) -> Choice:
    if not isinstance(raw, dict):
        raise Unusable(Outcome.MALFORMED)
    if raw.get("error"):
        raise Unusable(classify_error_object(raw))
    index = raw.get("index", position)
    message = raw.get("message")
    if type(index) is not int or index < 0 or not isinstance(message, dict):
        raise Unusable(Outcome.MALFORMED)
    reason = read_finish_reason(raw.get("finish_reason"))
    if reason is None:
        raise Unusable(Outcome.TRUNCATED)
    said = _message(message)
    if "content" not in message and said == _EMPTY and reason not in _NOTHING_LEFT:
        raise Unusable(Outcome.MALFORMED)
    probabilities = raw.get("logprobs")
    logprobs = None if probabilities is None else read_logprobs(probabilities)
    return {"index": index, "message": said, "logprobs": logprobs, "finish_reason": reason}


def _message(raw: dict[str, object]) -> Message:
    if raw.get("role", "assistant") != "assistant":
        raise Unusable(Outcome.MALFORMED)
    message: Message = {
        "role": "assistant",
        "content": read_text(raw.get("content")),
        "refusal": read_text(raw.get("refusal")),
    }
    if _SAID.issuperset(raw):
        return message
    reasoning = read_reasoning(raw)
    if reasoning is not None:
        message["reasoning_content"] = reasoning
    calls = raw.get("tool_calls")
    if calls is not None and calls != []:
        message["tool_calls"] = read_tool_calls(calls)
    if raw.get("function_call") is not None:
        message["function_call"] = read_function(raw["function_call"])
    annotations, audio = raw.get("annotations"), raw.get("audio")
    if isinstance(annotations, list):
        message["annotations"] = annotations
    if isinstance(audio, dict):
        message["audio"] = audio
    return message


def _embedding(raw: object, position: int) -> Embedding:
    if not isinstance(raw, dict):
        raise Unusable(Outcome.MALFORMED)
    index, vector = raw.get("index", position), raw.get("embedding")
    if isinstance(vector, list):
        readable = bool(vector) and {*map(type, vector)} <= {int, float}
    else:
        readable = isinstance(vector, str) and vector != ""
    if type(index) is not int or vector is None or not readable:
        raise Unusable(Outcome.MALFORMED)
    return {"object": "embedding", "index": index, "embedding": vector}


def _index(vector: Embedding) -> int:
    return vector["index"]
