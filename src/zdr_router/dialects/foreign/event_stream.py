"""AWS's binary event stream: where one message ends and the next begins, checked by its checksums.

A message is its length, the length of its headers and a CRC of both; the headers; the payload; and a CRC of all.
"""

from __future__ import annotations

import struct
from typing import Final
from zlib import crc32

from zdr_router.dialects.base import Unusable
from zdr_router.dialects.sse import MAX_EVENT_BYTES
from zdr_router.metadata import Outcome

_PRELUDE: Final = struct.Struct("!III")
_CRC: Final = struct.Struct("!I")
_SHORTEST: Final = _PRELUDE.size + _CRC.size
_STRING: Final = 7
# By type of header: how many bytes its value has. Types 6 (bytes) and 7 (string) say it themselves.
_FIXED: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
EXCEPTION: Final = b"exception:"
"""What the kind of an event begins with that tells of a failure; what follows is the failure's name."""


class EventStreamDecoder:
    """Turns bytes into events: pairs of the event's type and its payload. Nothing is kept beyond the unfinished one."""

    def __init__(self) -> None:
        """At the start of a stream."""
        self.oversized = False
        """Whether a message was larger than `MAX_EVENT_BYTES`; from then on nothing is read."""
        self._rest = bytearray()

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """The events that `data` completes, in order. Raises `Unusable` for what is no event stream."""
        self._rest += data
        events: list[tuple[bytes, bytes]] = []
        while len(self._rest) >= _PRELUDE.size and not self.oversized:
            total, headers, checksum = _PRELUDE.unpack_from(self._rest)
            sound = crc32(self._rest[: _PRELUDE.size - _CRC.size]) == checksum
            if not sound or total < _SHORTEST + headers:
                raise Unusable(Outcome.MALFORMED)
            if total > MAX_EVENT_BYTES:
                self.oversized = True
                self._rest.clear()
                break
            if len(self._rest) < total:
                break
            message = bytes(self._rest[:total])
            del self._rest[:total]
            events.append(_event(message, headers))
        return events


def _event(message: bytes, headers: int) -> tuple[bytes, bytes]:
    end = len(message) - _CRC.size
    if crc32(message[:end]) != _CRC.unpack_from(message, end)[0]:
        raise Unusable(Outcome.MALFORMED)
    named = _headers(message[_PRELUDE.size : _PRELUDE.size + headers])
    payload = message[_PRELUDE.size + headers : end]
    match named.get(b":message-type"):
        case b"event":
            return named.get(b":event-type", b""), payload
        case b"exception":
            return EXCEPTION + named.get(b":exception-type", b""), payload or b"{}"
        case b"error":
            return EXCEPTION + named.get(b":error-code", b""), b"{}"
    raise Unusable(Outcome.MALFORMED)


def _headers(data: bytes) -> dict[bytes, bytes]:
    """Headers whose value is a string; others are passed over."""
    named: dict[bytes, bytes] = {}
    at = 0
    try:
        while at < len(data):
            name = data[at + 1 : at + 1 + data[at]]
            at += 1 + data[at]
            kind = data[at]
            at += 1
            if kind in _FIXED:
                at += _FIXED[kind]
                continue
            size = int.from_bytes(data[at : at + 2])
            value = data[at + 2 : at + 2 + size]
            at += 2 + size
            if kind == _STRING:
                named[name] = value
    except IndexError:
        at = -1  # raised below, so that no error is tied to one that holds the bytes
    if at != len(data):
        raise Unusable(Outcome.MALFORMED)
    return named
