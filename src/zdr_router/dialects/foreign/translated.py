"""What every foreign format shares: an answer is put into OpenAI's form first, and then read like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import orjson

from zdr_router.dialects.base import Unusable, parsed
from zdr_router.dialects.openai import read_chat
from zdr_router.dialects.openai_errors import classify_error_object
from zdr_router.dialects.openai_stream import ChatStreamDecoder
from zdr_router.metadata import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from zdr_router.dialects.base import Decoded, Head, StreamSetting, Usage
    from zdr_router.dialects.shapes import ChatChunk, ChatCompletionBody

Raw = dict[str, object]


class Events(Protocol):
    """Where one event ends and the next begins: pairs of an event's kind and its payload."""

    oversized: bool

    def feed(self, data: bytes) -> Iterable[tuple[bytes, bytes]]:
        """The events that `data` completes, in order."""
        ...


class Translator(Protocol):
    """Puts the events of one stream into OpenAI's form. `finished`: the stream said that it is over."""

    finished: bool

    def read(self, kind: bytes, event: Raw) -> list[Raw]:
        """What an event is in OpenAI's form; raises `Unusable`."""
        ...


def decode_translated(
    payload: bytes, head: Head, translate: Callable[[Raw, Head], Raw]
) -> Decoded[ChatCompletionBody] | Outcome:
    """A whole answer, or why the payload of a 200 is none."""
    try:
        raw = parsed(payload)
        if raw.get("error"):
            return classify_error_object(raw)
        answer = translate(raw, head)
    except Unusable as why:
        return why.outcome
    return read_chat(answer, head)


def whole(message: Raw, reason: str | None, usage: Raw | None) -> Raw:
    """An answer of one choice in OpenAI's form."""
    choice: Raw = {"index": 0, "message": message, "finish_reason": reason}
    return {"choices": [choice], "usage": usage}


def piece(delta: Raw, reason: str | None = None) -> Raw:
    """A piece of the only choice in OpenAI's form."""
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def counted(usage: Raw | None) -> Raw:
    """Usage alone: it follows the last piece."""
    return {"choices": [], "usage": usage}


def call(call_id: object, name: object, arguments: object) -> Raw:
    """A whole call of a function; `arguments` is JSON that was read."""
    if not isinstance(arguments, dict):
        raise Unusable(Outcome.MALFORMED)
    return {
        "id": call_id,
        "type": "function",
        "function": {"name": name, "arguments": orjson.dumps(arguments).decode()},
    }


def said(texts: list[str], thoughts: list[str], calls: list[Raw]) -> Raw:
    """The message of an answer that was read block by block.

    One that is over and empty is one: it follows a tool result that leaves nothing to say.
    """
    message: Raw = {"content": "".join(texts) if texts or not calls else None, "reasoning_content": "".join(thoughts)}
    if calls:
        message["tool_calls"] = calls
    return message


def reason_of(raw: object, reasons: Mapping[str, str]) -> str | None:
    """Why it is over, in OpenAI's words; None while it is not."""
    if raw is None:
        return None
    reason = reasons.get(raw) if isinstance(raw, str) else None
    if reason is None:
        raise Unusable(Outcome.MALFORMED)
    return reason


def tokens(prompt: int, output: int) -> Raw:
    """Usage in OpenAI's form."""
    return {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}


class Counts(NamedTuple):
    """What a provider calls its counts, where tokens that the cache read or wrote are counted beside the others."""

    prompt: str
    output: str
    read: str
    written: str

    def usage(self, raw: object) -> Raw | None:
        """Usage in OpenAI's form, which counts them together; None where there is none."""
        if not isinstance(raw, dict) or type(raw.get(self.prompt)) is not int:
            return None
        read, written = count_of(raw, self.read), count_of(raw, self.written)
        usage = tokens(count_of(raw, self.prompt) + read + written, count_of(raw, self.output))
        if type(raw.get(self.read)) is int:
            usage["prompt_tokens_details"] = {"cached_tokens": read, "cache_write_tokens": written}
        return usage


def member(raw: Raw, name: str) -> Raw:
    """An object that has to be there."""
    value = raw.get(name)
    if not isinstance(value, dict):
        raise Unusable(Outcome.MALFORMED)
    return value


def members(raw: Raw, name: str) -> list[Raw]:
    """A list of objects; none if it is not there."""
    value = raw.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise Unusable(Outcome.MALFORMED)
    return value


def text_of(raw: Raw, name: str) -> str:
    """A text that has to be there."""
    value = raw.get(name)
    if not isinstance(value, str):
        raise Unusable(Outcome.MALFORMED)
    return value


def count_of(raw: Raw, name: str) -> int:
    """A count; 0 if it is not there, or none."""
    value = raw.get(name)
    return value if type(value) is int and value > 0 else 0


class TranslatedStream:
    """A stream of a foreign format: its events, put into OpenAI's form and accounted for like OpenAI's own.

    A proof that the attestation demands of the body has to show in every event, as the provider sent it.
    """

    def __init__(self, setting: StreamSetting, events: Events, translator: Translator) -> None:
        """At the start of a stream."""
        self._inner = ChatStreamDecoder(setting.head, show_usage=setting.show_usage)
        self._accept = setting.accept
        self._events = events
        self._translator = translator

    @property
    def committed(self) -> bool:
        """Whether a chunk with content was seen."""
        return self._inner.committed

    @property
    def failed(self) -> Outcome | None:
        """Why the stream cannot end well, as soon as that is known."""
        return self._inner.failed

    @property
    def done(self) -> bool:
        """Whether the stream said that it is over."""
        return self._inner.done

    @property
    def usage(self) -> Usage | None:
        """The last token counts seen."""
        return self._inner.usage

    def feed(self, data: bytes) -> list[ChatChunk]:
        """The chunks that `data` completes, in order."""
        chunks: list[ChatChunk] = []
        if self.done or self.failed is not None:
            return chunks
        try:
            for kind, payload in self._events.feed(data):
                self._read(kind, payload, chunks)
                if self._inner.done:
                    return chunks
        except Unusable as why:
            self._inner.failed = why.outcome
            return chunks
        if self._events.oversized:
            self._inner.failed = Outcome.MALFORMED
        return chunks

    def _read(self, kind: bytes, payload: bytes, chunks: list[ChatChunk]) -> None:
        if not payload or payload.startswith(b"[DONE]"):
            return
        event = parsed(payload)
        if self._accept is not None and not self._accept(event):
            raise Unusable(Outcome.CONTRADICTED)
        if event.get("error"):
            raise Unusable(classify_error_object(event))
        for raw in self._translator.read(kind, event):
            chunk = self._inner.take(raw)
            if chunk is not None:
                chunks.append(chunk)
        if self._translator.finished:
            last = self._inner.finish()
            if last is not None:
                chunks.append(last)

    def end(self) -> Outcome:
        """How the attempt ended, once the bytes have."""
        return self._inner.end()
