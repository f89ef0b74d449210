"""Spans as business code makes them."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import structlog
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, format_span_id, format_trace_id
from prometheus_client import CollectorRegistry

from qwenedit_telemetry import configure_logging, tracing
from qwenedit_telemetry.exporting import WatchedExporter, make_provider, resource
from qwenedit_telemetry.metrics import picture_calls

if TYPE_CHECKING:
    from collections.abc import Iterator

SENDER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
EARLIER = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"
ITSELF = "00-0af7651916cd43dd8448eb211c80319c-53995c3f42cd8ad8-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = make_provider(SimpleSpanProcessor(exporter), service="test", version="1")
    tracing.use(provider.get_tracer("test"))
    yield exporter
    tracing.use(None)


def make_process():
    return tracing.processing(
        "line", "a1", parent=SENDER, identity=ITSELF, before=EARLIER, attributes={"qwenedit.attempt": 2}
    )


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


def test_span_is_a_child_of_the_one_around_it(spans):
    with tracing.root("update"), tracing.span("part", kind=tracing.Kind.CLIENT):
        pass
    part, update = spans.get_finished_spans()
    assert update.parent is None
    assert part.parent.span_id == update.context.span_id
    assert part.kind is SpanKind.CLIENT


def test_outside_of_a_trace_a_part_makes_none(spans):
    with tracing.span("probe"):
        pass
    assert spans.get_finished_spans() == ()


def test_trace_that_begins_inside_another_one_is_another_one(spans):
    with tracing.root("first"), tracing.root("second"):
        pass
    second, first = spans.get_finished_spans()
    assert second.parent is None
    assert second.context.trace_id != first.context.trace_id


def test_message_carries_its_traceparent(spans):
    with tracing.root("update"), tracing.sending("line", "a1") as sent:
        traceparent = sent.traceparent
    span = spans.get_finished_spans()[0]
    assert span.name == "send line"
    assert span.kind is SpanKind.PRODUCER
    ids = format_trace_id(span.context.trace_id), format_span_id(span.context.span_id)
    assert traceparent == "00-{}-{}-01".format(*ids) or traceparent == "00-{}-{}-03".format(*ids)


def test_process_span_is_a_child_of_the_sender_and_linked_to_the_attempt_before(spans):
    with make_process():
        pass
    (span,) = spans.get_finished_spans()
    assert span.name == "process line"
    assert span.kind is SpanKind.CONSUMER
    assert format_span_id(span.parent.span_id) == "b7ad6b7169203331"
    assert format_trace_id(span.context.trace_id) == "0af7651916cd43dd8448eb211c80319c"
    assert [format_span_id(link.context.span_id) for link in span.links] == ["b7ad6b7169203331", "00f067aa0ba902b7"]
    assert format_span_id(span.context.span_id) == "53995c3f42cd8ad8"
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


def test_span_may_tell_of_what_was_and_ends_when_that_did(spans):
    with tracing.processing(
        "line", "a1", parent=SENDER, identity=ITSELF, before="", attributes={}, period=tracing.Period(1000.0, 1002.5)
    ) as span:
        span.fail("worker_lost")
    (span,) = spans.get_finished_spans()
    assert (span.start_time, span.end_time) == (1_000_000_000_000, 1_002_500_000_000)
    assert span.status.status_code is StatusCode.ERROR


def test_call_to_the_store_of_pictures_is_part_of_its_trace_with_its_seconds(spans):
    called = picture_calls(CollectorRegistry())
    called("list", "ok", 3.0)  # the sweep's
    with tracing.root("settle"):
        called("put", "unavailable", 15.0)
        called("put", "ok", 0.5)
    failed, done, settle = spans.get_finished_spans()
    assert [span.name for span in (failed, done)] == ["picture store put"] * 2
    assert failed.parent.span_id == done.parent.span_id == settle.context.span_id
    assert (failed.status.status_code, failed.attributes["error.type"]) == (StatusCode.ERROR, "unavailable")
    assert done.status.is_ok
    assert done.kind is SpanKind.CLIENT
    assert (done.end_time - done.start_time) / 1e9 == pytest.approx(0.5, abs=0.001)


def test_span_that_others_tell_of_is_not_exported_and_its_parts_are(spans):
    with make_process() as process, tracing.span("part"):
        process.leave_to_others()
    (part,) = spans.get_finished_spans()
    assert format_span_id(part.parent.span_id) == "53995c3f42cd8ad8"


def test_only_the_span_itself_gets_the_identity_and_not_its_parts(spans):
    with make_process(), tracing.span("part"):
        pass
    part, process = spans.get_finished_spans()
    assert part.context.span_id != process.context.span_id


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


def test_log_line_names_the_span_in_which_it_was_logged(spans):
    stream = io.StringIO()
    configure_logging(service="test", stream=stream, console=False)
    with tracing.root("update"):
        structlog.get_logger().info("inside")
    structlog.get_logger().info("outside")
    inside, outside = map(json.loads, stream.getvalue().splitlines())
    context = spans.get_finished_spans()[0].context
    assert inside["trace_id"] == format_trace_id(context.trace_id)
    assert inside["span_id"] == format_span_id(context.span_id)
    assert "trace_id" not in outside


def test_exemplar_leads_to_the_current_span(spans):
    with tracing.root("update"):
        exemplar = tracing.exemplar()
    context = spans.get_finished_spans()[0].context
    assert exemplar == {"trace_id": format_trace_id(context.trace_id), "span_id": format_span_id(context.span_id)}


def test_resource_names_service_and_pod_and_the_operators_words_come_last(monkeypatch):
    for name, value in {"POD_NAME": "bot-1", "NODE_NAME": "n1", "POD_NAMESPACE": "ns"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test,service.namespace=other")
    found = resource(service="bot", version="1.2").attributes
    expected = {
        "service.name": "qwenedit-bot", "service.version": "1.2", "service.namespace": "other",
        "k8s.pod.name": "bot-1", "k8s.node.name": "n1", "k8s.namespace.name": "ns",
        "deployment.environment.name": "test",
    }  # fmt: skip
    assert expected.items() <= found.items()


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
