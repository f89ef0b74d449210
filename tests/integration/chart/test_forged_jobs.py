"""What the bot makes of what a worker writes beside its jobs, with the worker's own Redis user."""

from __future__ import annotations

import json

import pytest
from redis.exceptions import ResponseError
from structlog.testing import capture_logs

from qwenedit_bot.edits.addresses import AddressedQueue, JobIds
from qwenedit_jobs import Done, Edit, Events, Job, Keys, Leases, QueueLimits, ReplyTo, Result, Settled, State
from qwenedit_jobs.lanes import Lanes
from qwenedit_jobs.queue.intake import Standing
from qwenedit_jobs.redis.state_layout import StateWatch, claim_state

KEYS = Keys()
IDS = JobIds("42:the-token-of-this-bot")
ANN, BEN = 1001, 1002
ASKED, SAID = 7, 8
"""A user's message, and the bot's that answers it."""
LAST_ID = "18446744073709551615-18446744073709551615"
"""After which a stream takes no entry."""


@pytest.fixture
async def queue(bot):
    await claim_state(bot, KEYS, bot_id=42)
    return AddressedQueue(bot, KEYS, ids=IDS, picture_ttl=60)


def job_of(user, message=ASKED):
    return Job(
        id=IDS(user, message),
        user_id=user,
        edit=Edit(prompt="make it snow", pictures=("a",), seed=1),
        reply=ReplyTo(chat_id=user, placeholder_id=SAID, source_message_id=message, language="en"),
    )


async def accepted(queue, job):
    await queue.enqueue(job, QueueLimits(), sources=IDS.signed(job.id, "where from"))
    return job


def forged(job, *, reply=None, edit=None, **fields):
    """Return the payload of a job with other fields."""
    payload = json.loads(job.model_dump_json()) | fields
    payload["reply"] |= reply or {}
    payload["edit"] |= edit or {}
    return json.dumps(payload)


CHANGES = {
    "the chat": {"reply": {"chat_id": BEN}},
    "the message that it answers": {"reply": {"source_message_id": 9}},
    "the message that becomes the picture": {"reply": {"placeholder_id": 3}},
    "the topic": {"reply": {"thread_id": 3}},
    "the user": {"user_id": BEN},
    "the instruction": {"edit": {"prompt": "something else"}},
    "the workflow": {"edit": {"workflow": "larger"}},
    "another job's ID": {"id": "0" * 16},
}
FIELDS = {
    "no job": {"payload": "{}"},
    "the user whose count it is": {"user": str(BEN)},
    "the sources": {"sources": "others' photos"},
    "that it was answered": {"answered_at": "1", "answer": "picture", "shown": "0"},
    "its number of attempts": {"max_attempts": "1000"},
    "which of its ends this is": {"requeued": "7"},
}


@pytest.mark.parametrize("fields", [*CHANGES.values(), *FIELDS.values()], ids=[*CHANGES, *FIELDS])
async def test_bot_acts_on_nothing_of_a_job_that_a_worker_has_changed(queue, worker, fields):
    job = await accepted(queue, job_of(ANN))
    before = await queue.status(job.id)
    await worker.hset(
        KEYS.job(job.id), mapping=fields if fields in FIELDS.values() else {"payload": forged(job, **fields)}
    )
    assert await queue.status(job.id) == before
    assert (before.job, before.sources, before.answered) == (job, "where from", False)


async def test_job_that_a_worker_makes_up_is_nobodys(queue, bot, worker):
    real = await accepted(queue, job_of(ANN))
    fields = await bot.hgetall(KEYS.job(real.id))
    made_up = job_of(BEN)  # whose ID it has seen before
    await worker.hset(KEYS.job(made_up.id), mapping=fields | {"payload": made_up.model_dump_json()})
    with capture_logs() as logs:
        for _ in range(3):
            assert (await queue.status(made_up.id)).job.reply is None
    assert [(line["event"], line["job"]) for line in logs] == [("job.forged", made_up.id)]


async def test_job_that_a_worker_writes_again_after_it_was_forgotten_is_nobodys(queue, bot, worker):
    job = await accepted(queue, job_of(ANN))
    fields = await bot.hgetall(KEYS.job(job.id))
    assert await queue.cancel(job.id) == "cancelled"
    await queue.answered(job.id, ending=0)
    assert await queue.forget_job(job.id)
    await worker.hset(KEYS.job(job.id), mapping=fields)
    assert (await queue.status(job.id)).job.reply is None


