"""A job's answer goes where the bot was asked for it, whatever a worker writes into Redis."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from qwenedit_bot.edits.addresses import AddressedQueue, JobIds
from qwenedit_jobs import Edit, Job, Keys, QueueLimits, ReplyTo

if TYPE_CHECKING:
    from redis.asyncio import Redis

KEYS = Keys()
ANN, BEN = 1001, 1002
ASKED, SAID = 7, 8
"""A user's message, and the bot's that answers it."""


@dataclass
class Bench:
    """The bot's side of the queue, and Redis as a worker writes into it."""

    redis: Redis
    ids: JobIds

    def queue(self) -> AddressedQueue:
        return AddressedQueue(self.redis, KEYS, ids=self.ids, picture_ttl=60)

    async def ask(self, chat: int, *, job_id: str = "") -> Job:
        """Have a job accepted, as the bot does."""
        job = Job(
            id=job_id or self.ids(chat, ASKED),
            user_id=chat,
            edit=Edit(prompt="p", pictures=("a",), seed=1),
            reply=ReplyTo(chat_id=chat, placeholder_id=SAID, source_message_id=ASKED, language="en"),
        )
        await self.queue().enqueue(job, QueueLimits())
        return job

    async def rewrite(self, job: Job, **reply: Any) -> None:
        """Change the address in a job's payload."""
        payload = json.loads(await self.redis.hget(KEYS.job(job.id), "payload") or "")
        payload["reply"] |= reply
        await self.redis.hset(KEYS.job(job.id), "payload", json.dumps(payload))

    async def address(self, job: Job) -> ReplyTo | None:
        status = await self.queue().status(job.id)
        assert status is not None
        return status.job.reply


@pytest.fixture
def bench(redis) -> Bench:
    return Bench(redis, JobIds("42:the-token-of-this-bot"))


async def test_job_is_answered_where_it_was_asked_for(bench):
    job = await bench.ask(ANN)
    assert await bench.address(job) == job.reply


@pytest.mark.parametrize("change", [{"chat_id": BEN}, {"source_message_id": 9}, {"discriminator": "x"}])
async def test_job_that_a_worker_readdresses_is_forged_and_answered_nowhere(bench, change):
    job = await bench.ask(ANN)
    await bench.ask(BEN)  # who has an answer of the same number
    await bench.rewrite(job, **change)
    queue = bench.queue()
    with capture_logs() as logs:
        for _ in range(3):
            [status] = await queue.statuses([job.id])
            assert status.job.reply is None
    assert [(line["event"], line["job"]) for line in logs] == [("job.forged", job.id)]


async def test_job_that_a_worker_makes_up_is_forged(bench):
    made_up = await bench.ask(BEN, job_id="0123456789abcdef")
    await bench.rewrite(made_up, chat_id=ANN, placeholder_id=3)
    assert await bench.address(made_up) is None


async def test_job_that_nobody_waits_for_is_left_as_it_is(bench):
    job = Job(id="0" * 16, user_id=0, edit=Edit(prompt="p", pictures=("a",), seed=1), reply=None)
    await bench.queue().enqueue(job, QueueLimits())
    assert await bench.address(job) is None
