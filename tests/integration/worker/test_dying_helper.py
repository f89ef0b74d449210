"""A worker one of whose helpers fails ends, instead of hanging with the others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from local_stack import WORKFLOWS, free_port
from qwenedit_telemetry import Telemetry, make_registry
from qwenedit_worker import app
from qwenedit_worker.comfyui import Workflow
from qwenedit_worker.health.heartbeat import Heartbeat
from qwenedit_worker.settings import WorkerSettings

if TYPE_CHECKING:
    import pytest


async def stubborn(*_anything: object, **_more: object) -> None:
    """Swallow one cancellation, as redis-py may before Python 3.12, and go on."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.Event().wait()


async def fail(_heartbeat: Heartbeat) -> None:
    await asyncio.sleep(0.1)
    raise ValueError("a defect")


async def test_failed_helper_ends_the_worker_if_another_swallows_its_cancellation(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "check_stores", stubborn)
    monkeypatch.setattr(Heartbeat, "run", fail)
    settings = WorkerSettings(
        redis_url=redis_url, comfyui_url=f"http://127.0.0.1:{free_port()}", probe_port=0, workflows_dir=WORKFLOWS
    )
    telemetry = Telemetry(registry=make_registry(service="worker", version="1"), exporting=None, version="1")
    workflow = Workflow.load(WORKFLOWS / f"{settings.workflow}.json")
    running = asyncio.create_task(app.run(settings, workflow, telemetry))
    done, _pending = await asyncio.wait([running], timeout=20)
    try:
        assert done, "it hangs"
        error = running.exception()
        assert "a defect" in repr(error)
    finally:
        while not running.done():
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await asyncio.sleep(0.1)
