"""The status names what goes wrong while jobs run: ComfyUI that hangs, workers that are killed or fail."""

from __future__ import annotations

import re

import pytest
import structlog

from qwenedit_jobs import Done, Fail, Phase, Reason, Result, Retry, durations
from qwenedit_jobs.errors import AnotherBotError
from qwenedit_jobs.lanes import Lanes
from qwenedit_jobs.redis.state_layout import StateWatch, claim_state
from qwenedit_jobs.workers.registry import Trouble
from tests.integration.cli.conftest import about, line_of, row

NONE = "none seen from here"


@pytest.fixture(autouse=True)
async def leading_bot(desk):
    await desk.redis.set(desk.keys.leader, "bot-0")


async def trouble(desk):
    return line_of(await desk.ask("status"), "trouble")


async def running(desk, workers, *, ran, stood, worker="gpu-1", number=1):
    """Have a job that began, and stands at a step, since so many seconds."""
    identity = await desk.enqueue(number)
    await desk.claim(worker=worker, token=f"{number}")
    await desk.queue.heartbeat(identity, f"{number}", phase=Phase.EDITING, step=2, steps=4)
    seconds, _ = await desk.redis.time()
    since = {"started_at": (seconds - ran) * 1000, "moved_at": (seconds - stood) * 1000}
    await desk.redis.hset(desk.keys.job(identity), mapping=since)
    await workers.beat(about(worker))
    return identity


async def failed(desk, number, *, worker="gpu-1", reason=Reason.SERVER_OUT_OF_MEMORY):
    identity = await desk.enqueue(number)
    await desk.claim(worker=worker, token=f"{number}")
    await desk.queue.settle(identity, f"{number}", Fail(reason))


async def done(desk, number):
    identity = await desk.enqueue(number)
    await desk.claim(worker="gpu-2", token=f"{number}")
    await desk.queue.settle(identity, f"{number}", Done(Result(picture="p", seed=1, seconds=1.0)))


async def test_status_names_the_job_that_hangs_with_its_step_and_the_usual_time(desk, workers):
    await desk.redis.rpush(desk.keys.durations(""), "3.9", "4.1", "200")
    identity = await running(desk, workers, ran=41, stood=40)
    await running(desk, workers, ran=40, stood=40, worker="gpu-2", number=2)
    told = rf"QweneditQueueStuck: job {identity[:8]} has stood at editing 2/4 for [4-9]\d s where jobs take 4 s"
    assert re.fullmatch(f"{told}; 1 more likewise", await trouble(desk))


async def test_progress_of_a_job_says_when_its_step_moved(desk, workers):
    await desk.redis.rpush(desk.keys.durations(""), "4")
    identity = await running(desk, workers, ran=60, stood=50)
    assert "QweneditQueueStuck" in await trouble(desk)
    await desk.queue.heartbeat(identity, "1", phase=Phase.EDITING, step=3, steps=4)
    assert await trouble(desk) == NONE


async def test_worker_that_is_silent_with_a_job_in_hand_is_trouble_and_no_hang(desk, workers):
    identity = await running(desk, workers, ran=200, stood=190)
    await desk.redis.zadd(desk.keys.workers, {"gpu-1": await desk.ago(40)})
    told = rf"QweneditWorkersLost: worker gpu-1 is silent for \d\d s with job {identity[:8]}"
    assert re.match(told, await trouble(desk))


async def test_jobs_that_lose_their_worker_are_trouble_wherever_they_are(desk, workers):
    await workers.beat(about("gpu-1"))
    for number in range(3):
        identity = await desk.enqueue(number)
        await desk.claim(worker="gpu-9", token=f"{number}")
        await desk.redis.zadd(desk.keys.leases, {identity: 1})
        await desk.queue.tick()
    told = "QweneditWorkersLost: the last 3 jobs failed, or their last attempt did (worker_lost)"
    assert await trouble(desk) == told


async def test_status_tells_failures_by_reason_and_by_worker(desk, workers):
    """A worker that is idle, with its GPU's memory free, may fail at each job."""
    await workers.beat(about("gpu-1"))
    await workers.beat(about("gpu-2"))
    for number in range(3):
        assert await trouble(desk) == NONE
        await failed(desk, number)
    pausing = await desk.enqueue(3)
    await desk.claim(token="p")
    await desk.queue.settle(pausing, "p", Retry(Reason.TIMEOUT))
    await done(desk, 4)
    said = await desk.ask("status")
    assert line_of(said, "ended") == (
        "in 15 min: 1 done, 3 failed, 0 cancelled; jobs that failed, or whose last attempt did: "
        "server_out_of_memory: 3, timeout: 1"
    )
    told = "of the last 5 jobs 4 failed, or their last attempt did (server_out_of_memory, timeout)"
    assert line_of(said, "trouble") == f"QweneditJobsFailFast: {told}"
    assert " 4 " in row(said, "gpu-1")
    for number in range(5, 9):
        await done(desk, number)
    assert await trouble(desk) == NONE
    for identity in await desk.queue.ended_ids():
        await desk.redis.zadd(desk.keys.ended, {identity: await desk.ago(16 * 60)})
    assert line_of(await desk.ask("status"), "ended").startswith("in 15 min: 0 done, 0 failed, 0 cancelled")


