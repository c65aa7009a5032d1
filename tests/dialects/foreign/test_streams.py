"""Streams of foreign formats: calls of tools, thoughts, errors on the way, and ends that are none."""

from __future__ import annotations

import json

import pytest
from wires import BY_NAME, Event, Wire, converse_events, generated, message_events

from zdr_router.dialects.base import Head, StreamSetting
from zdr_router.dialects.foreign.cohere import stream_cohere
from zdr_router.dialects.foreign.converse import stream_converse
from zdr_router.dialects.foreign.generate_content import stream_generate_content
from zdr_router.dialects.foreign.messages import stream_messages
from zdr_router.metadata import Outcome

HEAD = Head("chatcmpl-0123456789abcdef01234567", 1, "chat")
FORMATS = {
    "litellm:anthropic": stream_messages,
    "litellm:bedrock": stream_converse,
    "litellm:gemini": stream_generate_content,
    "litellm:cohere": stream_cohere,
}


TYPED = [BY_NAME[dialect] for dialect in FORMATS if dialect != "litellm:gemini"]
"""Google's events have no types, and its streams no end but that of their bytes."""


@pytest.fixture(params=FORMATS)
def wire(request) -> Wire:
    return BY_NAME[request.param]


def decoder(wire: Wire, *, show_usage: bool = False, accept=None):
    return FORMATS[wire.dialect](StreamSetting(HEAD, show_usage, 1, accept))


def run(wire: Wire, events: list[Event], *, at_once: int = 0):
    """Feed the events in pieces of so many bytes; the chunks, and how it ended."""
    data = b"".join(map(wire.framed, events))
    made = decoder(wire)
    size = at_once or len(data)
    chunks = [chunk for at in range(0, len(data), size) for chunk in made.feed(data[at : at + size])]
    return chunks, made.end()


def deltas(chunks):
    return [piece["delta"] for chunk in chunks for piece in chunk["choices"]]


@pytest.mark.parametrize("size", [1, 7, 0])
def test_how_the_bytes_arrive_changes_nothing(wire, size):
    events = wire.events("some words")
    assert run(wire, events, at_once=size) == run(wire, events)
    chunks, ended = run(wire, events, at_once=size)
    assert "".join(delta.get("content") or "" for delta in deltas(chunks)) == "some words"
    assert ended is Outcome.OK


def test_every_cut_of_a_stream_is_noticed(wire):
    data = b"".join(map(wire.framed, wire.events("ok")))
    whole = decoder(wire)
    whole.feed(data)
    assert whole.end() is Outcome.OK
    for end in range(len(data)):
        cut = decoder(wire)
        chunks = cut.feed(data[:end])
        finished = any(piece["finish_reason"] for chunk in chunks for piece in chunk["choices"])
        assert finished is (cut.end() is Outcome.OK), end


def block(index: int, **started: object) -> Event:
    return ("content_block_start", {"type": "content_block_start", "index": index, "content_block": started})


def delta(index: int, **said: object) -> Event:
    return ("content_block_delta", {"type": "content_block_delta", "index": index, "delta": said})


def stop(index: int) -> Event:
    return ("content_block_stop", {"type": "content_block_stop", "index": index})


MESSAGES_START, *_ = message_events("")
MESSAGES_END = message_events("", reason="tool_use")[-2:]
CONVERSE_START, *_ = converse_events("")
CONVERSE_END = converse_events("", reason="tool_use")[-2:]


def converse_call(index: int, name: str, *pieces: str) -> list[Event]:
    return [
        (
            "contentBlockStart",
            {"contentBlockIndex": index, "start": {"toolUse": {"toolUseId": f"call_{index}", "name": name}}},
        ),
        *(("contentBlockDelta", {"contentBlockIndex": index, "delta": {"toolUse": {"input": p}}}) for p in pieces),
        ("contentBlockStop", {"contentBlockIndex": index}),
    ]


def cohere_call(index: int, name: str, *pieces: str) -> list[Event]:
    begun = {"id": f"call_{index + 1}", "type": "function", "function": {"name": name, "arguments": ""}}
    events = [
        {"type": "tool-call-start", "index": index, "delta": {"message": {"tool_calls": begun}}},
        *(
            {
                "type": "tool-call-delta",
                "index": index,
                "delta": {"message": {"tool_calls": {"function": {"arguments": p}}}},
            }
            for p in pieces
        ),
        {"type": "tool-call-end", "index": index},
    ]
    return [(each["type"], each) for each in events]


def cohere_end(reason: str) -> Event:
    return ("message-end", {"type": "message-end", "delta": {"finish_reason": reason}})


