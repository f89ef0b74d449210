"""What others left under our keys: named, put aside, and nothing of ours is lost for it."""

from __future__ import annotations

import itertools
import json

import structlog
from redis.exceptions import ResponseError

from qwenedit_jobs import Done, QueueLimits, Result, Settled, State
from tests.integration.redis.conftest import KEYS, MANY, job

RESULT = Result(picture="a", seed=1, seconds=1)
ONE_OF_A_KIND = sorted(KEYS.kinds)


CALLS = {
    "claim": lambda queue: queue.claim(worker="w", token="another", lease=30),
    "cancel": lambda queue: queue.cancel(job(2).id),
    "settle": lambda queue: queue.settle(job(1).id, "t", Done(RESULT)),
    "tick": lambda queue: queue.tick(),
}


async def refusal_of(call):
    try:
        await call
    except ResponseError as error:
        return error


async def test_key_of_the_wrong_type_leaves_no_job_half_moved(redis, queue, subtests):
    """A call that meets it raises, and can be repeated when the key is gone; the others carry on."""
    for key, call in itertools.product(ONE_OF_A_KIND, CALLS):
        with subtests.test(f"{call} meets {key}"):
            await redis.flushdb()
            for number in (1, 2):
                await queue.enqueue(job(number), MANY)
                if number == 1:
                    await queue.claim(worker="w", token="t", lease=30)
            before = await redis.dump(key)
            await redis.set(key, "another program's")
            for _ in range(2):
                error = await refusal_of(CALLS[call](queue))
                assert error is None or "WRONGTYPE" in str(error)
            await redis.delete(key)
            if before is not None:
                await redis.restore(key, 0, before)
            await CALLS[call](queue)
            for number, token in ((1, "t"), (2, "another")):
                if (await queue.status(job(number).id)).state is State.QUEUED:
                    assert await queue.claim(worker="w", token=token, lease=30) is not None
                if (await queue.status(job(number).id)).state is State.RUNNING:
                    assert await queue.settle(job(number).id, token, Done(RESULT)) is Settled.DONE
            assert (await queue.counts()).waiting == (await queue.counts()).running == 0
            events = [fields["id"] for _entry, fields in await redis.xrange(KEYS.events)]
            assert set(events) == {job(1).id, job(2).id}


# ---------------------------------------------------------------- the system before this one


def old_item(number):
    """Make an item as the old system's producer pushed it under the same key."""
    return json.dumps({"task_id": f"task-{number}", "chat_id": 100, "prompt": "snow", "image": "aGk=" * 100})


async def test_old_systems_items_go_to_the_dead_with_a_word_and_new_jobs_are_executed(redis, queue):
    await redis.lpush(KEYS.job_queue, *(old_item(number) for number in range(5)))
    await queue.enqueue(job(), MANY)
    assert await queue.statuses(await queue.unfinished_ids()) == [await queue.status(job().id)]
    with structlog.testing.capture_logs() as logs:
        claim = await queue.claim(worker="w", token="t", lease=30)
    assert claim.job == job()
    assert set(await redis.zrange(KEYS.dead, 0, -1)) == {old_item(number) for number in range(5)}
    [log] = logs
    assert (log["event"], log["log_level"], log["count"]) == ("queue.foreign_items", "warning", 5)
    assert (log["key"], log["moved_to"]) == (KEYS.job_queue, KEYS.dead)
    assert (await queue.counts()).waiting == 0


async def test_however_many_old_items_there_are_the_line_gets_through_and_the_dead_stay_bounded(redis, queue):
    await redis.lpush(KEYS.job_queue, *(old_item(number) for number in range(1_250)))
    await queue.enqueue(job(), QueueLimits(max_queue_length=5_000))
    calls = 0
    claim = None
    while claim is None:
        calls += 1
        claim = await queue.claim(worker="w", token=str(calls), lease=30, wait=0.1)
    assert claim is not None
    assert claim.job == job()
    assert calls == 13
    assert (await queue.counts()).dead == 1_000
