"""Redis is away, or its disk is full, and comes back with what it had."""

from __future__ import annotations

import time

from tests.e2e.cluster.installation import LONG
from tests.e2e.cluster.kube import eventually, throughout

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


async def test_redis_whose_disk_is_full_is_named_by_the_status_and_goes_on_by_itself(installation, worker, photo):
    kube, redis = installation.kube, f"{installation.name}-redis-0"

    async def in_redis(command):
        return await kube("exec", redis, "--", "sh", "-c", f"REDISCLI_AUTH=$ADMIN_PASSWORD {command}")

    async def named():
        said = await kube("exec", f"deploy/{installation.name}-bot", "--", "qwenedit", "status")
        return said if "QweneditRedisDiskFull: Redis takes no writes: MISCONF" in said else None

    async def up():
        pod = await kube.pod(redis)
        return pod is not None and pod.ready and pod.restarts == before.restarts

    user = await installation.telegram.user()
    before = await kube.pod(redis)
    assert before is not None
    await in_redis("valkey-cli --user admin config set appendfsync everysec")
    # No file may grow, as on a full disk. Redis is the first process of its container, so no signal ends it for that.
    await in_redis("prlimit --pid 1 --fsize=1:")
    try:
        began = time.monotonic()
        print((await eventually("the status", named, within=30)).splitlines()[0])
        print(f"named after {time.monotonic() - began:.1f} s")
        await user.send(photo=photo, caption="make it snow")
        await throughout("Redis reached, and not restarted", up, seconds=10)
    finally:
        await in_redis("prlimit --pid 1 --fsize=unlimited:")
    room = time.monotonic()
    await user.picture(timeout=60)
    print(f"a picture {time.monotonic() - room:.1f} s after there was room")
    await in_redis("valkey-cli --user admin config set appendfsync always")
    await installation.one_message(user)
