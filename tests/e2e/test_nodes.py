"""A node is drained with work in hand, or loses its power. Longer cases are in `nodes_at_length.py`."""

from __future__ import annotations

import time

from tests.e2e.cluster.kube import run
from tests.e2e.cluster.second_node import disk_moves, until_left

PROMISED = 90
"""Seconds from a power failure to the answer of the job that was in hand."""


async def test_node_drained_of_all_parts_has_its_job_answered_by_the_same_attempt(installation, node, photo):
    worker = await node.worker()
    parts = ("bot", "redis") if await disk_moves(installation) else ("bot",)
    for part in reversed(parts):
        await node.move_here(part)
    await installation.redis_answers()
    async with installation.comfyui(worker) as comfyui:
        await comfyui.fault("hang", at_step=2, seconds=10, times=1)  # so that the drain finds the job in hand
        user, job = await installation.start_job(photo)
    print(f"{', '.join(parts)} and worker on {node.name}")
    print(await run("kubectl", "drain", node.name, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s"))
    await user.picture(timeout=60)
    claims = installation.watch.claims(job)
    print(f"attempts: {claims}")
    assert claims == [(worker.name, 1)]
    assert len((await user.snapshot()).from_bot) == 1
    for part in parts:
        assert (await installation.one(part)).node != node.name


async def test_node_killed_in_mid_job_costs_a_second_attempt_and_less_than_90_seconds(installation, node, photo):
    worker = await node.worker()
    async with installation.comfyui(worker) as comfyui:
        await comfyui.fault("hang", at_step=2, seconds=60)  # or the job could end before its node does
        user, job = await installation.start_job(photo)
    await installation.let_scale()
    killed = await node("kill")
    left = await until_left(installation, worker, within=PROMISED) - killed
    await user.picture(timeout=PROMISED)
    answered = time.monotonic() - killed
    claims = installation.watch.claims(job)
    print(f"from the power failure to the end of the pod: {left:.0f} s, to the answer: {answered:.0f} s")
    print(f"attempts: {claims}")
    assert answered < PROMISED
    assert [attempt for _pod, attempt in claims] == [1, 2]
    assert claims[0][0] == worker.name != claims[1][0]
    assert len((await user.snapshot()).from_bot) == 1
