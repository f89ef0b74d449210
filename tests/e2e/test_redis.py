"""Redis restarts, and is away."""

from __future__ import annotations

import asyncio
import time

from tests.e2e.cluster.installation import LONG
from tests.e2e.cluster.kube import eventually, throughout

USERS = 4
AWAY = 15
"""Seconds without Redis: beyond cooldown and lease."""


async def test_restart_of_redis_loses_nothing(installation, worker, photo):
    users = [await installation.telegram.user() for _ in range(USERS)]
    before = await installation.job_ids()
    for user in users:
        await user.send(photo=photo, caption="make it snow")

    async def accepted():
        jobs = await installation.job_ids() - before
        return jobs if len(jobs) == USERS else None

    jobs = await eventually("all jobs accepted", accepted, within=60)
    started = time.monotonic()
    await installation.kube("delete", "pod", f"{installation.name}-redis-0")
    await installation.redis_answers()
    await asyncio.gather(*(user.picture(timeout=90) for user in users))
    print(f"{USERS} jobs answered {time.monotonic() - started:.1f} s after Redis was told to restart")
    assert [len((await user.snapshot()).from_bot) for user in users] == [1] * USERS
    attempts = {job: installation.watch.claims(job) for job in jobs}
    print(f"attempts: {attempts}")


async def test_workers_are_held_while_redis_is_down(installation, photo):
    await installation.hold(1)
    user = await installation.telegram.user()
    job = await installation.push(workflow=LONG)
    await installation.until_editing(job)
    await installation.let_scale()
    await installation.kube("scale", "statefulset", f"{installation.name}-redis", "--replicas=0")
    try:
        await installation.kube("wait", "--for=delete", f"pod/{installation.name}-redis-0", "--timeout=60s")
        await user.send(photo=photo, caption="make it snow")

        async def held():
            return await installation.desired_workers() == 1

        await throughout("one worker", held, seconds=AWAY)
    finally:
        await installation.kube("scale", "statefulset", f"{installation.name}-redis", "--replicas=1")
    await installation.redis_answers()
    back = time.monotonic()
    await user.picture(timeout=90)
    await installation.until(job, "done", within=90)
    print(f"one worker held for {AWAY} s; both jobs done {time.monotonic() - back:.1f} s after Redis was back")
    assert not any(pod.restarts["worker"] for pod in await installation.workers())
    assert len((await user.snapshot()).from_bot) == 1
