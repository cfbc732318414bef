"""Traces: one mail is one trace, through every event it causes."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from postroom_plumbing import telemetry
from postroom_plumbing.telemetry import batch_spans, trace_id

PARENTS = [(f"e{n}", f"00-{n:032x}-{n:016x}-01") for n in range(1, 4)]


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """An exporter is configured, and keeps what it gets."""
    provider, exporter = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr(telemetry, "_tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


def _parents(spans: tuple[ReadableSpan, ...]) -> list[tuple[int, int]]:
    return [(span.context.trace_id, span.parent.span_id) for span in spans if span.context and span.parent]


def test_every_event_of_a_batch_goes_on_in_its_own_trace(exported: InMemorySpanExporter) -> None:
    with batch_spans("toy handle", PARENTS) as traces:
        assert [trace_id(traces[key]) for key, _ in PARENTS] == [trace_id(parent) for _, parent in PARENTS]
        assert all(traces[key] != parent for key, parent in PARENTS)
    assert _parents(exported.get_finished_spans()) == [(1, 1), (2, 2), (3, 3)]


def test_an_event_without_a_trace_begins_one(exported: InMemorySpanExporter) -> None:
    with batch_spans("toy handle", [("e", None)]) as traces:
        assert trace_id(traces["e"])
    (span,) = exported.get_finished_spans()
    assert span.parent is None


def test_a_failure_is_marked_without_its_text(exported: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="ann@"), batch_spans("toy handle", PARENTS):
        raise ValueError("ann@example.com")
    spans = exported.get_finished_spans()
    assert len(spans) == 3
    assert all(span.status.description == "ValueError" for span in spans)
    assert not any("ann@example.com" in span.to_json() for span in spans)


def test_where_nothing_is_exported_traces_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", raising=False)
    with batch_spans("toy handle", [*PARENTS, ("e", None)]) as traces:
        assert dict(traces) == {**dict(PARENTS), "e": None}


@pytest.mark.parametrize("parent", ["", "nonsense", "00-0-0-01", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
def test_a_traceparent_that_is_none_costs_only_the_trace(exported: InMemorySpanExporter, parent: str) -> None:
    with batch_spans("toy handle", [("e", parent)]) as traces:
        assert traces["e"]
