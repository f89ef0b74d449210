"""The register of workers: who is seen, until when, and what cannot flood whoever reads it."""

from __future__ import annotations

import json
import time
import tracemalloc

import pytest

from qwenedit_jobs import Keys, RedisSettings, connect, durations
from qwenedit_jobs.workers.registry import Presence, Workers, telling
from qwenedit_testkit.waiting import eventually

KEYS = Keys()


@pytest.fixture
async def redis(redis_url):
    async with connect(RedisSettings(redis_url=redis_url)) as client:
        yield client


@pytest.fixture
def workers(redis):
    return Workers(redis, KEYS)


def about(worker, **said):
    return Presence(worker=worker, since=1, ready=True, draining=False, **said)


async def names(workers):
    return [one.presence.worker for one in (await workers.seen()).workers]


async def test_worker_is_seen_until_it_leaves(workers, redis):
    await workers.beat(about("gpu-2"))
    await workers.beat(about("gpu-1"))
    assert await names(workers) == ["gpu-1", "gpu-2"]
    for worker in ("gpu-1", "gpu-2"):
        await workers.leave(worker)
    assert await redis.keys() == []


async def test_silent_worker_is_forgotten_whichever_way_the_clock_steps(workers, redis):
    seconds, _ = await redis.time()
    for ahead in (-61, 62):  # a minute, and not what the code calls one
        await workers.beat(about("gpu-1"))
        await redis.zadd(KEYS.workers, {"gpu-1": (seconds + ahead) * 1000})
        assert await names(workers) == []
    for ahead in (-durations.LAST_WORDS - 1, durations.LAST_WORDS + 2):
        await redis.zadd(KEYS.workers, {"gpu-1": (seconds + ahead) * 1000})
        await workers.beat(about("gpu-2"))
        assert await redis.zrange(KEYS.workers, 0, -1) == ["gpu-2"]
        await workers.leave("gpu-2")
    assert 0 < await redis.ttl(KEYS.worker_about("gpu-1")) <= durations.LAST_WORDS


async def test_bot_keeps_what_it_warns_of_in_the_register_and_is_no_worker(workers, redis, monkeypatch):
    monkeypatch.setattr(durations, "BOT_BEAT", 0.01)
    warned = {"event": "polling.conflict", "words": "cause=two", "count": 3, "since": time.time(), "at": time.time()}

    async def said():
        return [(each.event, each.count) for one in (await workers.seen()).bots for each in one.presence.troubles]

    async def told():
        return await said() == [("polling.conflict", 3)]

    async with telling(workers, "bot-0", lambda: [warned]):
        await eventually(told)
        assert await names(workers) == []
    assert await redis.keys() == []
    with pytest.raises(ExceptionGroup):
        async with telling(workers, "bot-0", lambda: [warned]):
            raise ExceptionGroup("tasks", [ValueError("the token was revoked")])
    [one] = (await workers.seen()).bots
    assert one.presence.troubles[-1].event == "bot.refused"
    assert one.presence.troubles[-1].words == "ValueError: the token was revoked"


UNREADABLE = {
    "nothing": "",
    "no JSON": "{",
    "another worker": about("gpu-1").model_dump_json(),
    "a begin that is no number": json.dumps(about("gpu-2").model_dump() | {"since": float("nan")}),
    "sockets without end": json.dumps(about("gpu-2").model_dump() | {"sockets": 10**400}),
}


@pytest.mark.parametrize("said", UNREADABLE.values(), ids=UNREADABLE)
async def test_entry_that_is_no_worker_hides_no_other(workers, redis, said):
    await workers.beat(about("gpu-1"))
    await workers.beat(about("gpu-2"))
    await redis.set(KEYS.worker_about("gpu-2"), said)
    assert await names(workers) == ["gpu-1"]
    assert (await workers.seen()).ignored == 1


async def test_large_entries_are_not_read(workers, redis):
    """With a worker's password 75 such values were enough to kill the bot at each start."""
    await workers.beat(about("gpu-1"))
    seconds, _ = await redis.time()
    large = "x" * 8_000_000
    for number in range(5):
        await redis.zadd(KEYS.workers, {f"large-{number}": seconds * 1000, f"{number}{large}": seconds * 1000})
        await redis.set(KEYS.worker_about(f"large-{number}"), large)
    tracemalloc.start()
    try:
        seen = await workers.seen()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [one.presence.worker for one in seen.workers] == ["gpu-1"]
    assert seen.ignored == 10
    assert peak < 1_000_000
