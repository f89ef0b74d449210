"""What dashboards and alerts ask for is there when a real Prometheus scrapes the running product."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from tests.observability.observed import MIX, observed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.timeout(600)  # for a busy machine
async def test_every_query_of_the_dashboards_returns_data_after_a_mixed_run(
    need: Callable[[str], str], tmp_path: Path
) -> None:
    async with observed(need("prometheus"), tmp_path) as watched:
        await watched.run(2 * len(MIX))
        deadline = time.monotonic() + 60
        while True:  # until Prometheus has come by often enough
            await asyncio.sleep(2)
            asked = await watched.asked()
            silent = [one for one in asked if not one.numbers]
            if not silent or time.monotonic() > deadline:
                break
        assert len(asked) > 40
        assert silent == []
        rules = await watched.prometheus.rules()
        assert len(rules) > 20
        assert [one for one in rules if one.trouble or one.fires] == []
        exemplars = await watched.prometheus.exemplars(
            "qwenedit_job_answer_seconds_bucket", start=watched.began, end=time.time()
        )
        assert exemplars
        told = {one["trace_id"] for one in exemplars}
        await watched.collector.until(lambda spans: told <= {span.trace_id for span in spans})
