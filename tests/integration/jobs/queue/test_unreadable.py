"""A job that this version cannot read is left where it stands, and everybody beside it goes on."""

from __future__ import annotations

import tracemalloc

import pytest

from qwenedit_jobs import Cancelled, RedisSettings, State
from qwenedit_jobs.cli.installation import Installation
from qwenedit_jobs.cli.jobs import jobs_list, jobs_show
from qwenedit_jobs.cli.status import status as status_command
from qwenedit_jobs.queue.operator_queue import Requeued

STRANGE: dict[str, dict[str, str | bytes]] = {
    "a state of another version": {"state": "upscaling"},
    "no number of attempts": {"attempt": "many"},
    "a payload of another version": {"payload": '{"from": "the future"}'},
    "a time that is none": {"enqueued_at": "yesterday"},
    "a time after all calendars": {"enqueued_at": "9" * 400},
    "a state that is no text": {"state": b"\xff"},
    "a payload that is no text": {"payload": b'{"id": "\xff"}'},
}


@pytest.fixture
def queue(desk):
    return desk.operated


def installation(desk):
    return Installation(desk.redis, desk.redis, RedisSettings())


async def spoil(desk, number, fields):
    job = await desk.enqueued(number)
    for key in (desk.keys.job(job.id), desk.keys.accepted(job.id)):
        await desk.redis.hset(key, mapping=fields)
    return job


@pytest.mark.parametrize("fields", STRANGE.values(), ids=STRANGE)
async def test_unreadable_job_hides_no_other_from_anybody_who_looks(desk, queue, fields):
    job, other = await spoil(desk, 1, fields), await desk.enqueued(2)
    assert await queue.status(job.id) is None
    assert [status.job for status in await queue.statuses(await queue.unfinished_ids())] == [other]
    assert [record.id for record in await queue.records([job.id, other.id])] == [job.id, other.id]
    assert "2 waiting" in (await status_command(installation(desk))).text
    listed = await jobs_list(installation(desk))
    assert {job.id, other.id} <= set(listed.text.split())


@pytest.mark.parametrize("name", ["a state of another version", "no number of attempts"])
async def test_unreadable_job_is_shown_raw_without_its_users_words(desk, queue, name):
    job = await spoil(desk, 1, STRANGE[name])
    shown = (await jobs_show(installation(desk), start=job.id)).text
    assert "not readable by this version" in shown
    [(field, value)] = STRANGE[name].items()
    assert [field, value] in [line.split(maxsplit=1) for line in shown.splitlines()]
    assert "make it snow" not in shown


@pytest.mark.parametrize("name", [name for name in STRANGE if "payload" not in name])
async def test_unreadable_job_first_in_line_goes_to_the_dead_and_the_next_one_is_claimed(desk, name):
    job, other = await spoil(desk, 1, STRANGE[name]), await desk.enqueued(2)
    assert (await desk.queue.claim(worker="w", token="t", lease=30)).job == other
    assert await desk.places(job.id) == ["dead"]
    assert await desk.redis.exists(desk.keys.job(job.id))


async def test_unreadable_job_is_neither_accepted_again_nor_moved_by_hand(desk, queue):
    job = await spoil(desk, 1, {"state": "upscaling"})
    assert await queue.enqueue(job, desk.limits) is State.RUNNING
    assert await queue.cancel(job.id) is Cancelled.UNKNOWN
    assert await queue.requeue(job.id) == (Requeued.UNKNOWN, None)
    assert await desk.places(job.id) == ["line"]


@pytest.mark.parametrize("fields", STRANGE.values(), ids=STRANGE)
async def test_unreadable_job_is_erased_with_its_user_wherever_it_stands(desk, queue, fields):
    job = await desk.enqueued(1)
    await desk.redis.set(desk.keys.picture(job.edit.pictures[0]), "x")
    await desk.queue.claim(worker="w", token="t", lease=30)
    for key in (desk.keys.job(job.id), desk.keys.accepted(job.id)):
        await desk.redis.hset(key, mapping=fields)
    assert await queue.erase_unreadable(job.id)
    assert not await queue.erase_unreadable(job.id)
    left = set(await desk.redis.keys("*")) - {desk.keys.time, desk.keys.claim_prefix + "t"}
    assert left <= {desk.keys.picture(job.edit.pictures[0])} if "payload" in fields else left == set()
    assert await desk.queue.heartbeat(job.id, "t", lease=30) == "lost"


ENDLESS: dict[str, dict[str, str]] = {
    "endless attempts": {"attempt": "inf"},
    "a number of attempts that is none": {"attempt": "nan", "max_attempts": "many"},
    "a begin without end": {"started_at": "inf"},
    "a pause that is no number": {"delays": "[NaN]"},
    "a patience that is none": {"expires_at": "long", "max_wait": "nan"},
}


@pytest.mark.parametrize("fields", ENDLESS.values(), ids=ENDLESS)
async def test_job_with_endless_numbers_keeps_the_janitor_from_no_other(desk, fields):
    strange, other = await desk.claimed("a", number=1), await desk.claimed("b", number=2)
    await desk.redis.hset(desk.keys.job(strange.job.id), mapping=fields)
    for claim in (strange, other):
        await desk.expire(claim.job.id)
    assert other.job.id in {lost.job_id for lost in (await desk.queue.tick()).lost}
    assert await desk.places(other.job.id) == ["delayed"]
    assert await desk.places(strange.job.id) != ["leases"]


LARGE = "x" * 20_000_000


async def test_value_that_workers_put_where_jobs_stand_is_never_read_at_length(desk, queue):
    """The same of ids, of a lost attempt's fields, and of a state that no version has."""
    lost, waiting = await desk.claimed(number=2), await desk.enqueued(1)
    await desk.redis.hset(desk.keys.job(lost.job.id), mapping={"worker": LARGE, "trace_context": LARGE})
    await desk.expire(lost.job.id)
    await desk.redis.hset(desk.keys.job(desk.job(3).id), "state", LARGE)
    await desk.redis.rpush(desk.keys.job_queue, LARGE)
    await desk.redis.sadd(desk.keys.user(1), LARGE)
    for places in (desk.keys.leases, desk.keys.draining, desk.keys.delayed):
        await desk.redis.zadd(places, {LARGE: 1})
    tracemalloc.start()
    try:
        assert (await queue.window(skip=0, count=9, others=9)).positions[waiting.id] == 2
        await queue.unfinished_ids_of(1)
        assert await queue.enqueue(desk.job(3), desk.limits) is State.RUNNING
        [attempt] = (await queue.tick()).lost
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert attempt.job_id == lost.job.id
    assert await desk.redis.zcard(desk.keys.delayed) == 1
    assert peak < 2_000_000
