"""The probe server as the kubelet and Prometheus see it: over a real socket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest
from prometheus_client import Counter
from structlog.testing import capture_logs

from qwenedit_telemetry import HEALTHY, Health, ProbeServer, make_registry, probes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def server(**options) -> ProbeServer:
    options.setdefault("checks", {})
    return ProbeServer(host="127.0.0.1", port=0, registry=make_registry(service="bot", version="1"), **options)


async def get(client: aiohttp.ClientSession, url: str, **options) -> tuple[int, str]:
    async with client.get(url, **options) as response:
        return response.status, await response.text()


async def test_healthy_check_answers_200_and_a_failing_one_503_with_its_reason(client):
    async def failing() -> Health:
        return Health.failing("Redis does not answer")

    async with server(checks={"/livez": lambda: HEALTHY, "/readyz": failing}) as probe:
        assert await get(client, f"{probe.url}/livez") == (200, "ok\n")
        assert await get(client, f"{probe.url}/readyz") == (503, "Redis does not answer\n")


async def test_check_without_a_verdict_fails_in_time(client, monkeypatch):
    monkeypatch.setattr(probes, "CHECK_TIMEOUT", 0.05)

    async def hanging() -> Health:
        await asyncio.Event().wait()
        raise AssertionError

    async with server(checks={"/readyz": hanging}) as probe:
        assert await get(client, f"{probe.url}/readyz") == (503, "no verdict within 0.05 s\n")


async def test_check_that_crashes_fails_without_telling_a_stranger_why(client):
    def crashing() -> Health:
        raise KeyError("password")

    async with server(checks={"/readyz": crashing}) as probe:
        with capture_logs() as logs:
            assert await get(client, f"{probe.url}/readyz") == (503, "the check itself failed: KeyError\n")
    assert (logs[0]["event"], logs[0]["path"]) == ("probe.check_crashed", "/readyz")


async def test_metrics_are_text_for_old_scrapers_and_openmetrics_when_asked(client):
    registry = make_registry(service="bot", version="1")
    Counter("qwenedit_things_total", "Things.", registry=registry).inc(exemplar={"trace_id": "abc"})
    async with ProbeServer(host="127.0.0.1", port=0, registry=registry, checks={}) as probe:
        async with client.get(f"{probe.url}/metrics") as response:
            assert response.content_type == "text/plain"
            assert "qwenedit_things_total 1.0" in await response.text()
        async with client.get(f"{probe.url}/metrics", headers={"Accept": OPENMETRICS}) as response:
            assert response.content_type == "application/openmetrics-text"
            text = await response.text()
    assert text.endswith("# EOF\n")
    assert 'trace_id="abc"' in text