@pytest.mark.parametrize("before", [True, False])
async def test_job_of_a_release_that_kept_no_record_is_answered_until_a_day_after_the_upgrade(queue, bot, before):
    job = await accepted(queue, job_of(ANN))
    other = await accepted(queue, job_of(BEN))
    await bot.delete(KEYS.accepted(job.id), KEYS.accepted(other.id))
    if before:  # its bot has written here
        await bot.hset(KEYS.layout, "noted", "1")
        await bot.hdel(KEYS.layout, "recorded")
    await bot.hset(KEYS.job(other.id), "payload", forged(other, reply={"chat_id": ANN}))
    replies = [job.reply if before else None, None]
    for _ in range(2):
        assert [status.job.reply for status in await queue.statuses([job.id, other.id])] == replies
        await StateWatch(bot, KEYS, 42).tick()
    await bot.hset(KEYS.layout, "unrecorded_until", "1")
    assert (await queue.status(job.id)).job.reply is None


async def test_job_is_there_for_the_release_before_as_well(queue, bot):
    """After going back to it: it reads the job's hash alone."""
    job = await accepted(queue, job_of(ANN))
    await queue.reword(job.model_copy(update={"edit": job.edit.model_copy(update={"prompt": "other words"})}))
    await queue.cancel(job.id)
    await queue.answered(job.id, ending=0, how="cancelled")
    now = await queue.status(job.id)
    fields = await bot.hgetall(KEYS.job(job.id))
    assert Job.model_validate_json(fields["payload"]) == now.job
    assert float(fields["answered_at"]) / 1000 == now.answered_at
    assert (fields["answer"], IDS.proven(job.id, fields["sources"])) == (now.answer, now.sources)


# ---------------------------------------------------------------- beside its jobs


@pytest.mark.parametrize("forged_ids", [3, 5_000])
async def test_made_up_ids_among_a_users_jobs_keep_nobody_from_asking(queue, worker, forged_ids):
    job, others = await accepted(queue, job_of(ANN)), await accepted(queue, job_of(BEN))
    made_up = [f"{number:016x}" for number in range(forged_ids)]
    await worker.hset(KEYS.job(made_up[0]), mapping={"state": "running", "user": str(ANN)})
    await worker.sadd(KEYS.user(ANN), others.id, *made_up)
    assert (await queue.standing("1", ANN, most=2)).unfinished <= 1
    await worker.sadd(KEYS.user(ANN), *made_up)
    assert await queue.enqueue(job_of(ANN, message=9), QueueLimits(max_unfinished_per_user=2)) is State.QUEUED
    if forged_ids < 1_000:
        assert await queue.standing(job.id, ANN, most=2) == Standing(known=1, waiting=3, unfinished=2)
        assert set(await queue.unfinished_ids_of(ANN)) == {job.id, IDS(ANN, 9)}


@pytest.mark.parametrize("kept", [{}, {"maxlen": 0, "approximate": False}], ids=["an entry", "no entry"])
async def test_entry_with_the_last_id_ends_no_answers(queue, bot, worker, kept):
    await accepted(queue, job_of(ANN))
    claim = await Leases(worker, KEYS).claim(worker="w", token="t", lease=30)
    assert claim is not None
    await worker.xadd(KEYS.events, {"id": "x", "state": "done"}, id=LAST_ID, **kept)
    done = Done(Result(picture=f"{claim.job.id}:out:1", seed=1, seconds=1.0))
    with pytest.raises(ResponseError):
        await Leases(worker, KEYS).settle(claim.job.id, "t", done)
    await Events(bot, KEYS, Lanes(bot, KEYS.answers)).drain()
    await queue.make_room()  # as the janitor does every 15 s
    assert await Leases(worker, KEYS).settle(claim.job.id, "t", done) is Settled.DONE
    assert await bot.xlen(KEYS.events) == 1


async def test_end_of_a_job_waits_in_the_lane_of_the_chat_that_asked(queue, bot, worker):
    job = await accepted(queue, job_of(ANN))
    await worker.hset(KEYS.job(job.id), "payload", forged(job, reply={"chat_id": BEN}))
    await queue.cancel(job.id)
    answers = Lanes(bot, KEYS.answers)
    await Events(bot, KEYS, answers).drain()
    assert (len(await answers.of_lane(str(ANN))), await answers.of_lane(str(BEN))) == (1, {})
