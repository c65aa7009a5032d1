"""When a stream in OpenAI's format has begun to speak, and whether it ended well.

It ended well only if every choice was given its finish reason: bytes that merely stop, and a `[DONE]` without a
reason, are an answer cut short. Each piece is handed on at once; nothing of the answer is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from zdr_router.dialects.base import Head, Unusable, Usage
from zdr_router.dialects.openai_errors import classify_error_object
from zdr_router.dialects.openai_parts import (
    read_finish_reason,
    read_function_delta,
    read_logprobs,
    read_reasoning,
    read_text,
    read_tool_call_deltas,
    read_usage,
)
from zdr_router.dialects.sse import SseDecoder
from zdr_router.metadata import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from zdr_router.dialects.shapes import ChatChunk, ChunkChoice, Delta, UsageBody

MAX_CHOICES = 128
"""The largest `n` of OpenAI's API; a stream cannot make the decoder remember more choices than that."""

_DONE = b"[DONE]"
_PING = b"ping"


class ChatStreamDecoder:
    """Turns the bytes of a stream into chunks in OpenAI's shape.

    Chunks that come before `committed` is set carry no content (a role, at most), so they can be held back and
    the attempt given to another target.
    """

    __slots__ = (
        "_accept",
        "_base",
        "_choices",
        "_events",
        "_open",
        "_seen",
        "_show_usage",
        "_usage_body",
        "committed",
        "done",
        "failed",
        "usage",
    )

    def __init__(
        self,
        head: Head,
        *,
        show_usage: bool,
        choices: int = 1,
        accept: Callable[[dict[str, object]], bool] | None = None,
    ) -> None:
        """`show_usage`: whether the caller asked for usage; `choices`: the caller's `n`.

        `accept` looks at every event as the provider sent it; one that it does not accept contradicts the attestation.
        """
        self.committed = False
        """Whether a chunk with content was seen."""
        self.failed: Outcome | None = None
        """Why the stream cannot end well, as soon as that is known; from then on nothing is read."""
        self.usage: Usage | None = None
        """The last token counts seen."""
        self._base: ChatChunk = {
            "id": head.id,
            "object": "chat.completion.chunk",
            "created": head.created,
            "model": head.model,
            "choices": [],
        }
        if show_usage:
            self._base["usage"] = None
        self._show_usage = show_usage
        self._usage_body: UsageBody | None = None
        self._choices = choices
        self._events = SseDecoder()
        self._seen: set[int] = set()
        self._open: set[int] = set()
        self.done = False
        """Whether `[DONE]` was seen, after which nothing is read."""
        self._accept = accept

    def feed(self, data: bytes) -> list[ChatChunk]:
        """The chunks that `data` completes, in order; what follows `[DONE]` is not read."""
        chunks: list[ChatChunk] = []
        if self.done or self.failed is not None:
            return chunks
        try:
            for kind, payload in self._events.feed(data):
                over = payload.startswith(_DONE)
                chunk = self.finish() if over else self._chunk(kind, payload)
                if chunk is not None:
                    chunks.append(chunk)
                if over:
                    return chunks
        except Unusable as why:
            self.failed = why.outcome
            return chunks
        if self._events.oversized:
            self.failed = Outcome.MALFORMED
        return chunks

    def finish(self) -> ChatChunk | None:
        """The stream says that it is over: the chunk of usage, if it is wanted and known."""
        self.done = True
        return self._usage_chunk()

    def end(self) -> Outcome:
        """How the attempt ended, once the bytes have.

        A provider may serve fewer choices than asked for, but only `[DONE]` tells that from a stream cut short.
        """
        if self.failed is not None:
            return self.failed
        served = self.done or len(self._seen) >= self._choices
        return Outcome.OK if served and self._complete() else Outcome.TRUNCATED

    def _complete(self) -> bool:
        return bool(self._seen) and not self._open

    def _chunk(self, kind: bytes, payload: bytes) -> ChatChunk | None:
        """The chunk for the caller, or None where an event holds nothing for it."""
        if not payload or kind == _PING:
            return None  # some servers keep the connection alive with it
        raw = _object(kind, payload)
        if self._accept is not None and not self._accept(raw):
            raise Unusable(Outcome.CONTRADICTED)
        return self.take(raw)

    def take(self, raw: dict[str, object]) -> ChatChunk | None:
        """The chunk of an event in OpenAI's form, or None where it holds nothing; raises `Unusable`."""
        self._count(raw)
        choices = raw.get("choices")
        if not isinstance(choices, list):
            raise Unusable(Outcome.MALFORMED)
        if not choices:
            return self._usage_chunk() if len(self._seen) >= self._choices else None
        pieces = [piece for choice in choices if (piece := self._piece(choice)) is not None]
        if not pieces:
            return None
        chunk = self._base.copy()
        chunk["choices"] = pieces
        fingerprint, tier = raw.get("system_fingerprint"), raw.get("service_tier")
        if isinstance(fingerprint, str):
            chunk["system_fingerprint"] = fingerprint
        if isinstance(tier, str):
            chunk["service_tier"] = tier
        return chunk

    def _count(self, raw: dict[str, object]) -> None:
        """Take note of usage, wherever a provider puts it."""
        usage = raw.get("usage")
        groq = raw.get("x_groq")
        if isinstance(groq, dict):
            if groq.get("error"):
                raise Unusable(Outcome.TRANSIENT)  # Groq: the stream stops early
            usage = usage or groq.get("usage")
        counted = read_usage(usage) if usage else None
        if counted is not None:
            self._usage_body, self.usage = counted

    def _usage_chunk(self) -> ChatChunk | None:
        """The last chunk for a caller who asked for usage, once."""
        if not self._show_usage or self._usage_body is None or not self._complete():
            return None
        self._show_usage = False
        chunk = self._base.copy()
        chunk["choices"] = []
        chunk["usage"] = self._usage_body
        return chunk

    def _piece(self, raw: object) -> ChunkChoice | None:
        if not isinstance(raw, dict):
            raise Unusable(Outcome.MALFORMED)
        if raw.get("error"):
            raise Unusable(classify_error_object(raw))
        index = raw.get("index", 0)
        if type(index) is not int or not 0 <= index < MAX_CHOICES:
            raise Unusable(Outcome.MALFORMED)
        reason = read_finish_reason(raw.get("finish_reason"))
        logprobs = read_logprobs(raw.get("logprobs"))
        delta = _delta(raw.get("delta"))
        speaks = any(delta.values()) or (logprobs is not None and any(logprobs.values()))
        first = index not in self._seen
        if first:
            self._seen.add(index)
            delta = {"role": "assistant", **delta}
        elif not speaks and reason is None:
            return None
        if speaks:
            self.committed = True
        if reason is None:
            self._open.add(index)  # also after a reason: content that goes on needs another one
        else:
            self._open.discard(index)
        return {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": reason}


def _object(kind: bytes, payload: bytes) -> dict[str, object]:
    """The JSON object of an event; raises `Unusable` where it is none, or is an error."""
    try:
        raw = orjson.loads(payload)
    except ValueError:
        raw = None  # raised below, so that no error is tied to one that holds the payload
    if kind == b"error":
        raise Unusable(classify_error_object(raw))
    if not isinstance(raw, dict):
        raise Unusable(Outcome.MALFORMED)
    if raw.get("error") or raw.get("object") == "error":
        raise Unusable(classify_error_object(raw))
    return raw


def _delta(raw: object) -> Delta:
    """A piece of a message without its role."""
    if raw is None:
        return {}  # Azure: a chunk that only annotates
    if not isinstance(raw, dict):
        raise Unusable(Outcome.MALFORMED)
    delta: Delta = {}
    content = raw.get("content")
    if isinstance(content, str):
        delta["content"] = content
        if len(raw) == 1:
            return delta
    elif content is not None:
        raise Unusable(Outcome.MALFORMED)
    if (raw.get("role") or "assistant") != "assistant":
        raise Unusable(Outcome.MALFORMED)
    _add_to(delta, raw)
    return delta


def _add_to(delta: Delta, raw: dict[str, object]) -> None:
    """What a piece may hold besides content."""
    refusal = read_text(raw.get("refusal"))
    if refusal:
        delta["refusal"] = refusal
    reasoning = read_reasoning(raw)
    if reasoning is not None:
        delta["reasoning_content"] = reasoning
    calls = raw.get("tool_calls")
    if calls is not None and calls != []:
        delta["tool_calls"] = read_tool_call_deltas(calls)
    if raw.get("function_call") is not None:
        delta["function_call"] = read_function_delta(raw["function_call"])
    annotations, audio = raw.get("annotations"), raw.get("audio")
    if isinstance(annotations, list) and annotations:
        delta["annotations"] = annotations
    if isinstance(audio, dict) and audio:
        delta["audio"] = audio
