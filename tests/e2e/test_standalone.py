"""One ComfyUI for all workers: what its rollout in mid-job costs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest_asyncio

from tests.e2e.cluster.installing import alone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.e2e.cluster.installation import Installation

COMFYUI = "deployment/edit-qwenedit-comfyui"
ARGUMENTS = "{--host=0.0.0.0,--data-dir=/data,--step-seconds=1}"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installation() -> AsyncIterator[Installation]:
    """The product with a ComfyUI of its own and one worker, in a namespace of its own."""
    async with alone(
        "standalone",
        "comfyui.placement=standalone",
        f"comfyui.args={ARGUMENTS}",
        "autoscaling.enabled=false",
        "redis.persistence.enabled=false",
    ) as installation:
        yield installation


async def roll_in_mid_job(installation, photo):
    """Roll ComfyUI out while it executes a job of ten seconds; returns the user, and the claims of the job."""
    before = await installation.one("comfyui")
    # A worker that has just reached this ComfyUI hears of steps some seconds later.
    await installation.until(await installation.push(), "done")
    async with installation.comfyui(before) as comfyui:
        await comfyui.fault("hang", at_step=2, seconds=6, times=1)
        user, job = await installation.start_job(photo)
    started = time.monotonic()
    await installation.kube("rollout", "restart", COMFYUI)
    await user.picture(timeout=120)
    claims = installation.watch.claims(job)
    print(f"picture {time.monotonic() - started:.1f} s after the rollout began; attempts: {claims}")
    await installation.kube("rollout", "status", COMFYUI, "--timeout=120s")
    assert (await installation.one("comfyui")).name != before.name
    await installation.one_message(user)
    return claims


async def test_comfyui_that_is_rolled_out_ends_after_its_job(installation, photo):
    [worker] = await installation.workers()
    assert await roll_in_mid_job(installation, photo) == [(worker.name, 1)]
    failed = await installation.kube.objects("Event", fields="reason=FailedPreStopHook")
    assert failed == []
