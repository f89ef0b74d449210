"""From the queue to the outcome: what a worker does with jobs and with the ways in which they end."""

from __future__ import annotations

import asyncio

import pytest
from redis.exceptions import NoPermissionError

from qwenedit_jobs import Counts, Phase, QueueLimits, Reason, State
from qwenedit_jobs.redis import chunks
from qwenedit_testkit.waiting import eventually
from qwenedit_worker.comfyui import (
    ComfyUIBusy,
    EditStage,
    EditTimeout,
    ExecutionFailed,
    ExecutorVerdict,
    ModelMissing,
    OutOfMemory,
    PictureUnreadable,
    Progress,
)

NOTHING = Counts(waiting=0, running=0, draining=0, delayed=0, dead=0)
MISSING = ModelMissing("ComfyUI lacks vae/qwen_image_vae.safetensors")
ONE_ATTEMPT = QueueLimits(max_attempts=1, retry_delays=(0.05,))


def attempts(bench, **labels):
    return bench.metric("qwenedit_attempts_total", **labels)


async def test_job_is_executed_and_its_picture_handed_in(bench):
    job = await bench.enqueue(picture=b"the photo")
    async with bench.working():
        status = await bench.until_final(job)
    assert status.state is State.DONE
    assert (await bench.store.get(status.result.picture)).startswith(b"\x89PNG")
    assert status.result.seed == 7
    [call] = bench.editor.calls
    assert (call.pictures, call.attempt) == ((b"the photo",), 1)
    assert call.deadline <= asyncio.get_running_loop().time() + 300
    assert await bench.queue.counts() == NOTHING
    assert attempts(bench, outcome="done", reason="") == 1
    assert bench.metric("qwenedit_queue_wait_seconds_count") == 1
    assert bench.metric("qwenedit_execution_seconds_count", outcome="done") == 1


async def test_jobs_are_executed_one_at_a_time_and_in_order(bench):
    at_once = 0

    async def alone(_on_progress):
        nonlocal at_once
        at_once += 1
        assert at_once == 1
        await asyncio.sleep(0.01)
        at_once -= 1

    jobs = [await bench.enqueue() for _ in range(5)]
    bench.editor.script.extend([alone] * 5)
    async with bench.working():
        for job in jobs:
            assert (await bench.until_final(job)).state is State.DONE
    assert [call.job.id for call in bench.editor.calls] == [job.id for job in jobs]


async def test_next_job_is_executed_while_the_picture_of_the_one_before_is_fetched_but_no_third_one(bench):
    fetched = asyncio.Event()

    async def is_fetched_late(on_progress):
        on_progress(Progress(EditStage.SENDING))
        await fetched.wait()

    first, second, third = [await bench.enqueue() for _ in range(3)]
    bench.editor.script.append(is_fetched_late)
    async with bench.working():
        assert (await bench.until_final(second)).state is State.DONE
        assert (await bench.queue.status(first.id)).state is State.RUNNING
        assert (await bench.queue.status(third.id)).state is State.QUEUED
        assert bench.metric("qwenedit_worker_busy") == 1
        fetched.set()
        for job in (first, third):
            assert (await bench.until_final(job)).state is State.DONE
    assert [call.job.id for call in bench.editor.calls] == [first.id, second.id, third.id]
    assert bench.metric("qwenedit_worker_busy") == 0


async def test_picture_that_cannot_be_fetched_harms_its_own_job_alone(bench, unavailable):
    async def is_gone(on_progress):
        on_progress(Progress(EditStage.SENDING))
        await asyncio.sleep(0.05)
        raise unavailable(submitted=True)

    first, second = [await bench.enqueue(limits=ONE_ATTEMPT) for _ in range(2)]
    bench.editor.script.append(is_gone)
    async with bench.working():
        assert (await bench.until_final(first)).state is State.FAILED
        assert (await bench.until_final(second)).state is State.DONE


async def test_user_sees_the_phase_and_the_steps(bench):
    go_on = asyncio.Event()

    async def slowly(on_progress):
        on_progress(Progress(EditStage.EDITING, step=3, steps=4))
        await go_on.wait()

    bench.editor.script.append(slowly)
    job = await bench.enqueue()
    async with bench.working():
        status = await bench.until(job, lambda status: status.phase is Phase.EDITING)
        assert (status.state, status.step, status.steps) == (State.RUNNING, 3, 4)
        assert bench.metric("qwenedit_worker_busy") == 1
        go_on.set()
        await bench.until_final(job)
    assert bench.metric("qwenedit_worker_busy") == 0


