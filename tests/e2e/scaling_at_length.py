"""KEDA goes by the wait that users would have, and by length while nobody decides: `make prove NAME=scaling`."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest_asyncio

from qwenedit_jobs import Keys
from tests.e2e.cluster.installation import CHART, LONG, seconds_to_claim
from tests.e2e.cluster.installing import installed, namespace, simulated_telegram
from tests.e2e.cluster.kube import eventually, run, throughout

NAMESPACE = "qwenedit-scaling"
TARGET = 90
"""Seconds that users shall wait at most."""
MOST = 4
BURST = 6
STEP = 1.5
"""Seconds of a step, of which a short job has 4 and a long one 20."""
SHORT_SECONDS, LONG_SECONDS, COLD_START = 6.3, 31.0, 10.0
"""What the bot is to know of earlier jobs and starts: about as long as the simulated ones take here."""
NEEDED = 3
"""Workers that do six long jobs within the target: two rounds of 31 s and a cold start. Two have a third round."""
VALUES = (
    f"autoscaling.maxReplicas={MOST}",
    "autoscaling.minReplicas=1",
    f"autoscaling.targetWait={TARGET}",
    "autoscaling.cooldownPeriod=60",
    "comfyui.gpu.count=0",
    f"comfyui.extraArgs={{--step-seconds={STEP}}}",
)
KEY = Keys().workers_wanted
EXPIRY = 30
"""Seconds for which the bot's last number holds."""
HPA = 15
"""Seconds between two looks of the HPA."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installation():
    """The product in a namespace of its own, which needs no GPU and scales by wait."""
    async with (
        namespace(NAMESPACE) as kube,
        simulated_telegram(kube) as telegram,
        installed(kube, telegram, "edit", "autoscaling.by=wait", *VALUES) as installation,
    ):
        times = {"durations:": SHORT_SECONDS, f"durations:{LONG}": LONG_SECONDS, "cold-starts": COLD_START}
        for key, seconds in times.items():
            await installation.redis.lpush(f"qwenedit:{key}", *[seconds] * 20)
        yield installation


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def ready_at(installation):
    """When all was ready: before that KEDA finds no Redis."""
    assert installation.seconds_to_ready
    return datetime.now(UTC)


@pytest_asyncio.fixture(loop_scope="session")
async def warm(installation):
    """One warm worker, left to KEDA, and nobody's jobs."""
    await by(installation, "wait", least=1)
    await installation.hold(1)
    await installation.let_scale()
    yield installation
    for job in await installation.queue.unfinished_ids():
        await installation.queue.cancel(job)


async def by(installation, rule, *, least):
    """Scale by this rule, with so many workers at least."""
    sets = (f"--set=autoscaling.by={rule}", f"--set=autoscaling.minReplicas={least}")
    await installation.helm("upgrade", str(CHART), "--reuse-values", *sets, "--wait", "--timeout=180s")


@asynccontextmanager
async def noted(installation):
    """Note each number of workers that KEDA asked for, with its seconds."""
    began = time.monotonic()
    seen: list[tuple[float, int]] = []

    async def look():
        while True:
            count = await installation.desired_workers()
            if not seen or seen[-1][1] != count:
                seen.append((round(time.monotonic() - began, 1), count))
            await asyncio.sleep(0.25)

    task = asyncio.create_task(look())
    try:
        yield seen
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def done(installation, jobs, *, within):
    return await asyncio.gather(*(installation.until(job, "done", within=within) for job in jobs))


def desired(installation, count):
    async def is_so():
        return await installation.desired_workers() == count

    return is_so


async def test_burst_of_short_jobs_starts_no_worker_beside_the_warm_one(warm, photo):
    people = [await warm.telegram.user() for _ in range(BURST)]
    async with noted(warm) as seen:
        began = time.monotonic()
        await asyncio.gather(*(person.send(photo=photo, caption="make it snow") for person in people))
        await asyncio.gather(*(person.picture(timeout=TARGET + 30) for person in people))
        seconds = time.monotonic() - began
    print(f"by wait, {BURST} short jobs: workers {seen}, all answered after {seconds:.0f} s, target {TARGET} s")
    assert [count for _at, count in seen] == [1]
    assert seconds < TARGET