TWO_CALLS = {
    "litellm:anthropic": [
        MESSAGES_START,
        block(0, type="text", text=""),
        delta(0, type="text_delta", text="See:"),
        stop(0),
        block(1, type="tool_use", id="call_1", name="look_up", input={}),
        delta(1, type="input_json_delta", partial_json=""),
        delta(1, type="input_json_delta", partial_json='{"city":'),
        delta(1, type="input_json_delta", partial_json='"Rome"}'),
        stop(1),
        block(2, type="tool_use", id="call_2", name="now", input={}),
        stop(2),
        *MESSAGES_END,
    ],
    "litellm:bedrock": [
        CONVERSE_START,
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "See:"}}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        *converse_call(1, "look_up", "", '{"city":', '"Rome"}'),
        *converse_call(2, "now"),
        *CONVERSE_END,
    ],
    "litellm:gemini": [
        ("", generated(content=[{"text": "See:"}], reason=None)),
        ("", generated(content=[{"functionCall": {"name": "look_up", "args": {"city": "Rome"}}}], reason=None)),
        ("", generated(content=[{"functionCall": {"name": "now"}}])),
    ],
    "litellm:cohere": [
        ("message-start", {"type": "message-start", "delta": {"message": {"role": "assistant"}}}),
        ("content-delta", {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "See:"}}}}),
        *cohere_call(0, "look_up", '{"city":', '"Rome"}'),
        *cohere_call(1, "now", "{}"),
        cohere_end("TOOL_CALL"),
    ],
}


def test_calls_of_tools(wire):
    chunks, ended = run(wire, TWO_CALLS[wire.dialect])
    assert ended is Outcome.OK
    calls: dict[int, dict[str, str]] = {}
    for each in (call for piece in deltas(chunks) for call in piece.get("tool_calls", ())):
        known = calls.setdefault(each["index"], {"arguments": ""})
        known.update({name: each[name] for name in ("id", "type") if name in each})
        known["name"] = each["function"].get("name", known.get("name"))
        known["arguments"] += each["function"].get("arguments", "")
    assert [(call["name"], json.loads(call["arguments"]), call["type"]) for call in calls.values()] == [
        ("look_up", {"city": "Rome"}, "function"),
        ("now", {}, "function"),
    ]
    assert len({call["id"] for call in calls.values()}) == 2
    assert [piece["finish_reason"] for chunk in chunks for piece in chunk["choices"]][-1] == "tool_calls"
    assert "".join(piece.get("content") or "" for piece in deltas(chunks)) == "See:"


THOUGHTS = {
    "litellm:anthropic": [
        MESSAGES_START,
        block(0, type="thinking", thinking="", signature=""),
        delta(0, type="thinking_delta", thinking="Hm."),
        delta(0, type="signature_delta", signature="c2ln"),
        stop(0),
        block(1, type="redacted_thinking", data="xyz"),
        stop(1),
        block(2, type="text", text=""),
        delta(2, type="text_delta", text="Yes."),
        *message_events("")[-3:],
    ],
    "litellm:bedrock": [
        CONVERSE_START,
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "Hm."}}}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": "c2ln"}}}),
        ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"text": "Yes."}}),
        *converse_events("")[-2:],
    ],
    "litellm:gemini": [
        ("", generated(content=[{"text": "Hm.", "thought": True}], reason=None)),
        ("", generated(content=[{"text": "Yes."}])),
    ],
    "litellm:cohere": [
        ("tool-plan-delta", {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "H"}}}),
        ("content-delta", {"type": "content-delta", "delta": {"message": {"content": {"thinking": "m."}}}}),
        ("content-delta", {"type": "content-delta", "delta": {"message": {"content": {"text": "Yes."}}}}),
        cohere_end("COMPLETE"),
    ],
}


def test_thoughts_are_kept_apart(wire):
    chunks, ended = run(wire, THOUGHTS[wire.dialect])
    assert ended is Outcome.OK
    assert "".join(piece.get("reasoning_content") or "" for piece in deltas(chunks)) == "Hm."
    assert "".join(piece.get("content") or "" for piece in deltas(chunks)) == "Yes."


def test_a_stream_without_counts_is_still_one():
    started = ("message_start", {"type": "message_start", "message": {"role": "assistant"}})
    ended = ("message_delta", {"type": "message_delta", "delta": {"stop_reason": "end_turn"}})
    wire = BY_NAME["litellm:anthropic"]
    chunks, outcome = run(wire, [started, *message_events("ok", reason=None)[1:], ended])
    assert outcome is Outcome.OK
    assert "".join(piece.get("content") or "" for piece in deltas(chunks)) == "ok"


