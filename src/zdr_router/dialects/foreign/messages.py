"""Anthropic's Messages: whole answers and streams, as typed in anthropic-sdk-python 0.125.0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.dialects.base import Unusable
from zdr_router.dialects.foreign.translated import (
    Counts,
    Raw,
    TranslatedStream,
    call,
    count_of,
    decode_translated,
    member,
    members,
    piece,
    reason_of,
    said,
    text_of,
    whole,
)
from zdr_router.dialects.openai_errors import classify_error_object
from zdr_router.dialects.sse import SseDecoder
from zdr_router.metadata import Outcome

if TYPE_CHECKING:
    from zdr_router.dialects.base import Decoded, Head, StreamDecoder, StreamSetting
    from zdr_router.dialects.shapes import ChatCompletionBody

_COUNTS: Final = Counts("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
_REASONS: Final = {  # `pause_turn` belongs to tools that are never asked for
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
_ERRORS: Final = frozenset({b"error"})


def decode_messages(payload: bytes, head: Head) -> Decoded[ChatCompletionBody] | Outcome:
    """A `message`, or why the payload of a 200 is none."""
    return decode_translated(payload, head, _answer)


def stream_messages(setting: StreamSetting) -> StreamDecoder:
    """A stream of `message_start` … `message_stop`."""
    return TranslatedStream(setting, SseDecoder(), _Events())


def _answer(raw: Raw, _head: Head) -> Raw:
    if raw.get("type") != "message":
        raise Unusable(Outcome.MALFORMED)
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[Raw] = []
    for block in members(raw, "content"):
        match block.get("type"):
            case "text":
                texts.append(text_of(block, "text"))
            case "thinking":
                thoughts.append(text_of(block, "thinking"))
            case "redacted_thinking":
                continue  # sealed by the provider, and of no use to a caller
            case "tool_use":
                calls.append(call(block.get("id"), block.get("name"), block.get("input")))
            case _:
                raise Unusable(Outcome.MALFORMED)
    reason = reason_of(raw.get("stop_reason"), _REASONS)
    return whole(said(texts, thoughts, calls), reason, _usage(raw.get("usage")))


def _usage(raw: object) -> Raw | None:
    """The counts, and how many of the tokens were thinking, where that is said."""
    usage = _COUNTS.usage(raw)
    details = raw.get("output_tokens_details") if isinstance(raw, dict) else None
    if usage is not None and isinstance(details, dict) and type(details.get("thinking_tokens")) is int:
        usage["completion_tokens_details"] = {"reasoning_tokens": count_of(details, "thinking_tokens")}
    return usage


class _Events:
    """The events of one stream. Blocks are numbered through, calls by themselves."""

    def __init__(self) -> None:
        self.finished = False
        self._usage: Raw = {}
        self._kinds: dict[int, str] = {}
        self._calls: dict[int, int] = {}
        self._silent: set[int] = set()

    def read(self, kind: bytes, event: Raw) -> list[Raw]:
        """What an event is in OpenAI's form; event types that are not known say nothing."""
        if kind in _ERRORS or event.get("type") == "error":
            raise Unusable(classify_error_object(event))
        match event.get("type"):
            case "message_start":
                self._count(member(event, "message").get("usage"))
                return [piece({"role": "assistant"})]
            case "content_block_start":
                return self._begin(_index(event), member(event, "content_block"))
            case "content_block_delta":
                return self._go_on(_index(event), member(event, "delta"))
            case "content_block_stop":
                return self._close(_index(event))
            case "message_delta":
                return self._settle(event)
            case "message_stop":
                self.finished = True
        return []

    def _begin(self, index: int, block: Raw) -> list[Raw]:
        kind = text_of(block, "type")
        self._kinds[index] = kind
        if kind in {"text", "thinking", "redacted_thinking"}:
            return []
        if kind != "tool_use":
            raise Unusable(Outcome.MALFORMED)
        position = self._calls[index] = len(self._calls)
        self._silent.add(index)
        function = {"name": text_of(block, "name"), "arguments": ""}
        begun = {"index": position, "id": text_of(block, "id"), "type": "function", "function": function}
        return [piece({"tool_calls": [begun]})]

    def _go_on(self, index: int, delta: Raw) -> list[Raw]:
        if index not in self._kinds:
            raise Unusable(Outcome.MALFORMED)
        match delta.get("type"):
            case "text_delta":
                return [piece({"content": text_of(delta, "text")})]
            case "thinking_delta":
                return [piece({"reasoning_content": text_of(delta, "thinking")})]
            case "input_json_delta":
                return self._argue(index, text_of(delta, "partial_json"))
        return []  # signatures and citations

    def _argue(self, index: int, arguments: str) -> list[Raw]:
        if index not in self._calls:
            raise Unusable(Outcome.MALFORMED)
        if not arguments:
            return []
        self._silent.discard(index)
        return [piece({"tool_calls": [{"index": self._calls[index], "function": {"arguments": arguments}}]})]

    def _close(self, index: int) -> list[Raw]:
        """A call without arguments is a call with none, which is an empty object."""
        return self._argue(index, "{}") if index in self._silent else []

    def _settle(self, event: Raw) -> list[Raw]:
        self._count(event.get("usage"))
        reason = reason_of(member(event, "delta").get("stop_reason"), _REASONS)
        return [] if reason is None else [{**piece({}, reason), "usage": _usage(self._usage)}]

    def _count(self, usage: object) -> None:
        """Counts come in parts; later ones replace earlier ones."""
        if isinstance(usage, dict):
            self._usage.update({name: count for name, count in usage.items() if count is not None})


def _index(event: Raw) -> int:
    index = event.get("index")
    if type(index) is not int or index < 0:
        raise Unusable(Outcome.MALFORMED)
    return index