@pytest.mark.parametrize(
    ("errors", "reason"),
    [
        ([PictureUnreadable("cannot identify image")], Reason.PICTURE_UNREADABLE),
        ([ExecutionFailed("said \ud800")], Reason.EXECUTION_FAILED),
        ([OutOfMemory("CUDA out of memory"), OutOfMemory("again")], Reason.OUT_OF_MEMORY),
    ],
)
async def test_error_that_another_attempt_would_meet_again_ends_the_job_at_once(bench, errors, reason):
    bench.editor.script.extend(errors)
    job = await bench.enqueue()
    async with bench.working():
        status = await bench.until_final(job)
    assert (status.state, status.reason) == (State.FAILED, reason)
    assert len(bench.editor.calls) == len(errors)
    assert attempts(bench, outcome="failed", reason=reason.value) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [(EditTimeout("no picture in time"), Reason.TIMEOUT), (ZeroDivisionError("a defect of ours"), Reason.UNKNOWN)],
)
async def test_error_that_is_not_the_jobs_leads_to_another_attempt_until_the_last(bench, error, reason):
    bench.editor.script.append(error)
    recovers = await bench.enqueue()
    async with bench.working():
        await bench.until(recovers, lambda status: status.reason is reason)
        await asyncio.sleep(0.06)
        await bench.queue.tick()
        assert (await bench.until_final(recovers)).state is State.DONE
        assert [call.attempt for call in bench.editor.calls] == [1, 2]

        bench.editor.script.append(error)
        hopeless = await bench.enqueue(limits=ONE_ATTEMPT)
        status = await bench.until_final(hopeless)
        assert (status.state, status.reason) == (State.FAILED, reason)
    assert bench.metric("qwenedit_redeliveries_total") == 1


async def test_comfyui_that_made_no_picture_proves_itself_before_its_worker_takes_another_job(bench, unavailable):
    async def fails(_on_progress):
        bench.server.problem = unavailable(submitted=False)
        raise unavailable(submitted=True)

    bench.editor.script.append(fails)
    first, second = await bench.enqueue(), await bench.enqueue()
    elsewhere = type(bench.editor)()
    async with bench.working() as parts:
        await bench.until(first, lambda status: status.state is State.DELAYED)
        assert not parts.watch.health().ok
        await asyncio.sleep(0.06)
        await bench.queue.tick()
        bench.server.problem = None
        async with bench.working(name="worker-2", editor=elsewhere):
            for job in (first, second):
                assert (await bench.until_final(job)).state is State.DONE


async def test_out_of_memory_is_tried_once_more_in_the_same_attempt(bench):
    bench.editor.script.append(OutOfMemory("CUDA out of memory"))
    job = await bench.enqueue()
    async with bench.working():
        assert (await bench.until_final(job)).state is State.DONE
    assert [call.attempt for call in bench.editor.calls] == [1, 1]
    assert bench.editor.calls[0].deadline == bench.editor.calls[1].deadline


async def test_picture_that_expired_ends_the_job(bench):
    job = await bench.enqueue(picture=None)
    async with bench.working():
        status = await bench.until_final(job)
    assert (status.state, status.reason) == (State.FAILED, Reason.PICTURE_EXPIRED)
    assert bench.editor.calls == []


async def test_job_whose_picture_redis_refuses_goes_back_unharmed(bench, monkeypatch):
    async def refuse(*_arguments):
        raise NoPermissionError("NOPERM this user has no permissions to run the 'get' command")

    monkeypatch.setattr(bench.store, "get", refuse)
    job = await bench.enqueue(limits=ONE_ATTEMPT)
    monkeypatch.setattr(chunks, "CHUNK", 0)  # no picture comes with the claim
    async with bench.working():
        status = await bench.until(job, lambda status: status.state is State.DELAYED)
    assert status.attempt == 0
    assert bench.editor.calls == []


async def test_no_job_is_taken_before_comfyui_is_ready_and_then_at_once(bench, unavailable):
    bench.server.problem = unavailable(submitted=False)
    job = await bench.enqueue()
    async with bench.working() as parts:
        await bench.until(job, lambda _status: bench.server.checks > 1)
        assert await bench.queue.waiting_ids() == [job.id]
        assert not parts.watch.health().ok
        bench.server.problem = None
        assert (await bench.until_final(job)).attempt == 1
        assert parts.watch.health().ok


@pytest.mark.parametrize("error", ["unavailable", "model missing"])
async def test_job_that_could_not_begin_goes_back_unharmed_until_comfyui_is_ready_again(bench, unavailable, error):
    problem = MISSING if error == "model missing" else unavailable(submitted=False)

    async def fails(_on_progress):
        bench.server.problem = problem
        raise problem

    bench.editor.script.append(fails)
    job = await bench.enqueue(limits=ONE_ATTEMPT)
    async with bench.working() as parts:
        await bench.until(job, lambda _status: bool(bench.editor.calls))
        status = await bench.until(job, lambda status: status.state is State.QUEUED)
        assert status.attempt == 0
        assert not parts.watch.ready.is_set()
        await asyncio.sleep(0.3)
        assert len(bench.editor.calls) == 1
        bench.server.problem = None
        status = await bench.until_final(job)
        assert (status.state, status.attempt) == (State.DONE, 1)
    assert bench.metric("qwenedit_queue_wait_seconds_count") == bench.metric("qwenedit_redeliveries_total") == 1


