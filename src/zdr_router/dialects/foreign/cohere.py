"""Cohere's chat, second version: whole answers and streams, as typed in cohere-python 7.3.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.dialects.base import Unusable
from zdr_router.dialects.foreign.translated import (
    Raw,
    TranslatedStream,
    count_of,
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
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
}
_FAILURES: Final = frozenset({"ERROR", "TIMEOUT"})


def decode_cohere(payload: bytes, head: Head) -> Decoded[ChatCompletionBody] | Outcome:
    """An answer, or why the payload of a 200 is none."""
    return decode_translated(payload, head, _answer)


def stream_cohere(setting: StreamSetting) -> StreamDecoder:
    """A stream of `message-start` … `message-end`."""
    return TranslatedStream(setting, SseDecoder(), _Events())


def _answer(raw: Raw, _head: Head) -> Raw:
    said = member(raw, "message")
    texts: list[str] = []
    thoughts: list[str] = []
    for block in members(said, "content"):
        match block.get("type"):
            case "text":
                texts.append(text_of(block, "text"))
            case "thinking":
                thoughts.append(text_of(block, "thinking"))
            case _:
                raise Unusable(Outcome.MALFORMED)
    if said.get("tool_plan") is not None:
        thoughts.append(text_of(said, "tool_plan"))
    message: Raw = {"reasoning_content": "".join(thoughts)}
    if texts:
        message["content"] = "".join(texts)
    calls = members(said, "tool_calls")
    if calls:
        message["tool_calls"] = calls
    return whole(message, _reason(raw.get("finish_reason")), _usage(raw.get("usage")))


def _reason(raw: object) -> str | None:
    if isinstance(raw, str) and raw in _FAILURES:
        raise Unusable(Outcome.TRANSIENT)
    return reason_of(raw, _REASONS)


def _usage(raw: object) -> Raw | None:
    counts = raw.get("tokens") if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not isinstance(counts, dict) or "input_tokens" not in counts:
        return None
    usage = tokens(_count(counts, "input_tokens"), _count(counts, "output_tokens"))
    if "cached_tokens" in raw:
        usage["prompt_tokens_details"] = {"cached_tokens": _count(raw, "cached_tokens")}
    return usage


def _count(raw: Raw, name: str) -> int:
    """A count, which is typed as a number that need not be whole."""
    value = raw.get(name)
    return int(value) if isinstance(value, float) and value.is_integer() and value > 0 else count_of(raw, name)


class _Events:
    """The events of one stream; calls are numbered by the order in which they begin."""

    def __init__(self) -> None:
        self.finished = False
        self._calls: dict[object, int] = {}

    def read(self, kind: bytes, event: Raw) -> list[Raw]:  # noqa: ARG002, PLR0911 - the type stands in the event
        """What an event is in OpenAI's form; event types that are not known say nothing."""
        match event.get("type"):
            case "message-start":
                return [piece({"role": "assistant"})]
            case "content-start" | "content-delta":
                return _content(member(_message(event), "content"))
            case "tool-plan-delta":
                return [piece({"reasoning_content": text_of(_message(event), "tool_plan")})]
            case "tool-call-start":
                return self._begin(event.get("index"), member(_message(event), "tool_calls"))
            case "tool-call-delta":
                return self._argue(event.get("index"), member(_message(event), "tool_calls"))
            case "message-end":
                delta = member(event, "delta")
                if delta.get("error"):
                    raise Unusable(Outcome.TRANSIENT)
                self.finished = True
                reason = _reason(delta.get("finish_reason"))
                return [{**piece({}, reason), "usage": _usage(delta.get("usage"))}]
        return []

    def _begin(self, index: object, made: Raw) -> list[Raw]:
        position = self._calls[index] = len(self._calls)
        function = member(made, "function")
        named = {"name": text_of(function, "name"), "arguments": function.get("arguments") or ""}
        begun = {"index": position, "id": text_of(made, "id"), "type": "function", "function": named}
        return [piece({"tool_calls": [begun]})]

    def _argue(self, index: object, made: Raw) -> list[Raw]:
        if index not in self._calls:
            raise Unusable(Outcome.MALFORMED)
        arguments = text_of(member(made, "function"), "arguments")
        return [piece({"tool_calls": [{"index": self._calls[index], "function": {"arguments": arguments}}]})]


def _message(event: Raw) -> Raw:
    return member(member(event, "delta"), "message")


def _content(content: Raw) -> list[Raw]:
    text, thought = content.get("text"), content.get("thinking")
    if isinstance(text, str):
        return [piece({"content": text})]
    if isinstance(thought, str):
        return [piece({"reasoning_content": thought})]
    if text is None and thought is None:
        return []
    raise Unusable(Outcome.MALFORMED)
