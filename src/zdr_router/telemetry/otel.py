"""Tells OpenTelemetry of requests once they are over: one span for each, one below it for each attempt, and metrics.

Spans are made of the finished metadata, with its times. So content cannot get into them, no switch of the environment
can change that, and a request costs nothing more while it runs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from zdr_router.errors import ConfigError, Problem
from zdr_router.telemetry import names
from zdr_router.telemetry.attributes import (
    fault_of_attempt,
    fault_of_request,
    is_answered,
    of_attempt,
    of_call,
    of_request,
    of_route,
    operation,
)

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, Histogram, Meter, MeterProvider
    from opentelemetry.trace import Span, TracerProvider

    from zdr_router.metadata import Metadata
    from zdr_router.telemetry.attributes import Attributes

_SCOPE: Final = "zdr_router"
_NANOSECONDS: Final = 1_000_000_000
_A_MILLISECOND: Final = 1_000_000


class OtelRecorder:
    """A `Recorder` that makes spans and metrics of metadata. It is also told of changes in health.

    The span of a request is a child of the span that is current where the request ends: in the caller's own task.
    Without providers it uses those that the process has set.
    """

    def __init__(
        self, tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
    ) -> None:
        """Raises `ConfigError` where OpenTelemetry's API is not installed."""
        self._trace = _module("opentelemetry.trace")
        self._tracer = self._trace.get_tracer(_SCOPE, tracer_provider=tracer_provider)
        meter: Meter = _module("opentelemetry.metrics").get_meter(_SCOPE, meter_provider=meter_provider)
        self._call_duration = _histogram(meter, names.CALL_DURATION)
        self._call_first_chunk = _histogram(meter, names.CALL_FIRST_CHUNK)
        self._tokens = _histogram(meter, names.TOKENS)
        self._duration = _histogram(meter, names.DURATION)
        self._first_chunk = _histogram(meter, names.TIME_TO_FIRST_CHUNK)
        self._refused = _counter(meter, names.REFUSED)
        self._health = _counter(meter, names.HEALTH)

    def record(self, metadata: Metadata) -> None:
        """Measure the request and its attempts, and leave a trace of them."""
        self._measure_request(metadata)
        self._measure_attempts(metadata)
        self._leave_trace(metadata)

    def health_changed(self, target: str, change: str) -> None:
        """Count that `target` was ejected, throttled, isolated or released."""
        self._health.add(1, {names.TARGET: target, names.CHANGE: change})

    def _measure_request(self, metadata: Metadata) -> None:
        route = of_route(metadata)
        self._duration.record(metadata.duration_ms / 1000, route | fault_of_request(metadata))
        if metadata.first_chunk_ms is not None:
            self._first_chunk.record(metadata.first_chunk_ms / 1000, route)
        for refusal in metadata.refusals:
            self._refused.add(1, {names.REFUSAL: refusal.id, names.CONFIGURATION: refusal.configuration})

    def _measure_attempts(self, metadata: Metadata) -> None:
        for attempt in metadata.attempts:
            call = of_call(metadata, attempt)
            self._call_duration.record(attempt.duration_ms / 1000, call | fault_of_attempt(attempt))
            if attempt.first_chunk_ms is not None:
                self._call_first_chunk.record(attempt.first_chunk_ms / 1000, call)
            if is_answered(metadata, attempt):
                for kind, count in (("input", metadata.input_tokens), ("output", metadata.output_tokens)):
                    if count is not None:
                        self._tokens.record(count, {**call, names.TOKEN_TYPE: kind})

    def _leave_trace(self, metadata: Metadata) -> None:
        whole, rest = divmod(metadata.time, 1)  # apart: no float has room for both
        began = int(whole) * _NANOSECONDS + round(rest * _NANOSECONDS)
        kinds = self._trace.SpanKind
        request = self._tracer.start_span(
            names.ROUTE_SPAN, kind=kinds.INTERNAL, attributes=of_request(metadata), start_time=began
        )
        if not request.is_recording():
            return
        below = self._trace.set_span_in_context(request)
        for number, attempt in enumerate(metadata.attempts):
            attributes = of_attempt(metadata, number)
            started = began + round(attempt.started_ms * _A_MILLISECOND)
            span = self._tracer.start_span(
                f"{operation(metadata)} {attributes[names.MODEL]}",
                below,
                kind=kinds.CLIENT,
                attributes=attributes,
                start_time=started,
            )
            self._end(span, attributes, started + round(attempt.duration_ms * _A_MILLISECOND))
        self._end(request, fault_of_request(metadata), began + round(metadata.duration_ms * _A_MILLISECOND))

    def _end(self, span: Span, attributes: Attributes, at: int) -> None:
        if names.ERROR in attributes:
            span.set_status(self._trace.StatusCode.ERROR)
        span.end(at)


def _module(name: str) -> Any:  # noqa: ANN401 - a module of the extra `otel`
    try:
        return import_module(name)
    except ModuleNotFoundError:
        problem = Problem("telemetry needs OpenTelemetry's API", fix='pip install "zdr-router[otel]", or leave it out')
    raise ConfigError(problem)


def _histogram(meter: Meter, row: names.Instrument) -> Histogram:
    return meter.create_histogram(
        row.name, unit=row.unit, description=row.says, explicit_bucket_boundaries_advisory=row.buckets
    )


def _counter(meter: Meter, row: names.Instrument) -> Counter:
    return meter.create_counter(row.name, unit=row.unit, description=row.says)