async def test_failures_that_are_over_are_told_as_over(desk):
    for number in range(5):
        await failed(desk, number)
    await done(desk, 10)
    await done(desk, 11)
    assert "QweneditJobsFailFast: of the last 7 jobs 5 failed" in await trouble(desk)
    await done(desk, 12)
    assert await trouble(desk) == NONE
    said = line_of(await desk.ask("status"), "ended")
    assert said.endswith("server_out_of_memory: 5. That's over: the last 3 have their pictures")


async def test_job_that_waits_longer_than_a_cold_start_is_trouble_while_each_ready_worker_is_busy(desk, workers):
    await running(desk, workers, ran=10, stood=1)
    waiting = await desk.enqueue(2)
    assert await trouble(desk) == NONE
    await desk.redis.hset(desk.keys.job(waiting), "enqueued_at", await desk.ago(400))
    told = "the next job has waited for 7 min, and all 1 ready workers are busy: `kubectl -n "
    assert (await trouble(desk)).startswith(f"QweneditAnswersLateFast: {told}")
    await workers.beat(about("gpu-2", ready=False, problem="ComfyUI was not reached yet"))
    assert (await trouble(desk)).startswith(f"QweneditNoWorker: {told}")


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("flood", "next try in 60 min: Telegram told the bot to wait (429)"),
        ("TelegramUnavailableError: 401", "TelegramUnavailableError: 401"),
        ("memory", "next try in 60 min: the bot's memory for pictures is taken"),
    ],
)
async def test_status_names_what_the_oldest_answer_waits_for(desk, why, said):
    lanes = Lanes(desk.redis, desk.keys.answers, name="bot-0")
    for age, identity in ((300, "feedfacefeedface"), (200, "0123456789abcdef")):
        await lanes.put(identity, f"{await desk.ago(age)}-0", f'{{"id": "{identity}", "state": "done"}}')
    [entry, _other], _wait = await lanes.next(2)
    await lanes.park(entry, 3600.0, why=why)
    told = await trouble(desk)
    assert told.startswith(
        "QweneditAnswersLateFast: job feedface ended 5 min ago, and its user has no answer: next try in"
    )
    assert told.endswith(said)
    assert "job feedfacefeedface, which ended 5 min ago" in line_of(await desk.ask("status"), "answers")


async def test_answer_that_its_chat_refuses_is_no_trouble_and_hides_none(desk):
    lanes = Lanes(desk.redis, desk.keys.answers, name="bot-0")
    await lanes.put("blocked", f"{await desk.ago(9_000)}-0", '{"id": "feedfacefeedface", "state": "done"}')
    [entry], _wait = await lanes.next(1)
    await lanes.park(entry, 3600.0, why="chat")
    assert await trouble(desk) == NONE
    await lanes.put("other", f"{await desk.ago(90)}-0", '{"id": "0123456789abcdef", "state": "done"}')
    told = r"QweneditAnswersLateFast: job 01234567 ended \d+ s ago, and its user has no answer: due"
    assert re.fullmatch(told, await trouble(desk))


@pytest.mark.parametrize("age", [5, 80])
async def test_update_that_is_not_handled_is_told_with_its_age(desk, age):
    seconds, _ = await desk.redis.time()
    lanes = Lanes(desk.redis, desk.keys.inbox, name="bot-0")
    await lanes.put("7", "1", f'{{"message": {{"date": {seconds - age}, "reply_to_message": {{"date": 1700000000}}}}}}')
    await lanes.next(1)
    said = await desk.ask("status")
    told = re.match(
        r"1 not yet handled, the oldest for (\d+) s: the bot handles it.*doesn't come", line_of(said, "updates")
    )
    assert told
    assert age <= int(told[1]) < age + 60


async def test_request_that_failed_before_is_told_with_its_error(desk):
    lanes = Lanes(desk.redis, desk.keys.backlog, name="bot-0")
    await lanes.put("7", "0123456789abcdef", "{}")
    [entry], _due = await lanes.next(1)
    await lanes.park(entry, 20.0, failed=True, why="TelegramUnavailableError: file server: TimeoutError")
    told = r"1 not yet in line; the first: refused 1 times, next try in \d+ s: TelegramUnavailableError: file server"
    assert re.match(told, line_of(await desk.ask("status"), "requests"))


async def test_data_that_was_lost_is_logged_until_the_bot_starts_again(desk, monkeypatch):
    watch = StateWatch(desk.redis, desk.keys, 42)
    await claim_state(desk.redis, desk.keys, bot_id=42)
    await watch.tick()
    await desk.redis.delete(desk.keys.layout)
    with structlog.testing.capture_logs() as said:
        await watch.tick()
        await watch.tick()
        monkeypatch.setattr(durations, "LOG", -1.0)
        await watch.tick()
    assert [each["event"] for each in said] == ["redis.lost_data"] * 2
    with pytest.raises(AnotherBotError):
        await claim_state(desk.redis, desk.keys, bot_id=43)  # the note is there again


