"""Pods that are gone without a word: the job runs again elsewhere, and its user notices only the time."""

from __future__ import annotations

import time

from tests.e2e.kube import eventually


async def test_a_worker_killed_in_mid_job_costs_a_second_attempt_and_shows_one_answer(installation, worker, photo):
    user = await installation.telegram.user()
    before = await installation.job_ids()
    async with installation.comfyui(worker) as comfyui:
        # So that the job cannot end in the moment which the kubelet leaves between SIGTERM and SIGKILL.
        await comfyui.fault("hang", at_step=2, seconds=30)
        await user.send(photo=photo, caption="make it snow")

        async def new():
            return await installation.job_ids() - before

        [job] = await eventually("a job", new, within=60)
        await installation.until_editing(job, step=2)
    killed = time.monotonic()
    await installation.kube("delete", "pod", worker.name, "--force", "--grace-period=0")
    await user.picture(timeout=60)
    claims = installation.watch.claims(job)
    print(f"from the kill to the answer: {time.monotonic() - killed:.1f} s (lease 10 s); attempts: {claims}")
    assert [attempt for _pod, attempt in claims] == [1, 2]
    assert claims[0][0] == worker.name != claims[1][0]
    assert len((await user.snapshot()).from_bot) == 1
