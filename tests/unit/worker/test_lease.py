"""A worker knows by itself when its right to a job has ended. No test waits: the event loop's time is virtual."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from qwenedit_jobs import Claim, Edit, Job, Lease, ReplyTo
from qwenedit_worker import timeouts
from qwenedit_worker.comfyui import EditStage, Progress
from qwenedit_worker.common.errors import QueueUnavailableError
from qwenedit_worker.loop.lease import LeaseKeeper
from qwenedit_worker.loop.outcomes import JobCancelled, LeaseLost
from qwenedit_worker.telemetry.metrics import Metrics

pytestmark = pytest.mark.usefixtures("virtual_time")
LEASE = 0.3
AT_ONCE = 0.05
"""Seconds."""
JOB = Job(
    id="0123456789abcdef",
    user_id=1,
    edit=Edit(prompt="make it snow", pictures=("a",), seed=1),
    reply=ReplyTo(chat_id=1, placeholder_id=2, source_message_id=3, language="en"),
)
CLAIM = Claim(job=JOB, token="t", attempt=1, max_attempts=3, trace_context="", waited=0.0)


def now():
    return asyncio.get_running_loop().time()


class Answers:
    """Answers each renewal as the test says; the last answer repeats."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.times = []
        self.news = []

    async def heartbeat(self, _job_id, _token, **news):
        self.news.append(news)
        self.times.append(now())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer == "silence":
            await asyncio.Event().wait()
        if answer == "unreachable":
            raise QueueUnavailableError("connection refused")
        return answer


@pytest.fixture
def registry():
    return CollectorRegistry()


def keeper(queue, registry, *, since=None, lease=LEASE, draining=False):
    began = now() if since is None else since
    return LeaseKeeper(queue, CLAIM, lease=lease, since=began, draining=lambda: draining, metrics=Metrics(registry))


async def end_of(kept):
    async with kept:
        await asyncio.wait_for(kept.ended.wait(), 20)
    return kept.end


@pytest.fixture
def frequent(monkeypatch):
    monkeypatch.setattr("qwenedit_worker.timeouts.HEARTBEAT_PACE", 0.01)
    monkeypatch.setattr("qwenedit_worker.timeouts.HEARTBEAT", LEASE / 3)


async def test_look_asks_at_once_and_a_cancelled_jobs_lease_is_kept(registry):
    queue = Answers(Lease.CANCELLED)
    kept = keeper(queue, registry, lease=timeouts.HEARTBEAT_PACE * 3)
    began = now()
    async with kept:
        kept.look()
        await asyncio.wait_for(kept.ended.wait(), 20)
        assert now() - began < AT_ONCE
        while len(queue.times) < 2:
            await asyncio.sleep(0.01)
    assert isinstance(kept.end, JobCancelled)


@pytest.mark.usefixtures("frequent")
@pytest.mark.parametrize("trouble", ["silence", "unreachable"])
async def test_lease_without_redis_ends_by_this_process_clock(registry, trouble, monkeypatch):
    monkeypatch.setattr("qwenedit_worker.timeouts.LATE_HEARTBEAT", 0.0)
    began = now()
    queue = Answers(trouble)
    assert isinstance(await end_of(keeper(queue, registry)), LeaseLost)
    assert LEASE <= now() - began < LEASE + AT_ONCE
    failed = registry.get_sample_value("qwenedit_lease_renewals_failed_total")
    assert failed >= 1
    assert len(queue.times) - failed <= 1, "but for one that the end cut short"
    assert len(queue.times) < 6, "it must not spin"


async def test_worker_that_slept_through_its_lease_believes_redis(registry):
    queue = Answers(Lease.HELD, Lease.LOST)
    await end_of(keeper(queue, registry, since=now() - 100))
    assert len(queue.times) == 2


async def test_stages_that_the_user_does_not_see_or_that_pass_at_once_are_not_told(registry):
    queue = Answers(Lease.HELD)
    async with keeper(queue, registry, lease=60) as kept:
        for stage in (EditStage.QUEUED, EditStage.STARTING, EditStage.LOADING):
            kept.show(Progress(stage, 0, 4))
        await asyncio.sleep(timeouts.PROGRESS_DELAY * 2)
        kept.show(Progress(EditStage.SENDING, 4, 4))
    assert not queue.times
