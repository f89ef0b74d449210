"""The worker's part, played by the process that proves or measures: one that does as told, and many that pretend."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from qwenedit_jobs import Done, Fail, Phase, RedisPictureStore, RedisSettings, Release, Result, connect, result_ref
from qwenedit_jobs.workers.registry import Presence, Workers
from qwenedit_testkit.job_queue import JobQueue
from qwenedit_testkit.waiting import background

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qwenedit_jobs import Claim, PictureStore, Reason

HELD = 600.0
"""Seconds of a lease by hand: longer than any test that holds a job in its hand."""
STEPS = 4
LEASE = 30.0
BEAT = 10.0
"""Seconds between a worker's signs of life."""


class WorkerByHand:
    """Claims jobs and settles them on demand.

    Attributes:
        claims: All jobs that it ever took.
        photos: By their references, the photos of these jobs, which go when a job ends.
    """

    def __init__(self, queue: JobQueue, store: PictureStore) -> None:
        self.queue = queue
        self.store = store
        self.claims: list[Claim] = []
        self.photos = dict[str, bytes]()

    async def claim(self) -> Claim:
        """Take the next job, as soon as there is one; TimeoutError after a minute without one."""
        async with asyncio.timeout(60):
            claim = None
            while claim is None:
                claim = await self.queue.claim(worker="by hand", token=secrets.token_hex(8), lease=HELD, wait=1.0)
        self.claims.append(claim)
        for ref in claim.job.edit.pictures:
            if await self.store.holds(ref):
                self.photos[ref] = await self.store.get(ref)
        return claim

    async def step(self, claim: Claim, step: int, steps: int) -> None:
        """Say that so many steps of an edit are done."""
        await self.queue.heartbeat(claim.job.id, claim.token, phase=Phase.EDITING, step=step, steps=steps)

    async def finish(self, claim: Claim, picture: bytes) -> None:
        """Hand a picture in."""
        ref = result_ref(claim.job.id, claim.attempt)
        await self.store.put(ref, picture)
        await self.queue.settle(claim.job.id, claim.token, Done(Result(picture=ref, seed=1, seconds=2.0)))

    async def fail(self, claim: Claim, reason: Reason) -> None:
        """Give a job up."""
        await self.queue.settle(claim.job.id, claim.token, Fail(reason))

    async def clear(self) -> None:
        """Leave no job behind for the next test."""
        for job_id in await self.queue.unfinished_ids():
            await self.queue.cancel(job_id)
        for claim in self.claims:
            await self.queue.settle(claim.job.id, claim.token, Release())
        self.claims.clear()
        self.photos.clear()

    async def finish_next(self, picture: bytes) -> Claim:
        """Take the next job and hand its picture in."""
        claim = await self.claim()
        await self.finish(claim, picture)
        return claim


@asynccontextmanager
async def by_hand(redis_url: str) -> AsyncIterator[WorkerByHand]:
    """Make a worker's part in the queue of a Redis."""
    settings = RedisSettings(redis_url=redis_url)
    async with connect(settings, waits=True) as redis, connect(settings, decode=False) as raw:
        yield WorkerByHand(JobQueue(redis, settings.keys), RedisPictureStore(raw, settings.keys, ttl=600))


@asynccontextmanager
async def pretending(
    redis_url: str, *, result: bytes, workers: int = 1, seconds: tuple[float, float] = (0.0, 0.0)
) -> AsyncIterator[None]:
    """Have so many workers take jobs from the real queue while the context is open.

    Args:
        redis_url: Of the queue.
        workers: How many.
        seconds: The shortest and the longest that a job takes.
        result: What every job comes to.
    """
    settings = RedisSettings(redis_url=redis_url)
    async with connect(settings, waits=True) as redis, connect(settings, decode=False) as raw:
        queue, store = JobQueue(redis, settings.keys), RedisPictureStore(raw, settings.keys, ttl=600)
        presences = Workers(redis, settings.keys)
        names = [f"w{number}" for number in range(workers)]
        working = [_work(queue, store, name, seconds, result) for name in names]
        async with background(*working, *(_live(presences, name) for name in names)):
            yield


async def _live(presences: Workers, name: str) -> None:
    presence = Presence(worker=name, since=time.time(), ready=True, draining=False)
    while True:
        await presences.beat(presence)
        await asyncio.sleep(BEAT)


async def _work(
    queue: JobQueue, store: RedisPictureStore, name: str, seconds: tuple[float, float], result: bytes
) -> None:
    while True:
        claim = await queue.claim(worker=name, token=secrets.token_hex(8), lease=LEASE, wait=1.0)
        if claim is None:
            continue
        job = claim.job
        takes = random.uniform(*seconds)  # noqa: S311 - a pause
        for ref in job.edit.pictures:
            await store.get(ref)
        for step in range(1, STEPS + 1):
            await asyncio.sleep(takes / STEPS)
            await queue.heartbeat(job.id, claim.token, phase=Phase.EDITING, step=step, steps=STEPS)
        ref = result_ref(job.id, claim.attempt)
        await store.put(ref, result)
        await queue.settle(job.id, claim.token, Done(Result(picture=ref, seed=1, seconds=takes)))
