"""Google's generateContent: whole answers, and streamGenerateContent as server-sent events.

As typed in python-genai 3.4.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.dialects.base import Unusable
from zdr_router.dialects.foreign.translated import (
    Raw,
    TranslatedStream,
    call,
    count_of,
    counted,
    decode_translated,
    member,
    members,
    piece,
    reason_of,
    text_of,
    tokens,
    whole,
)
from zdr_router.dialects.sse import SseDecoder
from zdr_router.metadata import Outcome

if TYPE_CHECKING:
    from zdr_router.dialects.base import Decoded, Head, StreamDecoder, StreamSetting
    from zdr_router.dialects.shapes import ChatCompletionBody

_REASONS: Final = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    **dict.fromkeys(
        (
            "SAFETY",
            "RECITATION",
            "LANGUAGE",
            "BLOCKLIST",
            "PROHIBITED_CONTENT",
            "SPII",
            "MODEL_ARMOR",
            "ESCALATION",
        ),
        "content_filter",
    ),
}
"""Others are no answer: a model that failed (`OTHER`, `MALFORMED_…`), or what is never asked for (images, tools)."""
_NO_ACCESS: Final = "PUP_LIMITED_DISABLED"
"""The account is limited or disabled for what it was used for."""


def decode_generate_content(payload: bytes, head: Head) -> Decoded[ChatCompletionBody] | Outcome:
    """A `GenerateContentResponse`, or why the payload of a 200 is none."""
    return decode_translated(payload, head, _answer)


def stream_generate_content(setting: StreamSetting) -> StreamDecoder:
    """A stream of `GenerateContentResponse`; it ends with its bytes."""
    return TranslatedStream(setting, SseDecoder(), _Events(setting.head))


def _candidate(raw: Raw) -> Raw | None:
    candidates = members(raw, "candidates")
    if not candidates:
        feedback = raw.get("promptFeedback")
        if isinstance(feedback, dict) and feedback.get("blockReason"):
            raise Unusable(Outcome.PROVIDER_REFUSAL)
        return None
    return candidates[0]


def _parts(candidate: Raw) -> list[Raw]:
    content = candidate.get("content")
    return members(content, "parts") if isinstance(content, dict) else []


def _read(parts: list[Raw], head: Head, first: int) -> tuple[list[str], list[str], list[Raw]]:
    """Texts, thoughts and calls; calls that have no id of their own are numbered from `first`."""
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[Raw] = []
    for part in parts:
        if "functionCall" in part:
            function = member(part, "functionCall")
            known = function.get("id") or f"call_{head.id[-24:]}_{first + len(calls)}"
            calls.append(call(known, function.get("name"), function.get("args") or {}))
        elif "text" in part:
            (thoughts if part.get("thought") is True else texts).append(text_of(part, "text"))
        elif "thoughtSignature" not in part:
            raise Unusable(Outcome.MALFORMED)
    return texts, thoughts, calls


def _answer(raw: Raw, head: Head) -> Raw:
    candidate = _candidate(raw)
    if candidate is None:
        raise Unusable(Outcome.MALFORMED)
    texts, thoughts, calls = _read(_parts(candidate), head, 0)
    message: Raw = {"reasoning_content": "".join(thoughts)}
    if texts:
        message["content"] = "".join(texts)
    if calls:
        message["tool_calls"] = calls
    reason = _reason(candidate.get("finishReason"), calls=bool(calls))
    return whole(message, reason, _usage(raw.get("usageMetadata")))


def _reason(raw: object, *, calls: bool) -> str | None:
    """Google stops for a call as for anything else; OpenAI says that it was for a call."""
    if raw == _NO_ACCESS:
        raise Unusable(Outcome.CREDENTIAL)
    reason = reason_of(raw, _REASONS)
    return "tool_calls" if calls and reason == "stop" else reason


def _usage(raw: object) -> Raw | None:
    """Thinking is counted beside the answer; OpenAI counts it with it."""
    if not isinstance(raw, dict) or type(raw.get("promptTokenCount")) is not int:
        return None
    prompt = count_of(raw, "promptTokenCount") + count_of(raw, "toolUsePromptTokenCount")
    thought = count_of(raw, "thoughtsTokenCount")
    usage = tokens(prompt, count_of(raw, "candidatesTokenCount") + thought)
    if type(raw.get("cachedContentTokenCount")) is int:
        usage["prompt_tokens_details"] = {"cached_tokens": count_of(raw, "cachedContentTokenCount")}
    if thought:
        usage["completion_tokens_details"] = {"reasoning_tokens": thought}
    return usage


class _Events:
    """The events of one stream: each is an answer of its own, with what is new since the last."""

    def __init__(self, head: Head) -> None:
        self.finished = False
        self._head = head
        self._calls = 0

    def read(self, kind: bytes, event: Raw) -> list[Raw]:  # noqa: ARG002 - these events have no kind
        """What an event is in OpenAI's form."""
        candidate = _candidate(event)
        usage = _usage(event.get("usageMetadata"))
        if candidate is None:
            return [counted(usage)]
        texts, thoughts, calls = _read(_parts(candidate), self._head, self._calls)
        delta: Raw = {}
        if texts:
            delta["content"] = "".join(texts)
        if thoughts:
            delta["reasoning_content"] = "".join(thoughts)
        if calls:
            delta["tool_calls"] = [{"index": self._calls + at, **made} for at, made in enumerate(calls)]
            self._calls += len(calls)
        reason = _reason(candidate.get("finishReason"), calls=self._calls > 0)
        said = {**piece(delta, reason), "usage": usage}
        return [said] if reason is None else [said, counted(None)]
