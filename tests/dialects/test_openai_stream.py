import json
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdr_router.dialects.base import Head, Usage
from zdr_router.dialects.openai_stream import MAX_CHOICES, ChatStreamDecoder
from zdr_router.dialects.sse import MAX_EVENT_BYTES
from zdr_router.metadata import Outcome

WIRE = Path(__file__).parent / "wire"
NAMES = ["openai", "vllm", "llama-cpp", "groq"]
HEAD = Head(id="zdr-1", created=1_700_000_000, model="assistant")
BASE = {"id": "zdr-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "assistant"}


def wire(name):
    return (WIRE / f"{name}.sse").read_bytes()


def decoder(*, show_usage=False, choices=1):
    return ChatStreamDecoder(HEAD, show_usage=show_usage, choices=choices)


def read(stream, *cuts, show_usage=False, choices=1):
    """Chunks, and the decoder after the last byte."""
    reader = decoder(show_usage=show_usage, choices=choices)
    chunks = [chunk for start, end in pairwise([0, *cuts, len(stream)]) for chunk in reader.feed(stream[start:end])]
    return chunks, reader


def event(*choices, **parts):
    return b"data: " + json.dumps({"choices": list(choices)} | parts).encode() + b"\n\n"


def piece(index=0, finish_reason=None, **delta):
    return {"index": index, "delta": delta, "finish_reason": finish_reason}


def choices_of(stream):
    return [chunk["choices"] for chunk in read(stream)[0]]


DONE = b"data: [DONE]\n\n"
HELLO = event(piece(role="assistant", content="Hello"))
STOP = event(piece(finish_reason="stop"))


class TestWhatTheCallerSees:
    def test_a_stream_of_openai_keeps_everything_but_its_head_and_the_usage_nobody_asked_for(self):
        chunks, reader = read(wire("openai"))
        head = BASE | {"service_tier": "default", "system_fingerprint": "fp_44709d6fcb"}
        assert chunks == [
            head | {"choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]}
            for delta, reason in [
                ({"role": "assistant", "content": ""}, None),
                ({"content": "Grüß"}, None),
                ({"content": " Gott 😊"}, None),
                ({}, "stop"),
            ]
        ]
        assert reader.end() is Outcome.OK
        assert reader.usage == Usage(19, 3, 4)

    def test_a_stream_of_vllm_with_a_tool_call_and_reasoning(self):
        chunks, reader = read(wire("vllm"))
        assert [chunk["choices"][0]["delta"] for chunk in chunks] == [
            {"role": "assistant", "content": ""},
            {"reasoning_content": "They want the weather."},
            {
                "tool_calls": [
                    {"index": 0, "id": "chatcmpl-tool-040a", "type": "function", "function": {"name": "get_weather"}}
                ]
            },
            {"tool_calls": [{"index": 0, "function": {"arguments": '{"city": "Warsaw"}'}}]},
            {"content": ""},
        ]
        assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"
        assert (reader.end(), reader.usage) == (Outcome.OK, Usage(210, 25, None))

    def test_a_stream_of_llama_cpp_loses_its_timings(self):
        chunks, reader = read(wire("llama-cpp"))
        assert [chunk["choices"][0]["delta"] for chunk in chunks] == [
            {"role": "assistant"},
            {"content": " red,"},
            {"content": " blue"},
            {},
        ]
        assert not any("timings" in chunk for chunk in chunks)
        assert (reader.end(), reader.usage) == (Outcome.OK, Usage(34, 2, 29))

    def test_a_stream_of_groq_says_its_role_once_and_its_usage_where_openai_does(self):
        chunks, reader = read(wire("groq"), show_usage=True)
        assert [chunk["choices"][0]["delta"] for chunk in chunks[:-1]] == [
            {"role": "assistant", "content": ""},
            {"content": "Paris."},
            {},
        ]
        assert chunks[-1] == BASE | {
            "choices": [],
            "usage": {"prompt_tokens": 40, "completion_tokens": 5, "total_tokens": 45},
        }
        assert not any("x_groq" in chunk for chunk in chunks)
        assert (reader.end(), reader.usage) == (Outcome.OK, Usage(40, 5, None))

    @pytest.mark.parametrize("name", NAMES)
    def test_usage_is_the_last_chunk_once_for_a_caller_who_asked(self, name):
        chunks, reader = read(wire(name), show_usage=True)
        assert [chunk["usage"] is None for chunk in chunks] == [True] * (len(chunks) - 1) + [False]
        assert chunks[-1]["choices"] == []
        assert chunks[-1]["usage"]["prompt_tokens"] == reader.usage.input_tokens

    def test_usage_is_shown_without_done_and_after_every_choice_only(self):
        usage = {"prompt_tokens": 1, "completion_tokens": 1}
        early, last = event(usage=usage), event(usage=usage | {"completion_tokens": 2})
        chunks, _ = read(HELLO + early + STOP + last + last, show_usage=True)
        assert [len(chunk["choices"]) for chunk in chunks] == [1, 1, 0]
        assert chunks[-1]["usage"]["total_tokens"] == 3

    def test_usage_waits_for_choices_that_have_not_begun(self):
        usage = event(usage={"prompt_tokens": 1, "completion_tokens": 1})
        stream = event(piece(0, "stop")) + usage + event(piece(1, "stop", content="b")) + usage
        assert [len(chunk["choices"]) for chunk in read(stream, show_usage=True, choices=2)[0]] == [1, 1, 0]

    def test_groqs_own_usage_counts_only_where_there_is_no_other(self):
        count = {"prompt_tokens": 1, "completion_tokens": 1}
        assert read(event(usage=count, x_groq={"id": "req"}))[1].usage == Usage(1, 1, None)
        assert read(event(usage=count, x_groq={"usage": {"prompt_tokens": 9}}))[1].usage == Usage(1, 1, None)
        assert read(event(usage=None, x_groq={"usage": count}))[1].usage == Usage(1, 1, None)

    def test_each_choice_is_given_a_role_first(self):
        assert choices_of(event(piece(0, content="a"), piece(1, content="b")) + event(piece(1, content="c"))) == [
            [
                {"index": 0, "delta": {"role": "assistant", "content": "a"}, "logprobs": None, "finish_reason": None},
                {"index": 1, "delta": {"role": "assistant", "content": "b"}, "logprobs": None, "finish_reason": None},
            ],
            [{"index": 1, "delta": {"content": "c"}, "logprobs": None, "finish_reason": None}],
        ]

    def test_events_that_say_nothing_are_no_chunks(self):
        nothing = event(prompt_filter_results=[]) + event({"index": 0, "content_filter_results": {}}) + b"data:\n\n"
        stream = HELLO + nothing + event(piece(content="")) + b"event: ping\ndata: {}\n\n" + b": keep-alive\n\n"
        assert choices_of(stream) == choices_of(HELLO)
        assert read(stream)[1].failed is None

    def test_a_piece_is_handed_on_at_once_and_then_forgotten(self):
        reader = decoder()
        assert len(reader.feed(event(piece(content="a secret")))) == 1
        kept = repr([getattr(reader, name) for name in ChatStreamDecoder.__slots__])
        assert "secret" not in kept
        assert "secret" not in repr([getattr(reader._events, name) for name in type(reader._events).__slots__])

    @given(st.sampled_from(NAMES), st.booleans(), st.data())
    def test_where_the_bytes_are_cut_changes_nothing(self, name, show_usage, data):
        stream = data.draw(st.sampled_from([b"\n", b"\r\n", b"\r"])).join(wire(name).split(b"\n"))
        cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
        chunks, reader = read(stream, *cuts, show_usage=show_usage)
        whole, expected = read(wire(name), show_usage=show_usage)
        assert chunks == whole
        assert (reader.end(), reader.usage, reader.committed) == (Outcome.OK, expected.usage, True)

    @pytest.mark.parametrize("name", NAMES)
    def test_a_stream_that_comes_byte_by_byte_is_the_same(self, name):
        assert read(wire(name), *range(1, len(wire(name))))[0] == read(wire(name))[0]


class TestCommitted:
    @pytest.mark.parametrize(
        "delta",
        [
            {"content": "a"},
            {"refusal": "a"},
            {"reasoning_content": "a"},
            {"reasoning": "a"},
            {"tool_calls": [{"index": 0, "id": "a"}]},
            {"function_call": {"name": "f"}},
            {"audio": {"transcript": "a"}},
            {"annotations": [{"type": "url_citation"}]},
        ],
    )
    def test_content_of_any_kind_commits(self, delta):
        assert read(event(piece(**delta)))[1].committed

    def test_log_probabilities_commit_since_they_hold_tokens(self):
        logprobs = {"content": [{"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": []}]}
        assert read(event({"index": 0, "delta": {"content": ""}, "logprobs": logprobs}))[1].committed

    @pytest.mark.parametrize(
        "stream",
        [
            b"",
            b": ping\n\n",
            event(piece(role="assistant")),
            event(piece(role="assistant", content="", tool_calls=[], refusal=None, audio=None, annotations=[])),
            event({"index": 0, "delta": {"content": None}, "logprobs": {"content": []}}),
            event(usage={"prompt_tokens": 1, "completion_tokens": 0}),
            STOP,
        ],
    )
    def test_what_holds_no_content_does_not_commit(self, stream):
        reader = read(stream)[1]
        assert not reader.committed
        assert reader.failed is None


class TestHowItEnds:
    @pytest.mark.parametrize("name", NAMES)
    def test_a_stream_cut_before_its_finish_reason_is_never_ok(self, name):
        stream = wire(name)
        finished = re.search(rb'"finish_reason":"[^\n]*\n\n', stream).end()
        for end in range(finished):
            assert read(stream[:end])[1].end() is Outcome.TRUNCATED
        for end in range(finished - len("\n\n")):
            assert read(stream[:end] + b"\n\n" + DONE)[1].end() is not Outcome.OK
        for end in range(finished, len(stream) + 1):
            assert read(stream[:end])[1].end() is Outcome.OK

    def test_with_several_choices_a_stream_cut_at_any_event_is_never_ok(self):
        events = [
            event(piece(0, content="a")),
            event(piece(0, "stop")),
            event(piece(1, content="b")),
            event(piece(1, "stop")),
        ]
        for count in range(len(events)):
            assert read(b"".join(events[:count]), choices=2)[1].end() is Outcome.TRUNCATED
        assert read(b"".join(events), choices=2)[1].end() is Outcome.OK

    def test_done_tells_that_a_provider_serves_fewer_choices_than_asked_for(self):
        assert read(HELLO + STOP + DONE, choices=3)[1].end() is Outcome.OK
        assert read(event(piece(0, "stop"), piece(1, content="a")) + DONE, choices=3)[1].end() is Outcome.TRUNCATED

    def test_every_choice_needs_its_own_finish_reason(self):
        begun = event(piece(0, content="a"), piece(1, content="b"))
        assert read(begun + STOP + DONE, choices=2)[1].end() is Outcome.TRUNCATED
        assert read(begun + STOP + event(piece(1, "length")), choices=2)[1].end() is Outcome.OK

    def test_done_without_a_finish_reason_is_cut_short(self):
        assert read(DONE)[1].end() is Outcome.TRUNCATED
        assert read(HELLO + DONE)[1].end() is Outcome.TRUNCATED

    def test_content_that_goes_on_after_a_finish_reason_needs_another_one(self):
        assert read(HELLO + STOP + HELLO + DONE)[1].end() is Outcome.TRUNCATED
        assert read(HELLO + STOP + HELLO + STOP + DONE)[1].end() is Outcome.OK
        assert read(HELLO + STOP + event(piece(content="")) + DONE)[1].end() is Outcome.OK

    def test_what_follows_done_is_not_read(self):
        chunks, reader = read(HELLO + STOP + DONE + b"data: nonsense\n\n" + HELLO)
        assert len(chunks) == 2
        assert reader.end() is Outcome.OK
        assert reader.feed(HELLO) == []

    @pytest.mark.parametrize(
        ("stream", "outcome"),
        [
            (b'data: {"error":{"message":"content_filter","code":429}}\n\n', Outcome.RATE_LIMITED),
            (b'data: {"error":{"type":"server_error","code":null}}\n\n', Outcome.TRANSIENT),
            (b'data: {"error":"rate limit","error_type":"generation"}\n\n', Outcome.TRANSIENT),
            (b'data: {"object":"error","message":"x","code":400}\n\n', Outcome.CALLER_FAULT),
            (b'event: error\ndata: {"code":"content_filter","message":"x"}\n\n', Outcome.PROVIDER_REFUSAL),
            (b"event: error\ndata: out of memory\n\n", Outcome.TRANSIENT),
            (event(piece(content="", finish_reason="error"), error={"code": 502}), Outcome.TRANSIENT),
            (event(piece() | {"error": {"code": "context_length_exceeded"}}), Outcome.CONTEXT_TOO_LONG),
            (event(piece(), x_groq={"error": "over capacity"}), Outcome.TRANSIENT),
            (event(piece(finish_reason="abort")), Outcome.TRUNCATED),
            (event(piece(finish_reason="error")), Outcome.TRANSIENT),
            (event(piece(finish_reason="whatever")), Outcome.MALFORMED),
            (b'data: {"choices":[\n\n', Outcome.MALFORMED),
            (b"data: []\n\n", Outcome.MALFORMED),
            (b"data: \xff\n\n", Outcome.MALFORMED),
            (b"data: {}\n\n", Outcome.MALFORMED),
            (event(None), Outcome.MALFORMED),
            (event(piece(content=7)), Outcome.MALFORMED),
            (event(piece(content=["a"])), Outcome.MALFORMED),
            (event(piece(role="user", content="a")), Outcome.MALFORMED),
            (event(piece(tool_calls=[{"id": "a"}])), Outcome.MALFORMED),
            (event(piece(function_call="f")), Outcome.MALFORMED),
            (event({"index": 0, "delta": "a"}), Outcome.MALFORMED),
            (event({"index": "0", "delta": {}}), Outcome.MALFORMED),
            (event(piece(MAX_CHOICES)), Outcome.MALFORMED),
            (b"data: " + b"x" * MAX_EVENT_BYTES, Outcome.MALFORMED),
        ],
    )
    def test_what_goes_wrong_is_known_at_once_and_stays(self, stream, outcome):
        reader = decoder()
        assert len(reader.feed(HELLO + stream)) == 1
        assert reader.failed is outcome
        assert reader.feed(b"\n\n" + STOP + DONE) == []
        assert reader.end() is outcome

    @given(st.lists(st.binary()))
    def test_arbitrary_bytes_never_raise_and_are_never_ok(self, pieces):
        reader = decoder()
        for data in pieces:
            assert reader.feed(data) == []
        assert reader.end() is not Outcome.OK

    @given(st.sampled_from(NAMES), st.data())
    def test_a_stream_with_any_bytes_replaced_never_raises(self, name, data):
        stream = wire(name)
        at = data.draw(st.integers(0, len(stream)))
        read(stream[:at] + data.draw(st.binary(max_size=4)) + stream[at + data.draw(st.integers(0, 40)) :])

    @given(st.text())
    def test_no_text_of_an_error_changes_how_it_is_classified(self, text):
        stream = b"data: " + json.dumps({"error": {"message": text, "code": "rate_limit_exceeded"}}).encode() + b"\n\n"
        assert read(stream)[1].end() is Outcome.RATE_LIMITED
