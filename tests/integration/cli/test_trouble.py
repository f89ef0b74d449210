"""The status names what goes wrong while jobs run: ComfyUI that hangs, workers that are killed or fail."""

from __future__ import annotations

import re

import pytest

from qwenedit_jobs import Phase, Reason, Result
from qwenedit_jobs.lanes import Lanes
from tests.integration.cli.conftest import about, line_of, row

NONE = "none that is seen here"


@pytest.fixture(autouse=True)
async def leading_bot(desk):
    await desk.redis.set(desk.keys.leader, "bot-0")


async def running(desk, workers, *, ran, stood, worker="gpu-1", number=1):
    """Have a job that began, and stands at a step, since so many seconds."""
    identity = await desk.enqueue(number)
    await desk.claim(worker=worker, token=f"{number}")
    await desk.queue.progress(identity, f"{number}", Phase.EDITING, step=2, steps=4)
    seconds, _ = await desk.redis.time()
    times = {"started_at": (seconds - ran) * 1000, "moved_at": (seconds - stood) * 1000}
    await desk.redis.hset(desk.keys.job(identity), mapping=times)
    await workers.beat(about(worker, limit=300))
    return identity


async def lost(desk, number):
    """Have a worker die with a job in hand, and its lease run out."""
    identity = await desk.enqueue(number)
    await desk.claim(worker="gpu-9", token=f"lost {number}")
    await desk.redis.zadd(desk.keys.leases, {identity: 1})
    await desk.queue.reap()
    return identity


async def quiet(desk, worker):
    """Have a worker give no sign of life for a while."""
    seconds, _ = await desk.redis.time()
    await desk.redis.zadd(desk.keys.workers, {worker: (seconds - 40) * 1000})


async def test_status_names_the_job_that_hangs_with_its_step_and_the_usual_time(desk, workers):
    await desk.redis.rpush(desk.keys.durations(""), "3.9", "4.1", "200")
    identity = await running(desk, workers, ran=41, stood=40)
    await running(desk, workers, ran=40, stood=40, worker="gpu-2", number=2)
    said = await desk.ask("status")
    long = r"[4-9]\d s"
    told = rf"QweneditQueueStuck: job {identity[:8]} has run for {long} where jobs take 4 s, at editing 2/4 for {long}"
    assert re.fullmatch(f"{told}; 1 more likewise", line_of(said, "trouble")), said.out
    assert re.search(rf"{long} +4 s +editing 2/4", row(said, "gpu-1"))
    [one, _other] = (await desk.ask("status", "--json")).json["workers"]
    assert one["usual"] == 4.1


@pytest.mark.parametrize("times", [["nonsense"], "another type"])
async def test_status_without_a_readable_usual_time_tells_the_rest(desk, workers, times):
    if isinstance(times, list):
        await desk.redis.rpush(desk.keys.durations(""), *times)
    else:
        await desk.redis.set(desk.keys.durations(""), times)
    identity = await running(desk, workers, ran=130, stood=125)
    said = await desk.ask("status")
    assert line_of(said, "trouble").startswith(f"QweneditQueueStuck: job {identity[:8]} has run for 2 min, at editing")


async def test_progress_of_a_job_says_when_its_step_moved(desk, workers):
    await desk.redis.rpush(desk.keys.durations(""), "4")
    identity = await running(desk, workers, ran=60, stood=50)
    assert "QweneditQueueStuck" in line_of(await desk.ask("status"), "trouble")
    await desk.queue.progress(identity, "1", Phase.EDITING, step=3, steps=4)
    assert line_of(await desk.ask("status"), "trouble") == NONE


async def test_status_names_a_job_that_goes_on_and_nears_the_limit_of_its_attempt(desk, workers):
    identity = await running(desk, workers, ran=250, stood=2)
    assert line_of(await desk.ask("status"), "trouble") == (
        f"QweneditJobsFailFast: job {identity[:8]} has run for 4 min, and counts as failed after 5 min"
    )


