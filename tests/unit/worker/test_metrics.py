"""A pod that comes for one job is seen to have done it: Prometheus sees no increase in a series that begins with 1."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from prometheus_client import CollectorRegistry

from qwenedit_jobs import Edit, Job
from qwenedit_worker.comfyui import ComfyUI, Workflow
from qwenedit_worker.loop.editor import ComfyUIEditor
from qwenedit_worker.telemetry.metrics import Metrics

WORKFLOWS = Path(__file__).parents[3] / "services/comfyui/workflows"
FAST, QUALITY = "qwen-image-edit-2511-fast", "qwen-image-edit-2511-quality"


class NoServer:
    """Stands where ComfyUI's client does."""

    async def edit(self, *_: object, **__: object) -> None:
        raise ConnectionError


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def editor(registry: CollectorRegistry) -> ComfyUIEditor:
    default = Workflow.load(WORKFLOWS / f"{FAST}.json")
    metrics = Metrics(registry)
    return ComfyUIEditor(cast("ComfyUI", NoServer()), default=default, folder=WORKFLOWS, on_workflow=metrics.expect)


def test_attempts_are_counted_from_nought(registry: CollectorRegistry) -> None:
    Metrics(registry)
    assert registry.get_sample_value("qwenedit_attempts_total", {"outcome": "done", "reason": ""}) == 0
    assert registry.get_sample_value("qwenedit_attempts_total", {"outcome": "failed", "reason": "timeout"}) == 0
    assert registry.get_sample_value("qwenedit_execution_seconds_count", {"outcome": "delayed"}) == 0


@pytest.mark.usefixtures("editor")
def test_loads_of_the_default_workflow_are_counted_from_nought(registry: CollectorRegistry) -> None:
    assert registry.get_sample_value("qwenedit_model_load_seconds_count", {"workflow": FAST}) == 0
    assert registry.get_sample_value("qwenedit_gpu_job_seconds_count", {"workflow": FAST, "outcome": "done"}) == 0


async def test_loads_of_another_workflow_are_counted_from_nought_when_its_first_job_begins(
    registry: CollectorRegistry, editor: ComfyUIEditor
) -> None:
    edit = Edit(prompt="snow", pictures=("p",), seed=1, workflow=QUALITY)
    job = Job(id="0123456789abcdef", user_id=7, edit=edit, reply=None)
    assert registry.get_sample_value("qwenedit_model_load_seconds_count", {"workflow": QUALITY}) is None

    def on_progress(_: object) -> None:
        return

    with pytest.raises(ConnectionError):
        await editor.edit(job, attempt=1, pictures=(b"",), on_progress=on_progress, deadline=0.0)
    assert registry.get_sample_value("qwenedit_model_load_seconds_count", {"workflow": QUALITY}) == 0
