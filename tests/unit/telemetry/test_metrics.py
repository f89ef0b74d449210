"""What each service's registry tells without the service's doing."""

from __future__ import annotations

import gc
import socket
import sys

import pytest
from prometheus_client import Counter, generate_latest

from qwenedit_telemetry import make_registry

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux'")


@linux
def test_open_sockets_are_counted_at_the_scrape():
    registry = make_registry(service="bot", version="1.2.3")
    gc.collect()  # what earlier tests have left would go in between
    before = registry.get_sample_value("qwenedit_process_open_sockets")
    assert before is not None
    with socket.socket(), socket.socket():
        assert registry.get_sample_value("qwenedit_process_open_sockets") == before + 2
    assert registry.get_sample_value("qwenedit_process_open_sockets") == before


def test_counters_bring_no_created_series():
    registry = make_registry(service="bot", version="1")
    Counter("qwenedit_things_total", "Things.", registry=registry).inc()
    assert b"_created" not in generate_latest(registry)
