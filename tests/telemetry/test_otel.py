"""Spans and metrics, as OpenTelemetry's own SDK keeps them, of requests over real sockets."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest
import upstream as up
from deployments import SAYING, acme, configuration, parts, router
from opentelemetry.trace import SpanKind, StatusCode
from test_errors import ATTEMPTS, REFUSALS, metadata
from upstream import Upstream, upstream_in_thread

from zdr_router import AsyncRouter, ConfigError, Exhausted, InvalidRequest, Refused, Router, StreamBroken
from zdr_router.metadata import AttemptRecord, ErrorCode, Outcome
from zdr_router.telemetry import names, otel

DOCS = Path(__file__).parents[2] / "docs"
CANARY = "canary93b1"
FIRST, OTHER = "gen_ai.client.operation.time_to_first_chunk", "zdr.request.time_to_first_chunk"


def attributes(span):
    return dict(span.attributes)


async def test_a_request_is_one_span_and_each_attempt_is_one_below_it(told):
    async with (
        Upstream(up.status(500)) as bad,
        Upstream() as good,
        router(bad, good, recorders=[told.recorder]) as open_router,
    ):
        answer = await open_router.chat(model="chat", messages=SAYING)
    request, first, second = told.spans
    assert (request.name, request.kind, request.parent) == ("zdr.route", SpanKind.INTERNAL, None)
    assert {span.name for span in (first, second)} == {"chat m"}
    assert {span.kind for span in (first, second)} == {SpanKind.CLIENT}
    assert {span.parent.span_id for span in (first, second)} == {request.context.span_id}
    assert {span.context.trace_id for span in (first, second)} == {request.context.trace_id}
    kept = answer.metadata
    assert attributes(request) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.stream": False,
        "zdr.request.id": kept.request_id,
        "zdr.endpoint": "chat.completions",
        "zdr.route": "chat",
        "zdr.status": 200,
        "zdr.policy.digest": kept.policy_digest,
        "zdr.registry.digest": kept.registry_digest,
        "zdr.attempts": 2,
        "zdr.refusals": 0,
        "zdr.unsafe": False,
        "zdr.target": "b/m",
        "zdr.configuration": "llama-cpp/self-operated",
        "zdr.attestation.digest": kept.attestation,
    }
    call = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "llama-cpp", "gen_ai.request.model": "m"}
    common = {**call, "gen_ai.request.stream": False, "zdr.configuration": "llama-cpp/self-operated"}
    assert attributes(first) == {
        **common,
        "zdr.target": "a/m",
        "zdr.attempt": 1,
        "zdr.outcome": "transient",
        "zdr.sent": "maybe",
        "http.response.status_code": 500,
        "error.type": "transient",
    }
    assert attributes(second) == {
        **common,
        "zdr.target": "b/m",
        "zdr.attempt": 2,
        "zdr.outcome": "ok",
        "zdr.sent": "maybe",
        "http.response.status_code": 200,
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.usage.cache_read.input_tokens": 2,
    }
    assert [span.status.status_code for span in told.spans] == [StatusCode.UNSET, StatusCode.ERROR, StatusCode.UNSET]
    assert all(span.status.description is None and not span.events for span in told.spans)


def test_spans_have_the_times_of_the_record(told):
    attempts = (
        AttemptRecord("a/m", "mistral/zdr", Outcome.TIMEOUT, "maybe", None, 1.5, 200.0),
        AttemptRecord("b/org/m", "acme/zdr", Outcome.CANCELLED, "maybe", None, 100.0, 50.0),
    )
    told.recorder.record(metadata(attempts)._replace(time=1_800_000_000.25, duration_ms=300.0))
    request, first, second = told.spans
    start = 1_800_000_000_250_000_000
    assert (request.start_time, request.end_time) == (start, start + 300_000_000)
    assert (first.start_time, first.end_time) == (start + 1_500_000, start + 201_500_000)
    assert (second.start_time, second.end_time) == (start + 100_000_000, start + 150_000_000)
    assert (second.name, second.attributes["gen_ai.request.model"]) == ("chat org/m", "org/m")
    assert [span.attributes["gen_ai.provider.name"] for span in (first, second)] == ["mistral_ai", "acme"]
    assert "error.type" not in second.attributes  # another one was faster: that is no failure
    assert second.status.status_code is StatusCode.UNSET


async def test_the_span_that_is_current_in_the_callers_task_is_the_parent(told):
    tracer = told.traces.get_tracer("host")

    async def ask(open_router, name):
        with tracer.start_as_current_span(name) as span:
            await asyncio.sleep(0)
            await open_router.chat(model="chat", messages=SAYING)
            async with open_router.stream_chat(model="chat", messages=SAYING) as stream:
                async for _ in stream:
                    pass
            return span.get_span_context().span_id

    async with Upstream(otherwise=either) as server, router(server, recorders=[told.recorder]) as open_router:
        parents = await asyncio.gather(*(ask(open_router, f"caller {number}") for number in range(5)))
        with pytest.raises(InvalidRequest), tracer.start_as_current_span("wrong") as span:
            await open_router.chat(model="nonesuch", messages=SAYING)
        parents.append(span.get_span_context().span_id)
    found = [span.parent.span_id for span in told.spans if span.name == "zdr.route"]
    assert sorted(found) == sorted([*parents[:5], *parents])


async def either(call):
    """A whole answer or a stream, as it is asked for."""
    await (up.stream(up.chunks(["hi"])) if call.arrived.json.get("stream") else up.ok())(call)


def test_without_await_it_is_the_span_of_the_callers_thread(told):
    tracer = told.traces.get_tracer("host")
    with (
        upstream_in_thread(otherwise=either) as server,
        Router(**parts(server), recorders=[told.recorder]) as open_router,
        tracer.start_as_current_span("caller") as span,
    ):
        open_router.chat(model="chat", messages=SAYING)
        with open_router.stream_chat(model="chat", messages=SAYING) as stream:
            list(stream)
    found = [each.parent.span_id for each in told.spans if each.name == "zdr.route"]
    assert found == [span.get_span_context().span_id] * 2


async def test_a_stream_that_is_left_is_told_under_the_span_in_which_it_is_left(told):
    tracer = told.traces.get_tracer("host")
    hanging = up.stream_then(up.chunks(["a"], finish=None), up.hang)
    async with Upstream(hanging) as server, router(server, recorders=[told.recorder]) as open_router:
        with tracer.start_as_current_span("caller") as span:
            async with open_router.stream_chat(model="chat", messages=SAYING) as stream:
                await stream.next_chunk()
    (request,) = (each for each in told.spans if each.name == "zdr.route")
    assert request.parent.span_id == span.get_span_context().span_id
    assert request.attributes["zdr.status"] == 499
    assert "error.type" not in request.attributes


async def test_durations_tokens_and_first_chunks_are_measured(told):
    async with Upstream(otherwise=either) as server, router(server, recorders=[told.recorder]) as open_router:
        await open_router.chat(model="chat", messages=SAYING)
        assert not {FIRST, OTHER} & told.metrics.keys()  # the conventions: for streams only
        async with open_router.stream_chat(model="chat", messages=SAYING) as stream:
            async for _ in stream:
                pass
    call = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "llama-cpp", "gen_ai.request.model": "m"}
    call["zdr.target"] = "a/m"
    whole = {"gen_ai.operation.name": "chat", "zdr.route": "chat"}
    metrics = told.metrics
    assert [(each.attributes, each.count) for each in metrics["gen_ai.client.operation.duration"]] == [(call, 2)]
    assert [(each.attributes, each.count) for each in metrics["zdr.request.duration"]] == [(whole, 2)]
    assert [(each.attributes, each.count) for each in metrics[FIRST]] == [(call, 1)]
    assert [(each.attributes, each.count) for each in metrics[OTHER]] == [(whole, 1)]
    kept = stream.metadata
    assert metrics[OTHER][0].sum == pytest.approx(kept.first_chunk_ms / 1000)
    tokens = {each.attributes.pop("gen_ai.token.type"): each for each in metrics["gen_ai.client.token.usage"]}
    assert {kind: (each.attributes, each.sum) for kind, each in tokens.items()} == {
        "input": (call, 7 + (kept.input_tokens or 0)),
        "output": (call, 3 + (kept.output_tokens or 0)),
    }


def test_buckets_are_those_of_the_conventions(told):
    answered = metadata(ATTEMPTS[:1])._replace(
        attempts=(ATTEMPTS[0]._replace(outcome=Outcome.OK, first_chunk_ms=1.0),),
        target="a/m", input_tokens=5, output_tokens=6, first_chunk_ms=1.0,
    )  # fmt: skip
    told.recorder.record(answered)
    seconds = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
    tokens = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
    bounds = {name: points[0].bounds for name, points in told.metrics.items()}
    assert bounds == {
        "gen_ai.client.operation.duration": pytest.approx(seconds),
        "gen_ai.client.operation.time_to_first_chunk": pytest.approx(seconds),
        "gen_ai.client.token.usage": tokens,
        "zdr.request.duration": pytest.approx(seconds),
        "zdr.request.time_to_first_chunk": pytest.approx(seconds),
    }


def test_tokens_that_nobody_counted_are_not_measured(told):
    told.recorder.record(metadata((ATTEMPTS[0]._replace(outcome=Outcome.OK),))._replace(target="a/m"))
    assert "gen_ai.client.token.usage" not in told.metrics
    assert not any("usage" in name for span in told.spans for name in span.attributes)


def test_tokens_are_those_of_the_attempt_that_was_answered(told):
    attempts = tuple(
        AttemptRecord(target, "acme/zdr", outcome, "maybe", 200, 0.0, 1.0)
        for target, outcome in (("a/m", Outcome.TRUNCATED), ("b/m", Outcome.OK), ("c/m", Outcome.OK))
    )
    told.recorder.record(metadata(attempts)._replace(target="b/m", input_tokens=5, output_tokens=6))
    assert {each.attributes["zdr.target"] for each in told.metrics["gen_ai.client.token.usage"]} == {"b/m"}
    counted = [span.attributes["zdr.target"] for span in told.spans if "gen_ai.usage.input_tokens" in span.attributes]
    assert counted == ["b/m"]


def test_refusals_are_counted_by_rule_and_configuration(told):
    told.recorder.record(metadata((), REFUSALS)._replace(error_code=ErrorCode.REFUSED))
    told.recorder.record(metadata((), REFUSALS[:1]))
    counted = {(each.attributes["zdr.refusal"], each.count) for each in told.metrics["zdr.request.refusals"]}
    assert counted == {("ZDR201", 2), ("ZDR401", 1)}
    assert {each.attributes["error.type"] for each in told.metrics["zdr.request.duration"]} == {
        "zdr_refused",
        "exhausted",
    }
    assert told.spans[0].attributes["error.type"] == "zdr_refused"


async def test_ejections_are_counted(told):
    async with Upstream(otherwise=up.status(500)) as bad, router(bad, recorders=[told.recorder]) as open_router:
        for _ in range(5):
            with pytest.raises(Exhausted):
                await open_router.chat(model="chat", messages=SAYING)
        open_router.isolate("a/m")
        open_router.restore("a/m")
    counted = {each.attributes["zdr.health.change"]: each.count for each in told.metrics["zdr.health.changes"]}
    assert counted == {"ejected": 1, "isolated": 1, "released": 1}
    assert {each.attributes["zdr.target"] for each in told.metrics["zdr.health.changes"]} == {"a/m"}


SWITCHES = {
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_AND_EVENT",
    "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
    "OTEL_INSTRUMENTATION_GENAI_UPLOAD_FORMAT": "jsonl",
    "TRACELOOP_TRACE_CONTENT": "true",
    "OPENINFERENCE_HIDE_INPUTS": "false",
    "OPENAI_LOG": "debug",
    "LITELLM_LOG": "DEBUG",
}
ENDS = {
    "answer": up.says(up.completion(CANARY, id=CANARY, model=CANARY, system_fingerprint=CANARY)),
    "error": up.error(400, message=CANARY, code=CANARY),
    "stream": up.stream(up.chunks([CANARY])),
    "broken stream": up.stream_then(up.chunks([CANARY], finish=None), up.reset_before_head),
}


@pytest.mark.parametrize("how", ENDS)
async def test_no_switch_of_the_environment_gets_content_into_telemetry(told, monkeypatch, how):
    for name, value in SWITCHES.items():
        monkeypatch.setenv(name, value)
    tool = {"type": "function", "function": {"name": CANARY, "parameters": {"title": CANARY}}}
    asked = {"model": "chat", "messages": [{"role": "user", "content": CANARY}], "tools": [tool]}
    async with Upstream(ENDS[how]) as server, router(server, recorders=[told.recorder]) as open_router:
        try:
            if "stream" in how:
                async with open_router.stream_chat(**asked) as stream:
                    async for _ in stream:
                        pass
            else:
                await open_router.chat(**asked, customer="c-17")
        except (Exhausted, InvalidRequest, StreamBroken) as error:
            assert CANARY not in str(error)  # noqa: PT017 - some of these ends are errors
    assert len(told.spans) == 2
    assert CANARY not in told.everything()
    assert "c-17" not in told.everything()


def of_the_module():
    words = {value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)}
    return words, {value.name for value in vars(names).values() if isinstance(value, names.Instrument)}


def documented(heading):
    page = (DOCS / "telemetry.md").read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([a-z_.]+)` \|", page, flags=re.MULTILINE))


def test_every_name_is_documented_and_no_other():
    attributes, instruments = of_the_module()
    assert documented("Attributes") == attributes
    assert documented("Metrics") == instruments


def test_the_names_for_content_are_not_among_them():
    for banned in ("messages", "instructions", "definitions", "arguments", "prompt", "completion", "conversation"):
        assert not [each for each in of_the_module()[0] if banned in each]


def test_names_of_the_conventions_are_those_that_they_publish():
    gen_ai = pytest.importorskip("opentelemetry.semconv._incubating.attributes.gen_ai_attributes")
    measured = pytest.importorskip("opentelemetry.semconv._incubating.metrics.gen_ai_metrics")
    published = {value for module in (gen_ai, measured) for value in vars(module).values() if isinstance(value, str)}
    ours = {each for found in of_the_module() for each in found if each.startswith("gen_ai.")}
    assert ours <= published
    providers = {each.value for each in gen_ai.GenAiProviderNameValues}
    assert set(names.PROVIDERS.values()) - {"moonshot_ai"} <= providers  # added after that release


def test_without_providers_nothing_is_kept_and_nothing_fails():
    recorder = otel.OtelRecorder()
    recorder.record(metadata(ATTEMPTS, REFUSALS))
    recorder.health_changed("a/m", "ejected")


def test_it_says_what_to_install_where_opentelemetry_is_not(monkeypatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    with pytest.raises(ConfigError, match=r"zdr-router\[otel\]"):
        otel.OtelRecorder()


def test_the_library_works_where_opentelemetry_is_not_installed():
    code = """
import sys
sys.modules["opentelemetry"] = None
import zdr_router.telemetry.otel, zdr_router.cli, zdr_router.router
print(sorted(name for name in sys.modules if name.startswith("opentelemetry.")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_a_deployment_turns_it_on(told, monkeypatch):
    monkeypatch.setattr(otel, "OtelRecorder", lambda: told.recorder)
    made = acme([configuration()])
    assert not made.deployment.otel
    async with AsyncRouter.of(dataclasses.replace(made.deployment, otel=True)) as open_router:
        with pytest.raises(Refused):
            await open_router.chat(model="chat", messages=SAYING, user="u")
    assert [span.name for span in told.spans] == ["zdr.route"]
