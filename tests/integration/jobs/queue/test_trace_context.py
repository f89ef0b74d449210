"""The trace context that travels with a job, and the attempts' places in it."""

from __future__ import annotations

import pytest

from qwenedit_jobs import Fail, Reason, Retry, Settled

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
    assert again.previous_context == lost.previous_context != ""
    assert again.attempt_context == lost.attempt_context


async def test_attempt_after_one_whose_worker_is_gone_names_that_attempt(desk, job):
    first = await claimed(desk, "one")
    await desk.expire(job.id)
    await desk.queue.tick()
    await desk.due(job.id)
    assert (await claimed(desk, "two")).previous_context == first.attempt_context


async def test_job_status_leads_to_its_latest_attempt_or_to_its_sender(desk, job):
    assert (await desk.queue.status(job.id)).trace_context == SENT
    claim = await claimed(desk, "one")
    await desk.queue.settle(job.id, "one", Fail(Reason.TIMEOUT))
    assert (await desk.queue.status(job.id)).trace_context == claim.attempt_context


async def test_lost_attempt_is_told_of_once_with_its_times_and_its_place_in_the_trace(desk, job):
    first = await claimed(desk, "one")
    await desk.queue.settle(job.id, "one", Retry(Reason.TIMEOUT))
    await desk.due(job.id)
    second = await claimed(desk, "two")
    seconds, microseconds = await desk.redis.time()
    await desk.expire(job.id)
    (lost,) = (await desk.queue.tick()).lost
    assert (lost.job_id, lost.worker, lost.attempt, lost.max_attempts) == (job.id, "w", 2, second.max_attempts)
    assert lost.outcome == Settled.DELAYED
    assert lost.started_at - 0.001 <= seconds + microseconds / 1e6 <= lost.ended_at + 0.001
    assert (lost.trace_context, lost.attempt_context, lost.previous_context) == (
        SENT, second.attempt_context, first.attempt_context,
    )  # fmt: skip
    assert (await desk.queue.tick()).lost == ()


async def test_attempt_that_its_worker_ended_is_not_lost(desk, job):
    await claimed(desk, "one")
    await desk.queue.settle(job.id, "one", Retry(Reason.TIMEOUT))
    assert (await desk.queue.tick()).lost == ()
