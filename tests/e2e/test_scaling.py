"""What KEDA makes of the queue: it does not wake workers for nothing, scales out, and scales in."""

from __future__ import annotations

import asyncio
import time

import pytest_asyncio

from tests.e2e.cluster.installation import LONG, pod_of, seconds_to_claim
from tests.e2e.cluster.kube import eventually, throughout

COOLDOWN = 10
"""Seconds, as in values.yaml."""


@pytest_asyncio.fixture(loop_scope="session")
async def sleeping(installation):
    """The installation without a worker, left to KEDA."""
    await installation.hold(0)
    await installation.let_scale()
    return installation


def desired(installation, count):
    async def is_so():
        return await installation.desired_workers() == count

    return is_so


async def seconds_of_a_bare_pod(kube, image):
    """Measure a pod's start that does nothing, on the same node."""
    started = time.monotonic()
    await kube.apply(pod_of("bare", image, "import time; time.sleep(120)"))

    async def ready():
        pod = await kube.pod("bare")
        return pod is not None and pod.ready

    await eventually("the bare pod ready", ready, within=60)
    seconds = time.monotonic() - started
    await kube("delete", "pod", "bare", "--grace-period=1", "--wait=false")
    return seconds


async def test_cancelled_queue_wakes_no_worker(installation):
    await installation.hold(0)
    jobs = [await installation.push() for _ in range(3)]
    assert (await installation.queue.counts()).waiting == len(jobs)
    for job in jobs:
        await installation.queue.cancel(job)
    await installation.let_scale()
    await throughout("no worker", desired(installation, 0), seconds=6)


async def test_job_wakes_one_worker_which_leaves_after_the_cooldown(sleeping):
    [bot] = await sleeping.kube.pods("bot")
    bare = await seconds_of_a_bare_pod(sleeping.kube, bot.item["spec"]["containers"][0]["image"])
    job = await sleeping.push()
    fields = await sleeping.until(job, "running", within=60)
    claimed = seconds_to_claim(fields)
    print(f"from push to claim, from no worker: {claimed:.1f} s; a bare pod's start: {bare:.1f} s")
    assert claimed < 60

    async def over():
        fields = await sleeping.fields(job)
        assert await sleeping.desired_workers() == 1
        return fields["state"] == "done"

    await eventually("the job's end", over, within=60)
    ended = time.monotonic()
    await eventually("no worker", desired(sleeping, 0), within=COOLDOWN + 60)
    print(f"from the last job's end to no worker: {time.monotonic() - ended:.1f} s, cooldown {COOLDOWN} s")
    assert time.monotonic() - ended >= COOLDOWN - 3, "KEDA counts from its last look that found a job"


async def test_six_jobs_wake_as_many_workers_as_there_are_gpus_and_keep_them_while_they_run(sleeping):
    started = time.monotonic()
    jobs = [*[await sleeping.push() for _ in range(4)], *[await sleeping.push(workflow=LONG) for _ in range(2)]]
    await eventually("two workers wanted", desired(sleeping, 2), within=60)
    print(f"from six jobs to two workers: {time.monotonic() - started:.1f} s")
    long = jobs[4:]
    await asyncio.gather(*(sleeping.until(job, "running", within=90) for job in long))
    both, clock = time.monotonic(), 0.0
    while all([(await sleeping.fields(job))["state"] == "running" for job in long]):
        assert (await sleeping.queue.counts()).waiting == 0
        assert await sleeping.desired_workers() == 2, "a worker with a job was scaled away"
        clock = time.monotonic() - both
        await asyncio.sleep(0.5)
    print(f"two workers kept for {clock:.1f} s with an empty list and two jobs in hand")
    assert clock > COOLDOWN
    for job in jobs:
        assert (await sleeping.until(job, "done"))["attempt"] == "1"
    assert [len(sleeping.watch.claims(job)) for job in jobs] == [1] * len(jobs)
    await eventually("no worker", desired(sleeping, 0), within=60)
