"""Google's generateContent: each event of a stream is an answer of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.speech.base import TEXT, TOKENS, WORDS, Speech, sse

if TYPE_CHECKING:
    from zdr_router.conformance.contract.speech.base import Event, Json


def _said(text: str, *, finished: bool) -> Json:
    candidate: Json = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    if finished:
        candidate["finishReason"] = "STOP"
    usage = {"promptTokenCount": TOKENS[0], "candidatesTokenCount": TOKENS[1], "totalTokenCount": sum(TOKENS)}
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "theirs", "responseId": "theirs"}


def _whole(*, finished: bool) -> Json:
    return _said(TEXT, finished=finished)


def _events(*, finished: bool) -> list[Event]:
    last = len(WORDS) - 1
    return [("", _said(word, finished=finished and at == last)) for at, word in enumerate(WORDS)]


GENERATE_CONTENT: Final = Speech(_whole, _events, sse)