async def test_status_counts_the_jobs_that_lost_their_worker_wherever_they_are_now(desk, workers):
    await workers.beat(about("gpu-1"))
    jobs = [await lost(desk, number) for number in range(2)]
    await desk.ask("jobs", "requeue", jobs[0])
    await desk.claim(token="second")  # the job that lost its worker runs again
    await desk.queue.complete(jobs[0], "second", Result(picture="p", seed=1, seconds=1.0))
    assert line_of(await desk.ask("status"), "trouble") == NONE
    await lost(desk, 2)
    told = r"QweneditWorkersLost: jobs lost their worker 3 times in the last hour, the last \d+ s ago"
    assert re.fullmatch(told, line_of(await desk.ask("status"), "trouble"))
    lines = await desk.redis.hget(desk.keys.job(jobs[1]), "attempts")
    seconds, _ = await desk.redis.time()
    old = re.sub(r'("ended_at":"?)\d+', rf"\g<1>{(seconds - 3_700) * 1000}", lines)
    assert old != lines
    await desk.redis.hset(desk.keys.job(jobs[1]), "attempts", old)
    assert line_of(await desk.ask("status"), "trouble") == NONE


async def test_status_says_when_each_worker_was_lost_with_the_same_job(desk):
    identity = await desk.enqueue(1)
    for number in range(3):
        if number:
            await desk.ask("jobs", "requeue", identity)
        await desk.claim(token=f"{number}")
        await desk.redis.zadd(desk.keys.leases, {identity: 1})
        await desk.queue.reap()
    assert f"3 times in the last hour, job {identity[:8]} each time, the last" in (await desk.ask("status")).out


async def test_lost_job_is_trouble_while_a_worker_is_silent(desk, workers):
    await workers.beat(about("gpu-9"))
    await quiet(desk, "gpu-9")
    assert line_of(await desk.ask("status"), "trouble") == NONE
    await lost(desk, 1)
    told = (
        r"QweneditWorkersLost: jobs lost their worker once in the last hour, the last \d+ s ago; worker gpu-9 is silent"
    )
    assert re.fullmatch(told, line_of(await desk.ask("status"), "trouble"))


async def test_worker_that_is_silent_with_a_job_in_hand_is_trouble_and_no_hang(desk, workers):
    identity = await running(desk, workers, ran=200, stood=190)
    await quiet(desk, "gpu-1")
    told = f"QweneditWorkersLost: worker gpu-1 is silent with job {identity[:8]} in hand"
    assert line_of(await desk.ask("status"), "trouble") == told


async def test_worker_is_failing_until_an_attempt_succeeds(desk, workers):
    await workers.beat(about("gpu-1"))
    for number in range(9, 13):
        done = await desk.enqueue(number)
        await desk.claim(token=f"{number}")
        await desk.queue.complete(done, f"{number}", Result(picture="p", seed=1, seconds=1.0))
    for number in range(3):
        identity = await desk.enqueue(number)
        await desk.claim(token=f"{number}")
        await desk.queue.fail(identity, f"{number}", Reason.SERVER_OUT_OF_MEMORY)
        failing = "failing" in row(await desk.ask("status"), "gpu-1")
        assert failing is (number == 2)
    told = "QweneditJobsFailFast: the last 3 attempts of worker gpu-1 failed (server_out_of_memory)"
    assert line_of(await desk.ask("status"), "trouble") == told
    done = await desk.enqueue(4)
    await desk.claim(token="d")
    await desk.queue.complete(done, "d", Result(picture="p", seed=1, seconds=1.0))
    said = await desk.ask("status")
    assert "3 of 8" in row(said, "gpu-1")
    assert "failing" not in said.out.lower()
    assert line_of(said, "trouble") == NONE


async def test_list_without_jobs_says_that_answers_are_to_be_given(desk):
    await Lanes(desk.redis, desk.keys.answers, name="bot-0").put("chat", "1-0", '{"id": "a", "state": "done"}')
    said = await desk.ask("jobs", "list")
    assert said.out.strip() == (
        "None: no job waits, runs or is between attempts. Answers to be given: 1; "
        "`qwenedit jobs list --all` shows the jobs that ended, too."
    )
