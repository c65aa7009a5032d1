"""Spans and metrics, as an exporter of OpenTelemetry's SDK gets them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

from zdr_router.conformance.leaks.detectors.base import Kept, Off
from zdr_router.conformance.leaks.findings import Trace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zdr_router.conformance.leaks.detectors.base import Search
    from zdr_router.conformance.leaks.forms import Needles


class Telemetry:
    """Reads along at the providers that the process has set; where it has set none, at some of the kit's own.

    OpenTelemetry lets them be set once in a process: the kit's stay, and keep nothing afterwards.
    """

    name: Final = "telemetry"

    @contextlib.contextmanager
    def watch(self) -> Iterator[Search]:
        """Raises `Off` without OpenTelemetry's SDK, or where the process has set providers of another make."""
        spans = Kept()
        traces, meters, reader, exporter = _read_along(spans)
        meters.add_metric_reader(reader)
        try:

            def search(needles: Needles) -> Iterator[Trace]:
                traces.force_flush()
                yield from spans.search(needles)
                data = reader.get_metrics_data()
                for hit in needles.search(b"" if data is None else data.to_json().encode()):
                    yield Trace("a metric", hit.canary, hit.encoding)

            yield search
        finally:
            exporter.kept = None
            meters.remove_metric_reader(reader)


def _read_along(kept: Kept) -> tuple[Any, Any, Any, Any]:
    try:
        return _attached(kept)
    except ImportError:
        pass
    raise Off("OpenTelemetry's SDK is not installed: pip install opentelemetry-sdk")


def _attached(kept: Kept) -> tuple[Any, Any, Any, Any]:
    """The provider of spans, that of metrics, a reader of metrics, and the exporter of spans."""
    from opentelemetry import metrics, trace  # noqa: PLC0415 - optional
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415 - optional
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader  # noqa: PLC0415 - optional
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider  # noqa: PLC0415 - optional
    from opentelemetry.sdk.trace.export import (  # noqa: PLC0415 - optional
        SimpleSpanProcessor,
        SpanExporter,
        SpanExportResult,
    )

    class Exporter(SpanExporter):
        """Keeps what would be exported."""

        kept: Kept | None = None

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            for span in spans:
                if self.kept is not None:
                    scope = span.instrumentation_scope
                    self.kept.add(f"a span of {scope.name if scope else 'nobody'}", span.to_json())
            return SpanExportResult.SUCCESS

    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        trace.set_tracer_provider(TracerProvider())
    if not isinstance(metrics.get_meter_provider(), MeterProvider):
        metrics.set_meter_provider(MeterProvider())
    traces, meters = trace.get_tracer_provider(), metrics.get_meter_provider()
    if not isinstance(traces, TracerProvider) or not hasattr(meters, "add_metric_reader"):
        raise Off("the process has set OpenTelemetry providers that nobody can read along at")
    exporter = Exporter()
    exporter.kept = kept
    traces.add_span_processor(SimpleSpanProcessor(exporter))
    return traces, meters, InMemoryMetricReader(), exporter
