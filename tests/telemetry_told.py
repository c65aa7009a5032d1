"""Keeps in memory what OpenTelemetry's SDK is told, and gives it back as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from here import needs

from zdr_router.telemetry.otel import OtelRecorder

needs("opentelemetry.sdk.trace", fix="pip install --group test")

from opentelemetry.sdk.metrics import MeterProvider  # noqa: E402 - once it is known to be there
from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: E402 - as above
from opentelemetry.sdk.trace import TracerProvider  # noqa: E402 - as above
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402 - as above
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: E402 - as above

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan


class Point(NamedTuple):
    """One series of a metric: how often it was measured (or counted), and the sum."""

    attributes: dict[str, Any]
    count: int
    sum: float
    bounds: tuple[float, ...]


class Told:
    """Providers of the SDK, a recorder over them, and what they were told."""

    def __init__(self) -> None:
        self._spans, self._reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.traces = TracerProvider()
        self.traces.add_span_processor(SimpleSpanProcessor(self._spans))
        self.meters = MeterProvider([self._reader])
        self.recorder = OtelRecorder(self.traces, self.meters)

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """Those that have ended, oldest start first, and of two that start at once the outer one."""
        return tuple(sorted(self._spans.get_finished_spans(), key=lambda span: (span.start_time, -span.end_time)))

    @property
    def metrics(self) -> dict[str, list[Point]]:
        """The series of each metric."""
        data = self._reader.get_metrics_data()
        scopes = [scope for resource in (data.resource_metrics if data else ()) for scope in resource.scope_metrics]
        return {
            metric.name: [_point(each) for each in metric.data.data_points]
            for scope in scopes
            for metric in scope.metrics
        }

    def everything(self) -> str:
        """All of it as text."""
        return "\n".join([*(span.to_json() for span in self.spans), repr(self.metrics)])

    def close(self) -> None:
        """End both providers."""
        self.traces.shutdown()
        self.meters.shutdown()


def _point(point: Any) -> Point:
    if hasattr(point, "value"):
        return Point(dict(point.attributes), point.value, point.value, ())
    return Point(dict(point.attributes), point.count, point.sum, tuple(point.explicit_bounds))
