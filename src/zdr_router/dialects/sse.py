"""Where one server-sent event ends and the next begins, however the bytes arrive.

Follows the event stream format of the HTML standard: lines end with LF, CR or CRLF; `data` lines of an event are
joined by LF; comments, unknown fields, `id` and `retry` say nothing here; an event that is not closed by an empty
line is none. Nothing is kept beyond the unfinished event.
"""

from __future__ import annotations

MAX_EVENT_BYTES = 1 << 20
"""Largest event that is read; a stream with a larger one is given up."""

_BOM = b"\xef\xbb\xbf"
_LINE_FEED = b"\n"
_CARRIAGE_RETURN = b"\r"


class SseDecoder:
    """Turns bytes into events: pairs of the event's type (empty: `message`) and its data."""

    __slots__ = ("_after_return", "_data", "_first_line", "_kind", "_line", "_size", "oversized")

    def __init__(self) -> None:
        """At the start of a stream."""
        self.oversized = False
        """Whether an event was larger than `MAX_EVENT_BYTES`; from then on nothing is read."""
        self._line = bytearray()
        self._data: list[bytes] = []
        self._size = 0
        self._kind = b""
        self._first_line = True
        self._after_return = False

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """The events that `data` completes, in order."""
        if self._after_return and data:
            self._after_return = False
            data = data.removeprefix(_LINE_FEED)
        if not data or self.oversized:
            return []
        lines = self._lines(data)
        return self._events(lines) if lines else []

    def _lines(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes; the rest waits. Each byte is copied a fixed number of times."""
        if _LINE_FEED not in data and _CARRIAGE_RETURN not in data:
            self._line += data
            self.oversized = self._size + len(self._line) > MAX_EVENT_BYTES
            return []
        if self._line:
            data = bytes(self._line) + data
            self._line = bytearray()
        lines = data.splitlines()
        if data.endswith(_CARRIAGE_RETURN):
            self._after_return = True
        elif not data.endswith(_LINE_FEED):
            self._line += lines.pop()
        return lines

    def _events(self, lines: list[bytes]) -> list[tuple[bytes, bytes]]:
        events: list[tuple[bytes, bytes]] = []
        for line in lines:
            if not line:
                if self._data:
                    events.append((self._kind, self._data[0] if len(self._data) == 1 else b"\n".join(self._data)))
                    self._data = []
                    self._size = 0
                self._kind = b""
                self._first_line = False
                continue
            self._field(line)
            if self.oversized:
                self._data = []
                return events
        self.oversized = self._size + len(self._line) > MAX_EVENT_BYTES
        return events

    def _field(self, line: bytes) -> None:
        if self._first_line:
            self._first_line = False
            line = line.removeprefix(_BOM)
        if self._size + len(line) > MAX_EVENT_BYTES:
            self.oversized = True
        elif line.startswith(b"data:"):
            value = line[6:] if line.startswith(b"data: ") else line[5:]
            self._data.append(value)
            self._size += len(line)
        elif line.startswith(b"event:"):
            self._kind = line[6:].removeprefix(b" ")
        elif line == b"data":
            self._data.append(b"")
            self._size += len(line)
        elif line == b"event":
            self._kind = b""
