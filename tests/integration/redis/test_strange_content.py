"""What others left under our keys: named, put aside, and nothing of ours is lost for it."""

from __future__ import annotations

import json

import pytest
import structlog

from qwenedit_jobs import Limits, Reason, Result, Settled, State, WrongTypeError
from qwenedit_jobs.queue.queue import DEAD_KEPT
from tests.integration.redis.conftest import KEYS, MANY, job

RESULT = Result(picture="a", seed=1, seconds=1)
ONE_OF_A_KIND = sorted(KEYS.kinds)


@pytest.mark.parametrize("key", ONE_OF_A_KIND)
async def test_key_of_the_wrong_type_is_named_and_stops_all_that_would_write(redis, queue, key):
    await redis.set(key, "another program's")
    for call in (
        lambda: queue.enqueue(job(), MANY),
        lambda: queue.claim(worker="w", token="t", lease=30),
        queue.reap,
        queue.expire,
    ):
        with pytest.raises(WrongTypeError, match=f"{key} holds a string where a {KEYS.kinds[key]} belongs") as caught:
            await call()
        assert caught.value.key == key
    assert await redis.keys("*") == [key]


@pytest.mark.parametrize("key", [key for key in ONE_OF_A_KIND if key not in {KEYS.job_queue, KEYS.leases}])
async def test_job_in_hand_is_neither_lost_nor_half_ended_by_a_key_of_the_wrong_type(redis, queue, key):
    await queue.enqueue(job(1), MANY)
    await queue.enqueue(job(2), MANY)
    claim = await queue.claim(worker="w", token="t", lease=30)
    await redis.set(key, "another program's")
    for call in (
        lambda: queue.complete(claim.job.id, "t", RESULT),
        lambda: queue.fail(claim.job.id, "t", Reason.TIMEOUT),
        lambda: queue.retry(claim.job.id, "t", Reason.TIMEOUT),
        lambda: queue.claim(worker="w", token="another", lease=30),
        lambda: queue.cancel(job(2).id),
    ):
        with pytest.raises(WrongTypeError, match=key):
            await call()
    await redis.delete(key)
    assert await queue.complete(claim.job.id, "t", RESULT) is Settled.DONE
    assert (await queue.claim(worker="w", token="another", lease=30)).job == job(2)
    assert await redis.xlen(KEYS.events) == 1


async def test_waiting_at_a_line_that_is_none_and_counting_it_says_so(redis, queue):
    await redis.set(KEYS.job_queue, "another program's")
    for call in (lambda: queue.claim(worker="w", token="t", lease=30, wait=0.1), queue.counts):
        with pytest.raises(WrongTypeError, match=KEYS.job_queue):
            await call()


async def test_id_whose_job_is_of_the_wrong_type_does_not_block_the_line(redis, queue):
    await queue.enqueue(job(1), MANY)
    await queue.enqueue(job(2), MANY)
    await redis.delete(KEYS.job(job(1).id))
    await redis.set(KEYS.job(job(1).id), "another program's")
    with pytest.raises(WrongTypeError, match=f"{KEYS.job(job(1).id)} holds a string where a hash belongs"):
        await queue.cancel(job(1).id)
    assert (await queue.claim(worker="w", token="t", lease=30)).job == job(2)
    assert await redis.zrange(KEYS.dead, 0, -1) == [job(1).id]


async def test_lease_of_a_job_of_the_wrong_type_does_not_stop_the_janitor(redis, queue):
    for number in (1, 2):
        await queue.enqueue(job(number), MANY)
        await queue.claim(worker="w", token=str(number), lease=30)
        await redis.zadd(KEYS.leases, {job(number).id: 1})
    await redis.delete(KEYS.job(job(1).id))
    await redis.set(KEYS.job(job(1).id), "another program's")
    assert await queue.reap() == [(job(2).id, Settled.DELAYED)]
    assert await redis.zcard(KEYS.leases) == 0


# ---------------------------------------------------------------- the system before this one


def old_item(number):
    """Make an item as the old system's producer pushed it under the same key."""
    return json.dumps(
        {"task_id": f"task-{number}", "chat_id": 100 + number, "prompt": "snow", "image": "aGk=" * 100, "retry": 0}
    )


async def test_old_systems_items_go_to_the_dead_with_a_word_and_new_jobs_are_executed(redis, queue):
    await redis.lpush(KEYS.job_queue, *(old_item(number) for number in range(5)))
    await queue.enqueue(job(), MANY)
    assert await queue.statuses(await queue.unfinished_ids()) == [await queue.status(job().id)]
    with structlog.testing.capture_logs() as logs:
        claim = await queue.claim(worker="w", token="t", lease=30)
    assert claim.job == job()
    assert set(await redis.zrange(KEYS.dead, 0, -1)) == {old_item(number) for number in range(5)}
    assert logs == [
        {
            "event": "queue.foreign_items",
            "log_level": "warning",
            "count": 5,
            "key": KEYS.job_queue,
            "moved_to": KEYS.dead,
        }
    ]
    assert (await queue.counts()).waiting == 0


async def test_however_many_old_items_there_are_the_line_gets_through_and_the_dead_stay_bounded(redis, queue):
    await redis.lpush(KEYS.job_queue, *(old_item(number) for number in range(DEAD_KEPT + 250)))
    await queue.enqueue(job(), Limits(max_queue_length=5_000))
    calls = 0
    claim = None
    while claim is None:
        calls += 1
        claim = await queue.claim(worker="w", token=str(calls), lease=30, wait=0.1)
    assert claim is not None
    assert claim.job == job()
    assert calls == 13
    assert (await queue.counts()).dead == DEAD_KEPT


async def test_finished_job_of_ours_in_the_list_is_not_taken_for_a_strangers_item(redis, queue):
    await queue.enqueue(job(), MANY)
    claim = await queue.claim(worker="w", token="t", lease=30)
    await queue.complete(claim.job.id, "t", RESULT)
    await redis.lpush(KEYS.job_queue, job().id)  # a second copy of an id, as only a foreign hand can make it
    assert await queue.claim(worker="w", token="u", lease=30) is None
    status = await queue.status(job().id)
    assert status is not None
    assert status.state is State.DONE
    assert (await queue.counts()).dead == 0
