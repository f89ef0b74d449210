"""Spans on their way to a collector: with a collector, and with nobody there."""

from __future__ import annotations

import io
import json
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
import structlog

from local_stack import free_port
from qwenedit_telemetry import configure_logging, setup, tracing
from qwenedit_testkit.threads import on_a_thread
from qwenedit_testkit.traces.collector import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qwenedit_telemetry import Telemetry


@pytest.fixture
def log() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def start(monkeypatch, log) -> Iterator[Callable[..., Telemetry]]:
    """Set telemetry up with OpenTelemetry's variables as given, and its log in `log`."""
    started: list[Telemetry] = []

    def start(**variables: str) -> Telemetry:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        telemetry = setup(service="worker")
        started.append(telemetry)
        configure_logging(service="worker", level="DEBUG", stream=log, console=False)
        return telemetry

    yield start
    for telemetry in started:
        telemetry.close()
    # One that goes on exporting would speak to the network in the middle of another test.
    for thread in threading.enumerate():
        if thread.name in {"flush-spans", "OtelBatchSpanRecordProcessor"}:
            thread.join(20)
            assert not thread.is_alive(), f"{thread.name} goes on"


def a_job() -> None:
    with tracing.root("receive update"), tracing.sending("line", "a1"):
        for _ in range(15):
            with tracing.span("part"):
                pass


def test_spans_are_exported_by_the_time_the_service_has_ended(start):
    with on_a_thread(Collector) as collector:
        telemetry = start(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
        a_job()
        telemetry.close()
    assert Counter(span.name for span in collector.spans) == {"receive update": 1, "send line": 1, "part": 15}


def test_collector_that_is_away_costs_one_line_and_no_time(start, log):
    telemetry = start(
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}",
        OTEL_EXPORTER_OTLP_TIMEOUT="5",
        OTEL_BSP_SCHEDULE_DELAY="50",
    )
    took = []
    for _ in range(1000):
        began = time.perf_counter()
        a_job()
        took.append(time.perf_counter() - began)
    # A busy machine holds one of them up for seconds; the collector would hold up all that find the buffer full.
    assert sum(seconds > 4.0 for seconds in took) < 3, "jobs waited for the collector"
    deadline = time.monotonic() + 120
    while "collector_unreachable" not in log.getvalue() and time.monotonic() < deadline:
        time.sleep(0.05)
    began = time.monotonic()
    telemetry.close()
    assert time.monotonic() - began < 3 + 2, "it waited for an export, which takes five seconds"
    events = [json.loads(line)["event"] for line in log.getvalue().splitlines()]
    assert events == ["tracing.collector_unreachable"]


@pytest.mark.parametrize("wrong", [{"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, {"OTEL_BSP_SCHEDULE_DELAY": "-1"}])
def test_wrong_trace_variable_costs_the_traces_and_not_the_service(start, log, wrong):
    telemetry = start(OTEL_EXPORTER_OTLP_ENDPOINT="http://otel:4318", **wrong)
    assert telemetry.exporting is None
    a_job()
    structlog.get_logger().info("working")
    assert "working" in log.getvalue()


@pytest.mark.parametrize("off", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}])
def test_opentelemetrys_own_switches_turn_tracing_off(start, off):
    assert start(OTEL_EXPORTER_OTLP_ENDPOINT="http://otel:4318", **off).exporting is None
