"""Bedrock's Converse: whole answers, and ConverseStream, as modelled in botocore 1.44.5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.dialects.base import Unusable
from zdr_router.dialects.foreign.event_stream import EXCEPTION, EventStreamDecoder
from zdr_router.dialects.foreign.translated import (
    Counts,
    Raw,
    TranslatedStream,
    call,
    counted,
    decode_translated,
    member,
    members,
    piece,
    reason_of,
    said,
    text_of,
    whole,
)
from zdr_router.metadata import Outcome

if TYPE_CHECKING:
    from zdr_router.dialects.base import Decoded, Head, StreamDecoder, StreamSetting
    from zdr_router.dialects.shapes import ChatCompletionBody

_COUNTS: Final = Counts("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheWriteInputTokens")
_REASONS: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
"""Others (`malformed_model_output`, `malformed_tool_use`) are no answer."""
_FAILURES: Final = {
    b"throttlingException": Outcome.RATE_LIMITED,
    b"validationException": Outcome.CALLER_FAULT,
}
"""Others are the service's own, and it may be asked again."""


def decode_converse(payload: bytes, head: Head) -> Decoded[ChatCompletionBody] | Outcome:
    """An answer of Converse, or why the payload of a 200 is none."""
    return decode_translated(payload, head, _answer)


def stream_converse(setting: StreamSetting) -> StreamDecoder:
    """A stream of `messageStart` … `messageStop`, `metadata`."""
    return TranslatedStream(setting, EventStreamDecoder(), _Events())


def _answer(raw: Raw, _head: Head) -> Raw:
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[Raw] = []
    for block in members(member(member(raw, "output"), "message"), "content"):
        if "text" in block:
            texts.append(text_of(block, "text"))
        elif "toolUse" in block:
            use = _asked(member(block, "toolUse"))
            calls.append(call(use.get("toolUseId"), use.get("name"), use.get("input")))
        elif "reasoningContent" in block:
            thought = member(block, "reasoningContent").get("reasoningText")
            if isinstance(thought, dict):
                thoughts.append(text_of(thought, "text"))
        else:
            raise Unusable(Outcome.MALFORMED)
    reason = reason_of(raw.get("stopReason"), _REASONS)
    return whole(said(texts, thoughts, calls), reason, _COUNTS.usage(raw.get("usage")))


def _asked(use: Raw) -> Raw:
    """A call that is the caller's to make; one with a type is of a tool that runs at AWS, and is never asked for."""
    if use.get("type") is not None:
        raise Unusable(Outcome.MALFORMED)
    return use


class _Events:
    """The events of one stream. Blocks are numbered through, calls by themselves."""

    def __init__(self) -> None:
        self.finished = False
        self._calls: dict[object, int] = {}
        self._silent: set[object] = set()

    def read(self, kind: bytes, event: Raw) -> list[Raw]:  # noqa: PLR0911 - one row for each event
        """What an event is in OpenAI's form; event types that are not known say nothing."""
        if kind.startswith(EXCEPTION):
            raise Unusable(_FAILURES.get(kind.removeprefix(EXCEPTION), Outcome.TRANSIENT))
        match kind:
            case b"messageStart":
                return [piece({"role": "assistant"})]
            case b"contentBlockStart":
                return self._begin(event.get("contentBlockIndex"), member(event, "start"))
            case b"contentBlockDelta":
                return self._go_on(event.get("contentBlockIndex"), member(event, "delta"))
            case b"contentBlockStop":
                index = event.get("contentBlockIndex")
                return self._argue(index, "{}") if index in self._silent else []
            case b"messageStop":
                return [piece({}, reason_of(text_of(event, "stopReason"), _REASONS))]
            case b"metadata":
                self.finished = True
                return [counted(_COUNTS.usage(event.get("usage")))]
        return []

    def _begin(self, index: object, start: Raw) -> list[Raw]:
        if "toolUse" not in start:
            return []
        use = _asked(member(start, "toolUse"))
        position = self._calls[index] = len(self._calls)
        self._silent.add(index)
        function = {"name": text_of(use, "name"), "arguments": ""}
        begun = {"index": position, "id": text_of(use, "toolUseId"), "type": "function", "function": function}
        return [piece({"tool_calls": [begun]})]

    def _go_on(self, index: object, delta: Raw) -> list[Raw]:
        if "text" in delta:
            return [piece({"content": text_of(delta, "text")})]
        if "toolUse" in delta:
            return self._argue(index, text_of(member(delta, "toolUse"), "input"))
        if "reasoningContent" in delta:
            thought = member(delta, "reasoningContent").get("text")
            return [piece({"reasoning_content": thought})] if isinstance(thought, str) else []  # else: a signature
        raise Unusable(Outcome.MALFORMED)

    def _argue(self, index: object, arguments: str) -> list[Raw]:
        if index not in self._calls:
            raise Unusable(Outcome.MALFORMED)
        if not arguments:
            return []
        self._silent.discard(index)
        return [piece({"tool_calls": [{"index": self._calls[index], "function": {"arguments": arguments}}]})]
