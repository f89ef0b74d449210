"""From the queue to the outcome: what a worker does with jobs, users' wishes and its own end."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from qwenedit_jobs import Cancelled, Phase, Reason, State, input_ref
from qwenedit_worker.comfyui import (
    EditResult,
    EditTimeout,
    ExecutionFailed,
    ModelMissing,
    OutOfMemory,
    PictureUnreadable,
    Progress,
    Stage,
    Verdict,
    WorkflowRejected,
)


async def forever(_on_progress):
    await asyncio.Event().wait()


async def test_a_job_is_executed_and_its_picture_handed_in(bench):
    job = await bench.enqueue(picture=b"the photo")
    async with bench.working():
        status = await bench.until_final(job)
    assert status.state is State.DONE
    assert (await bench.store.get(status.result.picture)).startswith(b"\x89PNG")
    assert status.result.seed == 7
    [call] = bench.editor.calls
    assert call.pictures == (b"the photo",)
    assert call.attempt == 1
    assert bench.metric("qwenedit_attempts_total", outcome="done", reason="") == 1