@pytest.mark.parametrize(("ago", "lost"), [(10, []), (3600, ["redis.lost_data"])], ids=["a crash", "older data"])
async def test_older_data_is_lost_data(desk, ago, lost):
    watch = StateWatch(desk.redis, desk.keys, 42)
    await claim_state(desk.redis, desk.keys, bot_id=42)
    await watch.tick()
    seconds, _ = await desk.redis.time()
    await desk.redis.hset(desk.keys.layout, "noted", seconds - ago)
    with structlog.testing.capture_logs() as said:
        await watch.tick()
    assert [each["event"] for each in said] == lost


async def test_status_without_a_leader_says_so_to_a_user_who_may_see_that_alone(desk, monkeypatch):
    await desk.redis.delete(desk.keys.leader)
    async with desk.limited(monkeypatch, "~*", "+@all", "-hlen", "-xlen"):
        assert (await trouble(desk)).startswith("QweneditBotDown: no bot leads, so users get no answers: `kubectl")


async def warned(desk, workers, event, words, *, ago=4.0, count=1, name="bot-0", part="bot", **facts):
    seconds, _ = await desk.redis.time()
    said = Trouble(event=event, words=words, count=count, since=seconds - ago - 40, at=seconds - ago)
    await workers.beat(about(name, part=part, troubles=(said,), **facts))


@pytest.mark.parametrize(
    ("event", "words", "page"),
    [
        ("polling.conflict", "cause=Conflict: terminated by other getUpdates request", "QweneditTelegramRejects"),
        ("scheduler.retry", "error=TelegramUnavailableError: 5xx", "QweneditTelegramRejects"),
        ("call.slow", "call=download photo", "QweneditTelegramRejects"),
        ("webhook.not_delivered", "reason=Wrong response from the webhook: 502", "QweneditTelegramRejects"),
        ("bot.refused", "TokenRefusedError: Telegram no longer knows this token", "QweneditBotDown"),
        ("bot.refused", "PictureStoreRefusedError: AccessDenied", "QweneditPictureStoreFails"),
        ("moderation.failed", "stage=request error=status 500", "QweneditModerationFails"),
        ("call.slow", "call=moderate request", "QweneditModerationFails"),
        ("call.slow", "call=comfyui GET /history", "QweneditAnswersLateFast"),
        ("backlog.not_submitted", "error=PictureStoreUnavailableError", "QweneditPictureStoreFails"),
        ("loop.redis_unavailable", "error=MISCONF Redis is configured to", "QweneditRedisDiskFull"),
        ("answers.redis_unavailable", "error=ConnectionError: max number of clients", "QweneditBotDown"),
        ("comfyui.not_ready", "reason=Connect call failed", "QweneditNoWorker"),
        ("job.lease_expired", "worker=gpu-1", "QweneditWorkersLost"),
        ("redis.lost_data", "reason=it is another one", "QweneditBotDown"),
    ],
)
async def test_warning_of_a_part_is_trouble_with_its_page_and_its_words(desk, workers, event, words, page):
    await warned(desk, workers, event, words, count=3)
    told = rf"{page}: bot-0, [4-9] s ago, 3 times in 40 s: {event} {re.escape(words)}"
    assert re.match(told, await trouble(desk))


async def test_warnings_that_are_over_are_told_below(desk, workers):
    await warned(desk, workers, "polling.conflict", "cause=two", ago=100.0)
    await warned(desk, workers, "job.settled", "reason=comfyui_unavailable", name="gpu-1", part="worker")
    said = await desk.ask("status")
    assert line_of(said, "trouble") == NONE
    assert re.search(r"Warned: bot-0, 10\d s ago: polling.conflict cause=two", said.out)
    assert re.search(r"Warned: gpu-1, \d s ago: job.settled reason=comfyui_unavailable", said.out)


async def test_part_that_is_heard_reaches_redis_again(desk, workers):
    words = "error=ConnectionError: Error 111 connecting to redis:6379"
    await warned(desk, workers, "answers.redis_unavailable", words, ago=4.0)
    assert (await trouble(desk)).startswith("QweneditBotDown: bot-0, ")
    await warned(desk, workers, "answers.redis_unavailable", words, ago=30.0)
    assert await trouble(desk) == NONE


async def test_words_of_a_part_that_has_fallen_silent_are_told(desk, workers):
    await warned(desk, workers, "bot.refused", "TokenRefusedError: revoked")
    await desk.redis.zadd(desk.keys.workers, {"bot-0": await desk.ago(70)})
    assert (await trouble(desk)).startswith("QweneditBotDown: bot-0, ")


async def test_worker_that_was_heard_before_is_named_if_none_is_ready(desk, workers):
    await workers.beat(about("gpu-1"))
    await desk.redis.zadd(desk.keys.workers, {"gpu-1": await desk.ago(90)})
    await desk.enqueue(1)
    said = await desk.ask("status")
    told = r"Worker gpu-1 was last heard 9\d s ago, and Redis answers here: `kubectl -n \w+ logs gpu-1 -c worker"
    assert re.search(told, line_of(said, "trouble"))
    assert line_of(said, "workers") == "0 up, 0 of them ready; 1 silent"
