"""Jobs that fail, wait, or are refused: each trouble is made, found by its runbook, and ended by its remedy."""

from __future__ import annotations

import asyncio

from tests.e2e.runbooks.conftest import LINE, until_up

CAPTION = "make it snow"
FAILING = 3


async def test_comfyui_that_fails_every_job(installation, on_call, photo):
    [worker] = await installation.hold(1)
    users = [await installation.telegram.user() for _ in range(FAILING)]
    async with installation.comfyui(worker) as comfyui:
        await comfyui.fault("execution_error", times=None, at_step=1, message="CUDA error: an illegal memory access")
        before = await installation.job_ids()
        for user in users:
            await user.send(photo=photo, caption=CAPTION)
        await asyncio.gather(*(user.says("couldn't edit this picture", timeout=60) for user in users))
    [job, *_] = await installation.job_ids() - before
    on_call.words |= {"POD": worker.name, "JOB": job[:8]}
    row = await on_call.find("QweneditJobsFailFast", "a node of the workflow failed", "execution_failed", "CUDA error")
    await on_call.find("QweneditJobsFailSlowly", "pods: the failed jobs", "execution_failed", worker.name)
    await on_call.part("QweneditJobsFailFast", "Stop-gap")
    await on_call.remedy(row, but="helm -n photos rollback")
    await installation.one("worker")
    again = await on_call.find("QweneditJobsFailSlowly", "dead jobs of causes that are gone", "execution_failed")
    await on_call.part("QweneditJobsFailFast", "Afterwards")
    await asyncio.gather(*(user.picture(timeout=90) for user in users))
    await on_call.remedy(again)
    assert not (await installation.queue.counts()).dead


async def test_pause_that_was_forgotten(installation, on_call, photo):
    await installation.hold(1)
    user = await installation.telegram.user()
    await on_call.part("QweneditJobsFailFast", "Stop-gap")
    jobs = [await installation.push() for _ in range(LINE)]
    await user.send(photo=photo, caption=CAPTION)
    await user.says("Too many people are waiting right now", timeout=60)
    turned_away = await on_call.find("QweneditUsersTurnedAway", "a pause that nobody remembers", "queue_full", "since")
    on_call.words["NUMBER"] = "2000"
    await on_call.part("QweneditUsersTurnedAway", "Stop-gap")
    await until_up(installation)
    await user.send(photo=photo, caption=CAPTION)
    await user.says("The bot is taking a break", timeout=60)
    await on_call.part("QweneditUsersTurnedAway", "Afterwards")
    row = await on_call.find("QweneditPauseForgotten", "the pause was forgotten", "paused", "since")
    await on_call.part("QweneditPauseForgotten", "Stop-gap")
    await on_call.remedy(turned_away)
    await on_call.remedy(row)
    await on_call.part("QweneditPauseForgotten", "Afterwards")
    await user.picture(timeout=120)
    for job in jobs:
        await installation.until(job, "done", within=60)
