"""Both sides of the queue on a real Redis."""

from __future__ import annotations

import pytest

from qwenedit_jobs import Edit, Job, Keys, QueueLimits, RedisSettings, ReplyTo, connect, job_id
from qwenedit_jobs.queue.operator_queue import OperatorQueue
from qwenedit_testkit.job_queue import JobQueue


def make_job(number=1, *, user=1, prompt="make it snow"):
    identity = job_id(user, number, key=b"tests")
    return Job(
        id=identity,
        user_id=user,
        edit=Edit(prompt=prompt, pictures=(f"{identity}:in:0",), seed=7),
        reply=ReplyTo(chat_id=user, placeholder_id=2, source_message_id=number, language="en"),
    )


class Desk:
    """A queue, and what a test does again and again with it."""

    def __init__(self, redis):
        self.redis = redis
        self.keys = Keys()
        self.queue = JobQueue(redis, self.keys)
        self.operated = OperatorQueue(redis, self.keys)
        self.limits = QueueLimits(max_queue_length=1000, max_unfinished_per_user=1000, retry_delays=(60.0,))
        self.job = make_job

    async def enqueued(self, number=1, **limits):
        job = make_job(number)
        chosen = {name: getattr(self.limits, name) for name in self.limits.__slots__} | limits
        await self.queue.enqueue(job, QueueLimits(**chosen))
        return job

    async def claimed(self, token="token", *, number=1, lease=30.0, worker="worker-1", **limits):
        """Enqueue a job and claim it."""
        await self.enqueued(number, **limits)
        claim = await self.queue.claim(worker=worker, token=token, lease=lease)
        assert claim is not None
        return claim

    async def expire(self, job_id):
        """Let a job's lease run out now."""
        for key in (self.keys.leases, self.keys.draining):
            await self.redis.zadd(key, {job_id: 1}, xx=True)

    async def due(self, job_id):
        """Let a job's pause end now, and put it back in line."""
        await self.redis.zadd(self.keys.delayed, {job_id: 1}, xx=True)
        await self.queue.tick()

    async def later(self, seconds):
        """Let time pass, for everything that is waited for."""
        await self.queue.tick()
        await self.redis.hincrby(self.keys.time, "ahead", -round(seconds * 1000))

    async def state(self, job_id):
        status = await self.queue.status(job_id)
        assert status is not None
        return status.state

    async def places(self, job_id):
        """Return the names of all places that hold a job; a job is in one at most."""
        found = ["line"] * (await self.redis.lrange(self.keys.job_queue, 0, -1)).count(job_id)
        for name in ("leases", "draining", "delayed", "dead"):
            if await self.redis.zscore(getattr(self.keys, name), job_id) is not None:
                found.append(name)
        return found

    async def events(self):
        return [(fields["id"], fields["state"]) for _entry, fields in await self.redis.xrange(self.keys.events)]


@pytest.fixture
async def patient(redis_url):
    """A client for waits of up to a minute: what ends one is told from their end, however busy the machine."""
    redis = connect(RedisSettings(redis_url=redis_url), waits=True)
    yield redis
    await redis.aclose()


@pytest.fixture
async def desk(redis_url):
    redis = connect(RedisSettings(redis_url=redis_url))
    yield Desk(redis)
    await redis.aclose()
