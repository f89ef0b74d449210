"""Spans as business code makes them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, format_span_id, format_trace_id

from qwenedit_telemetry import configure_logging, tracing
from qwenedit_telemetry.exporting import WatchedExporter, make_provider

if TYPE_CHECKING:
    from collections.abc import Iterator

SENDER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = make_provider(SimpleSpanProcessor(exporter), service="test", version="1")
    tracing.use(provider.get_tracer("test"))
    yield exporter
    tracing.use(None)


def make_process():
    return tracing.processing("line", "a1", parent=SENDER, attributes={"qwenedit.attempt": 2})


def test_spans_without_a_tracer_do_nothing():
    with tracing.root("update") as span, tracing.sending("line", "a1") as sent, make_process() as process:
        for made in (span, sent, process):
            made.set({"a": 1})
            made.event("b", {})
            made.fail("c")
            assert made.traceparent == ""
        assert tracing.current_ids() is None
        assert tracing.exemplar() is None


def test_sdk_and_exporters_are_not_imported_without_an_endpoint():
    code = (
        "import sys, qwenedit_telemetry as t; t.setup(service='bot').close();"
        "heavy = ('opentelemetry.sdk', 'opentelemetry.exporter', 'google', 'grpc', 'requests');"
        "print([name for name in sys.modules if name.startswith(heavy)])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={})
    assert (found.stdout.strip(), found.stderr) == ("[]", "")


def test_process_span_is_a_child_of_the_sender_and_linked_to_it(spans):
    with make_process():
        pass
    (span,) = spans.get_finished_spans()
    assert span.name == "process line"
    assert span.kind is SpanKind.CONSUMER
    assert format_span_id(span.parent.span_id) == "b7ad6b7169203331"
    assert format_trace_id(span.context.trace_id) == "0af7651916cd43dd8448eb211c80319c"
    assert [format_span_id(link.context.span_id) for link in span.links] == ["b7ad6b7169203331"]
    assert dict(span.attributes) == {
        "messaging.system": "redis",
        "messaging.destination.name": "line",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.message.id": "a1",
        "qwenedit.job.id": "a1",
        "qwenedit.job.short_id": "a1",
        "qwenedit.attempt": 2,
    }


def test_parts_of_a_trace_that_was_left_out_are_left_out(spans):
    with tracing.continued("deliver", SENDER[:-1] + "0"), tracing.span("part"):
        assert tracing.exemplar() is None
    assert spans.get_finished_spans() == ()


def test_error_is_told_by_its_class_and_never_by_its_text(spans):
    with pytest.raises(ValueError, match="secret"), tracing.root("update"):
        raise ValueError("secret")
    (span,) = spans.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == "ValueError"
    assert "secret" not in span.to_json()


class Moody(SpanExporter):
    def __init__(self) -> None:
        self.up = False

    def export(self, spans):  # noqa: ARG002 - the interface's
        return SpanExportResult.SUCCESS if self.up else SpanExportResult.FAILURE


def test_absent_collector_is_told_of_once_and_so_is_its_return():
    stream = io.StringIO()
    configure_logging(service="test", stream=stream, console=False)
    moody = Moody()
    watched = WatchedExporter(moody, endpoint="http://otel:4318")
    for moody.up in (False, False, False, True, True, False):
        watched.export([])
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == [
        "tracing.collector_unreachable", "tracing.collector_reachable", "tracing.collector_unreachable",
    ]  # fmt: skip