ERRORS = [
    ("litellm:anthropic", ("error", {"type": "error", "error": {"type": "overloaded_error"}}), Outcome.TRANSIENT),
    ("litellm:anthropic", ("error", {"type": "error", "error": {"type": "rate_limit_error"}}), Outcome.RATE_LIMITED),
    ("litellm:bedrock", ("throttlingException", {"message": "x"}), Outcome.RATE_LIMITED),
    ("litellm:bedrock", ("validationException", {"message": "x"}), Outcome.CALLER_FAULT),
    ("litellm:bedrock", ("modelStreamErrorException", {"message": "x"}), Outcome.TRANSIENT),
    ("litellm:bedrock", ("internalServerException", {"message": "x"}), Outcome.TRANSIENT),
    ("litellm:bedrock", ("serviceUnavailableException", {"message": "x"}), Outcome.TRANSIENT),
    ("litellm:gemini", ("", {"error": {"code": 503, "status": "UNAVAILABLE"}}), Outcome.TRANSIENT),
    ("litellm:gemini", ("", {"promptFeedback": {"blockReason": "SAFETY"}}), Outcome.PROVIDER_REFUSAL),
    ("litellm:cohere", cohere_end("ERROR"), Outcome.TRANSIENT),
    ("litellm:cohere", ("message-end", {"type": "message-end", "delta": {"error": "x"}}), Outcome.TRANSIENT),
]


@pytest.mark.parametrize(("dialect", "error", "outcome"), ERRORS)
def test_an_error_on_the_way_ends_the_stream(dialect, error, outcome):
    wire = BY_NAME[dialect]
    chunks, ended = run(wire, [*wire.events("ok", reason=None), error, *wire.events("more")])
    assert ended is outcome
    assert "".join(piece.get("content") or "" for piece in deltas(chunks)) == "ok"


UNUSABLE = [
    ("litellm:anthropic", block(1, type="server_tool_use", id="x", name="web_search")),
    ("litellm:anthropic", delta(9, type="text_delta", text="x")),
    ("litellm:anthropic", delta(0, type="input_json_delta", partial_json="{}")),
    ("litellm:anthropic", block(-1, type="text")),
    ("litellm:anthropic", block(1, type="tool_use", id="x")),
    ("litellm:anthropic", ("message_delta", {"type": "message_delta", "delta": {"stop_reason": "pause_turn"}})),
    ("litellm:bedrock", ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"image": {}}})),
    ("litellm:bedrock", ("contentBlockDelta", {"contentBlockIndex": 9, "delta": {"toolUse": {"input": "{}"}}})),
    (
        "litellm:bedrock",
        (
            "contentBlockStart",
            {
                "contentBlockIndex": 1,
                "start": {"toolUse": {"toolUseId": "x", "name": "f", "type": "server_tool_use"}},
            },
        ),
    ),
    ("litellm:bedrock", ("messageStop", {"stopReason": "whatever"})),
    ("litellm:bedrock", ("messageStop", {})),
    ("litellm:gemini", ("", generated(content=[{"executableCode": {}}]))),
    ("litellm:gemini", ("", {"candidates": {}})),
    ("litellm:cohere", ("tool-call-delta", cohere_call(9, "f", "{}")[1][1])),
    ("litellm:cohere", ("content-delta", {"type": "content-delta", "delta": {"message": {"content": {"text": 1}}}})),
]


@pytest.mark.parametrize(("dialect", "event"), UNUSABLE)
def test_what_makes_no_sense_ends_the_stream(dialect, event):
    wire = BY_NAME[dialect]
    _, ended = run(wire, [*wire.events("ok", reason=None), event])
    assert ended is Outcome.MALFORMED


@pytest.mark.parametrize("wire", TYPED, ids=lambda wire: wire.dialect)
def test_events_of_unknown_types_say_nothing(wire):
    new = ("brand_new", {"type": "brand_new", "text": "x"})
    events = wire.events("ok")
    assert run(wire, [events[0], new, *events[1:]]) == run(wire, events)


@pytest.mark.parametrize("wire", TYPED, ids=lambda wire: wire.dialect)
def test_what_follows_the_end_is_not_read(wire):
    chunks, ended = run(wire, [*wire.events("ok"), *wire.events("more")])
    assert "".join(piece.get("content") or "" for piece in deltas(chunks)) == "ok"
    assert ended is Outcome.OK


def test_content_after_a_finish_reason_needs_another_one():
    wire = BY_NAME["litellm:gemini"]
    _, ended = run(wire, [*wire.events("ok"), *wire.events("more", reason=None)])
    assert ended is Outcome.TRUNCATED


def test_every_event_has_to_show_what_the_attestation_says(wire):
    made = decoder(wire, accept=lambda _event: False)
    assert made.feed(b"".join(map(wire.framed, wire.events("ok")))) == []
    assert made.end() is Outcome.CONTRADICTED


def test_an_event_that_is_too_large_ends_the_stream(wire):
    made = decoder(wire)
    made.feed(b"".join(map(wire.framed, wire.events("x" * 3, reason=None))))
    large = (wire.events("x")[-1][0], {"type": "content_block_delta", "padding": "x" * (1 << 20)})
    made.feed(wire.framed(large))
    assert made.end() is Outcome.MALFORMED
