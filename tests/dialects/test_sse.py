from hypothesis import given
from hypothesis import strategies as st

from zdr_router.dialects.sse import MAX_EVENT_BYTES, SseDecoder


def read(data, *, size=None):
    decoder = SseDecoder()
    step = size or max(len(data), 1)
    return [event for at in range(0, len(data), step) for event in decoder.feed(data[at : at + step])]


def test_an_event_ends_at_an_empty_line():
    assert read(b"data: a\n\ndata:b\n\n") == [(b"", b"a"), (b"", b"b")]


def test_lines_end_with_lf_cr_or_crlf():
    for end in (b"\n", b"\r", b"\r\n"):
        stream = end.join([b"data: a", b"", b"data: b", b"", b""])
        assert read(stream) == read(stream, size=1) == [(b"", b"a"), (b"", b"b")]


def test_a_crlf_that_is_cut_in_two_is_one_line_end():
    decoder = SseDecoder()
    assert decoder.feed(b"data: a\r") == []
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\ndata: b\r\n") == []
    assert decoder.feed(b"\r\n") == [(b"", b"a\nb")]


def test_data_lines_of_one_event_are_joined_by_lf_and_lose_one_space():
    assert read(b"data:  a\ndata\ndata:b\n\n") == [(b"", b" a\n\nb")]


def test_comments_ids_retries_and_unknown_fields_say_nothing():
    assert read(b": ping\n\nid: 7\nretry: 10\nfoo: bar\ndata: a\n: again\n\n") == [(b"", b"a")]


def test_the_type_of_an_event_lasts_for_that_event_only():
    assert read(b"event: error\ndata: a\n\nevent: error\n\ndata: b\n\nevent:x\nevent\ndata: c\n\n") == [
        (b"error", b"a"),
        (b"", b"b"),
        (b"", b"c"),
    ]


def test_a_byte_order_mark_counts_at_the_very_start_only():
    assert read(b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n", size=1) == [(b"", b"a")]
    assert read(b"\n\xef\xbb\xbfdata: a\n\n") == []


def test_an_event_without_its_empty_line_is_none():
    assert read(b"data: a\n\ndata: b\n") == [(b"", b"a")]


def test_an_event_is_forgotten_once_it_is_handed_out():
    decoder = SseDecoder()
    decoder.feed(b"data: secret\n\ndata: h")
    kept = [getattr(decoder, name) for name in SseDecoder.__slots__]
    assert b"secret" not in repr(kept).encode()
    assert "secret" not in repr(decoder)


def test_an_event_over_the_limit_stops_the_reading_whether_it_comes_whole_in_lines_or_in_pieces():
    filler = b"x" * (MAX_EVENT_BYTES // 2)
    for stream in (b"data: " + filler * 2 + b"\n\n", b"data: " + filler + b"\ndata: " + filler + b"\n\n"):
        for size in (None, 65_536):
            decoder = SseDecoder()
            step = size or len(stream)
            assert decoder.feed(b"data: before\n\n") == [(b"", b"before")]
            assert [decoder.feed(stream[at : at + step]) for at in range(0, len(stream), step)].count([]) > 0
            assert decoder.oversized
            assert decoder.feed(b"\n\ndata: after\n\n") == []


def test_each_event_may_be_as_large_as_the_limit():
    data = b"x" * (MAX_EVENT_BYTES - len(b"data: "))
    assert read((b"data: " + data + b"\n\n") * 2, size=65_536) == [(b"", data)] * 2


@given(
    st.lists(st.sampled_from([b"\r", b"\n", b"data: ", b"data", b"event: e", b": c", b"x", b"\xc3", b"\xef\xbb\xbf"]))
)
def test_where_the_bytes_are_cut_changes_nothing(parts):
    stream = b"".join(parts)
    assert read(stream, size=1) == read(stream, size=2) == read(stream)
