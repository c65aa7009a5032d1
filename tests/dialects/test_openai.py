import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zdr_router.dialects.base import Head, Usage
from zdr_router.dialects.openai import count_inputs, decode_chat, decode_embeddings, stream_members
from zdr_router.metadata import Outcome

WIRE = Path(__file__).parent / "wire"
HEAD = Head(id="zdr-1", created=1_700_000_000, model="assistant")


def wire(name):
    return json.loads((WIRE / f"{name}.json").read_text(encoding="utf-8"))


def decode(raw):
    return decode_chat(json.dumps(raw).encode(), HEAD)


def changed(**parts):
    """OpenAI's example with other parts of its choice."""
    raw = wire("openai")
    raw["choices"][0].update(parts)
    return raw


def test_a_stream_is_asked_for_its_usage_beside_the_callers_options():
    options = {"include_obfuscation": False, "include_usage": False}
    assert stream_members(options) == {
        "stream": True,
        "stream_options": {"include_obfuscation": False, "include_usage": True},
    }
    assert options == {"include_obfuscation": False, "include_usage": False}
    assert stream_members({}) == {"stream": True, "stream_options": {"include_usage": True}}


class TestDecodeChat:
    def test_an_answer_of_openai_keeps_everything_but_its_head(self):
        decoded = decode(wire("openai"))
        assert decoded.body.open() == {**wire("openai"), "id": "zdr-1", "created": 1_700_000_000, "model": "assistant"}
        assert decoded.usage == Usage(19, 10, 4)

    def test_an_answer_of_vllm_with_a_tool_call_and_reasoning(self):
        decoded = decode(wire("vllm"))
        assert decoded.body.open() == {
            "id": "zdr-1",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": "assistant",
            "choices": [
                {
                    "index": 0,
                    "message": {
                        "role": "assistant",
                        "content": None,
                        "refusal": None,
                        "reasoning_content": "They want the weather.",
                        "tool_calls": wire("vllm")["choices"][0]["message"]["tool_calls"],
                    },
                    "logprobs": None,
                    "finish_reason": "tool_calls",
                }
            ],
            "usage": {"prompt_tokens": 210, "completion_tokens": 25, "total_tokens": 235},
        }
        assert decoded.usage == Usage(210, 25, None)

    def test_an_answer_of_llama_cpp_loses_its_timings_and_gains_what_openai_requires(self):
        decoded = decode(wire("llama-cpp"))
        body = decoded.body.open()
        assert "timings" not in body
        assert body["choices"] == [
            {
                "index": 0,
                "message": {"role": "assistant", "content": " red, blue and yellow.", "refusal": None},
                "logprobs": None,
                "finish_reason": "length",
            }
        ]
        assert decoded.usage == Usage(34, 6, 29)

    def test_an_answer_of_groq_loses_its_times_and_names_reasoning_as_others_do(self):
        body = decode(wire("groq")).body.open()
        assert body.keys() == {
            *("id", "object", "created", "model", "choices", "usage", "system_fingerprint", "service_tier")
        }
        assert body["usage"] == {"prompt_tokens": 40, "completion_tokens": 5, "total_tokens": 45}
        assert body["choices"][0]["message"]["reasoning_content"] == "Capital of France."

    def test_tool_calls_are_absent_rather_than_null_or_empty(self):
        for nothing in (None, []):
            message = {"role": "assistant", "content": "a", "tool_calls": nothing, "function_call": None}
            assert decode(changed(message=message)).body.open()["choices"][0]["message"] == {
                "role": "assistant",
                "content": "a",
                "refusal": None,
            }

    def test_a_refusal_audio_or_an_old_function_call_is_an_answer_too(self):
        for said in (
            {"refusal": "no"},
            {"audio": {"id": "a", "data": "", "transcript": "b", "expires_at": 1}},
            {"function_call": {"name": "f", "arguments": "{}"}},
        ):
            message = decode(changed(message=said)).body.open()["choices"][0]["message"]
            assert message == {"role": "assistant", "content": None, "refusal": None} | said

    def test_a_limit_or_a_filter_may_leave_nothing_of_an_answer(self):
        for reason in ("length", "content_filter"):
            assert (
                decode(changed(message={}, finish_reason=reason)).body.open()["choices"][0]["message"]["content"]
                is None
            )

    def test_a_model_may_say_nothing_as_long_as_its_provider_says_so(self):
        message = decode(changed(message={"content": None})).body.open()["choices"][0]["message"]
        assert message == {"role": "assistant", "content": None, "refusal": None}

    def test_counts_that_cannot_be_read_do_not_spoil_an_answer(self):
        decoded = decode({**wire("openai"), "usage": {"prompt_tokens": "many"}})
        assert decoded.usage is None
        assert "usage" not in decoded.body.open()

    @pytest.mark.parametrize(
        "raw",
        [
            [],
            None,
            "answer",
            {},
            {"choices": None},
            {"choices": []},
            {"choices": {}},
            {"choices": [None]},
            changed(message=None),
            changed(message=[]),
            changed(message={}),
            changed(message={"role": "assistant"}),
            changed(message={"role": "user", "content": "a"}),
            changed(message={"content": ["a"]}),
            changed(message={"content": 7}),
            changed(message={"content": "a", "refusal": 7}),
            changed(message={"content": "a", "tool_calls": "f"}),
            changed(message={"content": "a", "tool_calls": {}}),
            changed(message={"content": "a", "tool_calls": [{}]}),
            changed(message={"content": "a", "function_call": "f"}),
            changed(finish_reason="whatever"),
            changed(finish_reason=1),
            changed(logprobs=[]),
            changed(index="0"),
            changed(index=True),
            changed(index=-1),
        ],
    )
    def test_an_answer_that_is_none_is_malformed(self, raw):
        assert decode(raw) is Outcome.MALFORMED

    def test_an_answer_without_a_finish_reason_is_cut_short(self):
        assert decode(changed(finish_reason=None)) is Outcome.TRUNCATED

    def test_an_error_that_comes_as_a_success_is_classified(self):
        assert decode({"error": {"code": 429}}) is Outcome.RATE_LIMITED
        assert decode({**wire("openai"), "error": {"code": "content_filter"}}) is Outcome.PROVIDER_REFUSAL
        assert decode({"object": "error", "message": "x", "code": 404}) is Outcome.MODEL_GONE
        assert decode(changed(error={"code": 502}, finish_reason="error")) is Outcome.TRANSIENT
        assert decode({**wire("openai"), "error": None}).usage is not None

    def test_a_payload_cut_anywhere_is_never_an_answer(self):
        payload = (WIRE / "openai.json").read_bytes().strip()
        assert {decode_chat(payload[:end], HEAD) for end in range(len(payload))} == {Outcome.MALFORMED}

    def test_nesting_without_end_is_malformed(self):
        assert decode_chat(b'{"choices":' + b"[" * 100_000, HEAD) is Outcome.MALFORMED

    @given(st.binary())
    def test_arbitrary_bytes_are_never_an_answer(self, payload):
        assert isinstance(decode_chat(payload, HEAD), Outcome)
        assert isinstance(decode_embeddings(payload, HEAD, inputs=1), Outcome)

    @given(st.sampled_from(["openai", "vllm", "llama-cpp", "groq"]), st.data())
    def test_an_answer_with_any_value_replaced_never_raises(self, name, data):
        raw = wire(name)
        place = raw
        while isinstance(place, dict | list) and place:
            key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
            if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
                place[key] = data.draw(st.sampled_from([None, 0, -1, 1.5, True, "", "x", [], {}, [0], {"a": 0}]))
                break
            place = place[key]
        decode(raw)


