"""Bedrock's Converse, and ConverseStream in AWS's binary event stream."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final
from zlib import crc32

import orjson

from zdr_router.conformance.contract.speech.base import TEXT, TOKENS, WORDS, Speech

if TYPE_CHECKING:
    from zdr_router.conformance.contract.speech.base import Event, Json

_USAGE: Final[Json] = {"inputTokens": TOKENS[0], "outputTokens": TOKENS[1], "totalTokens": sum(TOKENS)}
_STRING: Final = b"\x07"


def _whole(*, finished: bool) -> Json:
    message = {"role": "assistant", "content": [{"text": TEXT}]}
    return {"output": {"message": message}, "stopReason": "end_turn" if finished else None, "usage": _USAGE}


def _events(*, finished: bool) -> list[Event]:
    events: list[Event] = [
        ("messageStart", {"role": "assistant"}),
        *(("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": word}}) for word in WORDS),
    ]
    if finished:
        events += [
            ("contentBlockStop", {"contentBlockIndex": 0}),
            ("messageStop", {"stopReason": "end_turn"}),
            ("metadata", {"usage": _USAGE}),
        ]
    return events


def _framed(event: Event) -> bytes:
    kind, payload = event
    named = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(
        bytes([len(name)]) + name.encode() + _STRING + struct.pack("!H", len(value)) + value.encode()
        for name, value in named.items()
    )
    body = orjson.dumps(payload)
    prelude = struct.pack("!II", 16 + len(headers) + len(body), len(headers))
    message = prelude + struct.pack("!I", crc32(prelude)) + headers + body
    return message + struct.pack("!I", crc32(message))


CONVERSE: Final = Speech(_whole, _events, _framed, garbled=bytes(16), kind="application/vnd.amazon.eventstream")
