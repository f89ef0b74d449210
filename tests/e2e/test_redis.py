"""Redis is away, and comes back with what it had."""

from __future__ import annotations

import time

from tests.e2e.cluster.installation import LONG
from tests.e2e.cluster.kube import throughout

AWAY = 15
"""Seconds without Redis: beyond cooldown and lease."""


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
    await installation.one_message(user)