def embeddings(*data, **parts):
    usage = {"prompt_tokens": 8, "total_tokens": 8}
    raw = {"object": "list", "data": list(data), "model": "e", "usage": usage, "timings": {}} | parts
    return json.dumps(raw).encode()


class TestDecodeEmbeddings:
    def test_vectors_come_back_in_the_order_of_the_inputs(self):
        one = {"object": "embedding", "index": 1, "embedding": [0.5, 1], "extra": 1}
        decoded = decode_embeddings(embeddings(one, {"index": 0, "embedding": "AAAA"}), HEAD, inputs=2)
        assert decoded.body.open() == {
            "object": "list",
            "data": [
                {"object": "embedding", "index": 0, "embedding": "AAAA"},
                {"object": "embedding", "index": 1, "embedding": [0.5, 1]},
            ],
            "model": "assistant",
            "usage": {"prompt_tokens": 8, "total_tokens": 8},
        }
        assert decoded.usage == Usage(8, 0, None)

    def test_an_answer_without_counts_has_no_usage(self):
        decoded = decode_embeddings(embeddings({"index": 0, "embedding": [1.0]}, usage=None), HEAD, inputs=1)
        assert decoded.usage is None
        assert "usage" not in decoded.body.open()

    @pytest.mark.parametrize(
        "payload",
        [
            b"{}",
            embeddings(),
            embeddings({"index": 0, "embedding": []}),
            embeddings({"index": 0, "embedding": ""}),
            embeddings({"index": 0, "embedding": None}),
            embeddings({"index": 0, "embedding": [1.0, "2"]}),
            embeddings({"index": 0, "embedding": [[1.0]]}),
            embeddings({"index": 0, "embedding": [True]}),
            embeddings({"index": 1, "embedding": [1.0]}),
            embeddings({"index": "0", "embedding": [1.0]}),
            embeddings([1.0]),
            embeddings({"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0]}),
        ],
    )
    def test_an_answer_that_is_none_is_malformed(self, payload):
        assert decode_embeddings(payload, HEAD, inputs=1) is Outcome.MALFORMED

    def test_two_vectors_for_one_input_are_malformed(self):
        twice = embeddings({"index": 0, "embedding": [1.0]}, {"index": 0, "embedding": [1.0]})
        assert decode_embeddings(twice, HEAD, inputs=2) is Outcome.MALFORMED

    def test_an_error_that_comes_as_a_success_is_classified(self):
        payload = embeddings(error={"code": "insufficient_quota"})
        assert decode_embeddings(payload, HEAD, inputs=1) is Outcome.QUOTA

    @pytest.mark.parametrize(
        ("given", "count"),
        [("a", 1), (["a"], 1), (["a", "b"], 2), ([1, 2, 3], 1), ([[1, 2], [3]], 2), ([], 0)],
    )
    def test_a_list_of_numbers_is_one_text(self, given, count):
        assert count_inputs(given) == count
