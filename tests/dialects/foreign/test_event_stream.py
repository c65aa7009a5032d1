"""AWS's event stream: any split of the bytes gives the same messages, and no flaw in them passes."""

from __future__ import annotations

import contextlib
import struct
from zlib import crc32

import pytest
from here import needs_extra
from hypothesis import given
from hypothesis import strategies as st
from wires import aws, frame

from zdr_router.dialects.base import Unusable
from zdr_router.dialects.foreign.event_stream import EventStreamDecoder

EVENT = {":event-type": "messageStart", ":content-type": "application/json", ":message-type": "event"}


@given(st.lists(st.binary(max_size=50), max_size=5), st.integers(1, 60))
def test_any_split_gives_the_same_messages(payloads, size):
    data = b"".join(frame(EVENT, payload) for payload in payloads)
    decoder = EventStreamDecoder()
    events = [event for at in range(0, len(data), size) for event in decoder.feed(data[at : at + size])]
    assert events == [(b"messageStart", payload) for payload in payloads]


@given(st.binary(max_size=40), st.data())
def test_no_single_flaw_passes(payload, data):
    sound = bytearray(frame(EVENT, payload))
    at = data.draw(st.integers(0, len(sound) - 1))
    sound[at] ^= data.draw(st.integers(1, 255))
    decoder = EventStreamDecoder()
    with contextlib.suppress(Unusable):
        assert decoder.feed(bytes(sound)) == []


def test_the_messages_are_those_of_aws():
    """The same bytes, read by AWS's own library."""
    needs_extra("aws", "botocore")
    from botocore import eventstream  # noqa: PLC0415 - the extra may be missing

    theirs = eventstream.EventStreamBuffer()
    data = aws(("messageStop", {"stopReason": "end_turn"})) + aws(("throttlingException", {"message": "x"}))
    theirs.add_data(data)
    read = [(message.headers, message.payload) for message in theirs]
    assert read[0][0][":event-type"] == "messageStop"
    assert read[1][0][":exception-type"] == "throttlingException"
    ours = EventStreamDecoder().feed(data)
    assert [payload for _, payload in ours] == [payload for _, payload in read]
    assert [kind for kind, _ in ours] == [b"messageStop", b"exception:throttlingException"]


def test_an_error_without_a_body_is_one_too():
    data = frame({":message-type": "error", ":error-code": "InternalError", ":error-message": "canary"}, b"")
    assert EventStreamDecoder().feed(data) == [(b"exception:InternalError", b"{}")]


def test_headers_that_are_no_strings_are_passed_over():
    head = (
        b"\x01a\x00" + b"\x01b\x01" + b"\x01c\x02x" + b"\x01d\x03xx" + b"\x01e\x04xxxx" + b"\x01f\x05xxxxxxxx"
        b"\x01g\x06\x00\x02xx" + b"\x01h\x08xxxxxxxx" + b"\x01i\x09xxxxxxxxxxxxxxxx"
        b"\x0d:message-type\x07\x00\x05event" + b"\x0b:event-type\x07\x00\x01t"
    )
    assert EventStreamDecoder().feed(_whole(head, b"{}")) == [(b"t", b"{}")]


@pytest.mark.parametrize(
    "head", [b"\x01", b"\x05a", b"\x01a\x0a", b"\x01a\x07\x00", b"\x01a\x07\x00\x09x", b"\x00", b""]
)
def test_headers_that_cannot_be_read_are_no_message(head):
    with pytest.raises(Unusable):
        EventStreamDecoder().feed(_whole(head, b"{}"))


def test_a_length_that_holds_no_message_is_none():
    prelude = struct.pack("!II", 15, 0)
    with pytest.raises(Unusable):
        EventStreamDecoder().feed(prelude + struct.pack("!I", crc32(prelude)) + bytes(3))


def _whole(head: bytes, payload: bytes) -> bytes:
    prelude = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    whole = prelude + struct.pack("!I", crc32(prelude)) + head + payload
    return whole + struct.pack("!I", crc32(whole))
