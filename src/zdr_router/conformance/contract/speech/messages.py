"""Anthropic's Messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from zdr_router.conformance.contract.speech.base import TEXT, TOKENS, WORDS, Speech, sse

if TYPE_CHECKING:
    from zdr_router.conformance.contract.speech.base import Event, Json


def _message(content: list[Json], reason: str | None, output: int) -> Json:
    return {
        "id": "theirs",
        "type": "message",
        "role": "assistant",
        "model": "theirs",
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": TOKENS[0], "output_tokens": output},
    }


def _whole(*, finished: bool) -> Json:
    return _message([{"type": "text", "text": TEXT}], "end_turn" if finished else None, TOKENS[1])


def _events(*, finished: bool) -> list[Event]:
    events: list[Json] = [
        {"type": "message_start", "message": _message([], None, 1)},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}} for word in WORDS),
    ]
    if finished:
        ended = {"stop_reason": "end_turn", "stop_sequence": None}
        events += [
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": ended, "usage": {"output_tokens": TOKENS[1]}},
            {"type": "message_stop"},
        ]
    return [(str(event["type"]), event) for event in events]


MESSAGES: Final = Speech(_whole, _events, sse)
