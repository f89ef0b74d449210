"""The trace context that travels with a job, and what is told of attempts that were lost."""

from __future__ import annotations

import pytest

from qwenedit_jobs import Reason, Retry, Settled

SENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def claimed(desk, token):
    return await desk.queue.claim(worker="w", token=token, lease=30)


@pytest.fixture
async def job(desk):
    job = desk.job()
    await desk.queue.enqueue(job, desk.limits, trace_context=SENT)
    return job


async def test_claim_whose_reply_was_lost_tells_the_same_again(desk, job):
    await claimed(desk, "one")
    await desk.queue.settle(job.id, "one", Retry(Reason.TIMEOUT))
    await desk.due(job.id)
    lost, again = await claimed(desk, "two"), await claimed(desk, "two")
    assert (lost.first, again.first) == (False, False)
    assert lost.trace_context == again.trace_context == SENT


async def test_lost_attempt_is_told_of_once_with_its_times_and_its_trace(desk, job):
    await claimed(desk, "one")
    await desk.queue.settle(job.id, "one", Retry(Reason.TIMEOUT))
    await desk.due(job.id)
    second = await claimed(desk, "two")
    seconds, microseconds = await desk.redis.time()
    await desk.expire(job.id)
    (lost,) = (await desk.queue.tick()).lost
    assert (lost.job_id, lost.worker, lost.attempt, lost.max_attempts) == (job.id, "w", 2, second.max_attempts)
    assert (lost.outcome, lost.trace_context) == (Settled.DELAYED, SENT)
    assert lost.started_at - 0.001 <= seconds + microseconds / 1e6 <= lost.ended_at + 0.001
    assert (await desk.queue.tick()).lost == ()