async def test_job_that_never_begins_on_a_ready_comfyui_is_counted_in_the_end(bench, unavailable):
    bench.editor.script.extend([unavailable(submitted=False)] * 3)
    job = await bench.enqueue(limits=ONE_ATTEMPT)
    async with bench.working():
        status = await bench.until_final(job)
    assert (status.state, status.reason) == (State.FAILED, Reason.COMFYUI_UNAVAILABLE)
    assert len(bench.editor.calls) == 3


@pytest.fixture
def comfyui_busy(bench):
    """Have each job wait inside ComfyUI for others' jobs, and be taken back if there are some after a while."""

    async def wait(_on_progress):
        for _ in range(30):
            if not bench.editor.has_others_jobs:
                return
            await asyncio.sleep(0.01)
        bench.editor.stopped.set()
        raise ComfyUIBusy("others' prompts came first")

    bench.editor.has_others_jobs = True
    bench.editor.first_stage = EditStage.QUEUED
    bench.editor.script.extend([wait] * 100)


@pytest.mark.usefixtures("comfyui_busy")
async def test_job_that_others_keep_waiting_goes_to_another_worker(bench):
    free = type(bench.editor)()
    async with bench.working():
        job = await bench.enqueue()
        await bench.until(job, lambda _status: bool(bench.editor.calls))
        async with bench.working(name="worker-2", editor=free):
            assert (await bench.until_final(job)).state is State.DONE
    assert (len(bench.editor.calls), len(free.calls)) == (1, 1)


async def test_comfyui_is_not_bothered_while_it_executes_and_the_worker_stays_ready(bench, unavailable):
    go_on = asyncio.Event()

    async def slowly(_on_progress):
        await go_on.wait()

    bench.editor.script.append(slowly)
    job = await bench.enqueue()
    async with bench.working() as parts:
        await bench.until(job, lambda _status: bool(bench.editor.calls))
        before = bench.server.checks
        bench.server.problem = unavailable(submitted=False)
        parts.watch._check_now.set()
        await asyncio.sleep(0.1)
        assert bench.server.checks == before
        assert parts.watch.health().ok
        go_on.set()
        await bench.until_final(job)


async def test_condemned_comfyui_fails_its_own_liveness_and_gets_no_job(bench, monkeypatch):
    monkeypatch.setattr("qwenedit_worker.timeouts.JUDGE", 0.05)

    async def liveness(parts, *, ok):
        async with asyncio.timeout(30):
            while parts.watch.comfyui_health().ok is not ok:
                await asyncio.sleep(0.01)
        return parts.watch.comfyui_health().reason

    async with bench.working() as parts:
        await asyncio.wait_for(parts.watch.ready.wait(), 30)
        assert await liveness(parts, ok=True) == "alive"
        bench.server.verdict_now = ExecutorVerdict(condemned=True, reason="2 prompts wait and none runs")
        assert await liveness(parts, ok=False) == "2 prompts wait and none runs"
        job = await bench.enqueue()
        await asyncio.sleep(0.7)

        async def waits():
            return await bench.queue.waiting_ids() == [job.id]

        await eventually(waits)  # a claim that waited in line has taken it, and gives it back
        assert bench.editor.calls == []
        assert not parts.watch.health().ok
        assert parts.activity.health().ok, "the worker itself is well"
        bench.server.verdict_now = ExecutorVerdict(condemned=False, reason="alive")
        assert (await bench.until_final(job)).state is State.DONE
        assert await liveness(parts, ok=True) == "alive"
    assert bench.metric("qwenedit_comfyui_zombie_verdicts_total") == 1


async def test_job_that_this_worker_cannot_read_is_left_unharmed_and_the_next_one_is_done(bench):
    strange, job = await bench.enqueue(), await bench.enqueue()
    payload = await bench.redis.hget(bench.keys.job(strange.id), "payload")
    await bench.redis.hset(bench.keys.job(strange.id), "payload", '{"from": "the future"}')
    async with bench.working():
        assert (await bench.until_final(job)).state is State.DONE
    assert await bench.redis.hmget(bench.keys.job(strange.id), "state", "attempt") == ["delayed", "0"]
    await bench.redis.hset(bench.keys.job(strange.id), "payload", payload)
    await bench.redis.zadd(bench.keys.delayed, {strange.id: 1})
    await bench.queue.tick()
    claim = await bench.queue.claim(worker="newer", token="t", lease=30)
    assert (claim.job, claim.attempt) == (strange, 1)