async def test_burst_of_long_jobs_starts_what_is_needed_and_keeps_it(warm):
    async with noted(warm) as seen:
        began = time.monotonic()
        jobs = [await warm.push(workflow=LONG) for _ in range(BURST)]
        fields = await done(warm, jobs, within=180)
        seconds = time.monotonic() - began
    print(f"by wait, {BURST} long jobs: workers {seen}, all done after {seconds:.0f} s, target {TARGET} s")
    assert max(count for _at, count in seen) == NEEDED
    assert [each["attempt"] for each in fields] == ["1"] * BURST


async def test_keda_logs_no_error(ready_at):
    since = ready_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    said = await run("kubectl", "logs", "--namespace=keda", "deployment/keda-operator", f"--since-time={since}")
    ours = [line for line in said.splitlines() if NAMESPACE in line]
    errors = [line for line in ours if "\tERROR\t" in line]
    print(f"KEDA's log since {since}: {len(ours)} lines of this namespace, errors: {errors}")
    assert not errors


async def test_killed_bot_leaves_the_workers_as_they_are_and_then_to_the_length(warm):
    bot = f"deployment/{warm.name}-bot"
    async with noted(warm) as seen:
        jobs = [await warm.push(workflow=LONG) for _ in range(BURST)]
        await eventually("workers", desired(warm, NEEDED), within=60)
        await warm.kube("scale", bot, "--replicas=0")
        try:
            await warm.kube(
                "wait", "--for=delete", "pod", "--selector=app.kubernetes.io/component=bot", "--timeout=60s"
            )
            left = await warm.redis.ttl(KEY)
            assert 0 < left <= EXPIRY
            await throughout("the last number", desired(warm, NEEDED), seconds=left - 2)
            jobs += [await warm.push(workflow=LONG) for _ in range(BURST)]
            await eventually("workers by length", desired(warm, MOST), within=EXPIRY + 30)
            await forged(warm, entries=1)
            await throughout("workers of running jobs", at_least_running(warm), seconds=HPA + 1)
            await forged(warm, entries=3000)
            await throughout("no more than the chart allows", at_most(warm, MOST), seconds=HPA + 1)
        finally:
            await warm.kube("scale", bot, "--replicas=1")
        fields = await done(warm, jobs[:BURST], within=120)
    print(f"bot away: its number held for {left} s, then by length; workers {seen}")
    assert [each["attempt"] for each in fields] == ["1"] * BURST


async def forged(installation, *, entries):
    """Write what nobody but the bot can: a number that is absurd, or too small."""
    await installation.redis.delete(KEY)
    await installation.redis.rpush(KEY, *["x"] * entries)


def at_least_running(installation):
    async def holds():
        return await installation.desired_workers() >= (await installation.queue.counts()).running - 1

    return holds


def at_most(installation, most):
    async def holds():
        return await installation.desired_workers() <= most

    return holds


async def test_first_worker_comes_no_later_than_by_length(installation):
    claims: dict[str, float] = {}
    for rule in ("length", "wait"):
        await by(installation, rule, least=0)
        await installation.hold(0)
        await installation.let_scale()
        await throughout("no worker", desired(installation, 0), seconds=3)
        job = await installation.push()
        claims[rule] = seconds_to_claim(await installation.until(job, "running", within=60))
        await installation.until(job, "done")
    print(f"seconds from push to claim, from no worker: {claims}")
    assert claims["wait"] < claims["length"] + 3


async def test_redis_away_leaves_the_workers_as_they_are(warm):
    jobs = [await warm.push(workflow=LONG) for _ in range(BURST)]
    await eventually("workers", desired(warm, NEEDED), within=60)
    redis = f"{warm.name}-redis"
    await warm.kube("scale", "statefulset", redis, "--replicas=0")
    try:
        await warm.kube("wait", "--for=delete", f"pod/{redis}-0", "--timeout=60s")
        await throughout("as many workers as before", desired(warm, NEEDED), seconds=2 * HPA)
    finally:
        await warm.kube("scale", "statefulset", redis, "--replicas=1")
    await warm.redis_answers()
    await done(warm, jobs[:NEEDED], within=120)
    print(f"Redis away for {2 * HPA} s: {NEEDED} workers all the time; the jobs in hand are done")
