"""Spans as business code makes them."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from structlog.testing import capture_logs

from qwenedit_telemetry import configure_logging, tracing
from qwenedit_telemetry.span_exporter import WatchedExporter, make_provider

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


def test_sdk_and_exporters_are_not_imported_without_an_endpoint():
    code = (
        "import sys, qwenedit_telemetry as t; t.setup(service='bot').close();"
        "heavy = ('opentelemetry.sdk', 'opentelemetry.exporter', 'google', 'grpc', 'requests');"
        "print([name for name in sys.modules if name.startswith(heavy)])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={})
    assert (found.stdout.strip(), found.stderr) == ("[]", "")


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


async def test_part_that_hangs_is_logged_while_it_does_once_a_minute(monkeypatch):
    monkeypatch.setattr(tracing, "SLOW", 0.01)
    monkeypatch.setattr(tracing, "_slow_at", {})
    with capture_logs() as logged:
        for name in ("telegram getUpdates", "quick", "download photo", "download photo"):
            with tracing.span(name):
                await asyncio.sleep(0 if name == "quick" else 0.03)
    assert [(line["event"], line["call"], line["log_level"]) for line in logged] == [
        ("call.slow", "download photo", "warning")
    ]


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
        "tracing.collector_unreachable",
        "tracing.collector_reachable",
        "tracing.collector_unreachable",
    ]
