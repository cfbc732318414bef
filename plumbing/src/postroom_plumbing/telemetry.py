"""Traces, metrics and logs: set up once per process.

Traces always have ids, so that logs can be tied together; spans are recorded and exported only when
OTEL_EXPORTER_OTLP_ENDPOINT is set (OpenTelemetry's own variables configure the rest). Metrics are always there to be
scraped at /metrics.
"""

import asyncio
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExplicitBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, DEFAULT_ON
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from pythonjsonlogger.json import JsonFormatter

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("postroom")

QUIET_SECONDS = 30.0
FLUSH_MS = 3_000
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


def exporting() -> bool:
    """Whether spans leave this process."""
    return bool(os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"))


def set_up(service: str, log_level: str) -> None:
    """Give this process its tracer, meter and logger. Call once, before anything else is built."""
    resource = Resource.create({"service.name": f"postroom-{service}", "service.namespace": "postroom"})
    tracer_provider = TracerProvider(resource=resource, sampler=DEFAULT_ON if exporting() else ALWAYS_OFF)
    readers: list[MetricReader] = [PrometheusMetricReader()]
    if exporting():
        tracer_provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        readers.append(PeriodicExportingMetricReader(OTLPMetricExporter()))
    trace.set_tracer_provider(tracer_provider)
    views = [
        View(
            instrument_unit="{event}",
            aggregation=ExplicitBucketHistogramAggregation(SIZES),
            instrument_name="*.batch_size",
        ),
        View(
            instrument_unit="s",
            aggregation=ExplicitBucketHistogramAggregation(SECONDS),
            instrument_name="*.duration",
        ),
        View(
            instrument_unit="s",
            aggregation=ExplicitBucketHistogramAggregation(SECONDS),
            instrument_name="*.delay",
        ),
    ]
    metrics.set_meter_provider(MeterProvider(resource=resource, metric_readers=readers, views=views))
    _set_up_logs(service, log_level)


async def flush() -> None:
    """Send what was not sent yet. A process that a signal ends has no other chance to."""
    providers = (trace.get_tracer_provider(), metrics.get_meter_provider())
    for provider in providers if exporting() else ():
        if isinstance(provider, TracerProvider | MeterProvider):
            await asyncio.to_thread(provider.force_flush, FLUSH_MS)


class _TraceIds(logging.Filter):
    """Puts the current trace and span into every record, and nothing a customer wrote."""

    def filter(self, record: logging.LogRecord) -> bool:
        context = trace.get_current_span().get_span_context()
        if context.is_valid and not hasattr(record, "trace_id"):
            record.trace_id = format(context.trace_id, "032x")
            record.span_id = format(context.span_id, "016x")
        return True


class _LessNoise(logging.Filter):
    """aiokafka says ERROR many times a second while a broker is away, which it gets over by itself: once is enough."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith("aiokafka"):
            return True
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        before = self._said.get(record.msg, -QUIET_SECONDS)
        if record.created - before < QUIET_SECONDS:
            return False
        self._said[record.msg] = record.created
        return True


def _set_up_logs(service: str, level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_LessNoise())
    handler.addFilter(_TraceIds())
    handler.setFormatter(
        JsonFormatter(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            static_fields={"service": service},
            json_ensure_ascii=False,
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("aiokafka", "httpx", "mail.log", "pymongo", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("aiokafka.consumer.group_coordinator").setLevel(logging.CRITICAL)  # says ERROR while it waits


def traceparent(span: Span) -> str | None:
    """The W3C traceparent of a span, to travel with what it causes."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier, trace.set_span_in_context(span))
    return carrier.get("traceparent")


def trace_id(parent: str | None) -> str:
    """The trace id inside a traceparent, for a log line; empty when there is none."""
    return parent[3:35] if parent else ""


def _context(parent: str | None) -> Context:
    return _propagator.extract({"traceparent": parent} if parent else {}, context=Context())


def start_trace(name: str, kind: SpanKind = SpanKind.SERVER) -> Span:
    """A span that begins a trace of its own."""
    return _tracer.start_span(name, context=Context(), kind=kind)


@contextmanager
def batch_spans(name: str, parents: Sequence[tuple[str, str | None]]) -> Iterator[Mapping[str, str | None]]:
    """One span for each event of a batch: `parents` are (event id, traceparent), the result its traceparent by id.

    Where nothing is exported the parents are passed on as they are: a span nobody sees is not worth making.
    """
    if not exporting():
        yield dict(parents)
        return
    spans = {key: _tracer.start_span(name, context=_context(parent), kind=SpanKind.CONSUMER) for key, parent in parents}
    try:
        yield {key: traceparent(span) for key, span in spans.items()}
    except BaseException as error:
        for span in spans.values():
            span.set_status(StatusCode.ERROR, type(error).__name__)
        raise
    finally:
        for span in spans.values():
            span.end()
