"""Cohere's chat, second version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.speech.base import TEXT, TOKENS, WORDS, Speech, sse

if TYPE_CHECKING:
    from zdr_router.conformance.contract.speech.base import Event, Json

_USAGE: Final[Json] = {"tokens": {"input_tokens": TOKENS[0], "output_tokens": TOKENS[1]}}


def _whole(*, finished: bool) -> Json:
    message = {"role": "assistant", "content": [{"type": "text", "text": TEXT}]}
    return {"id": "theirs", "finish_reason": "COMPLETE" if finished else None, "message": message, "usage": _USAGE}


def _events(*, finished: bool) -> list[Event]:
    started = {"message": {"role": "assistant", "content": [], "tool_calls": []}}
    opened = {"message": {"content": {"type": "text", "text": ""}}}
    events: list[Json] = [
        {"type": "message-start", "id": "theirs", "delta": started},
        {"type": "content-start", "index": 0, "delta": opened},
        *({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": word}}}} for word in WORDS),
    ]
    if finished:
        events += [
            {"type": "content-end", "index": 0},
            {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": _USAGE}},
        ]
    return [(str(event["type"]), event) for event in events]


COHERE: Final = Speech(_whole, _events, sse)
