"""How KEDA is told the number of wanted workers: the key, who may write it, and when it is not there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from structlog.testing import capture_logs

from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_bot.edits.progress.eta import Outlook
from qwenedit_bot.edits.progress.updater import Look
from qwenedit_bot.scaling.decision import Memory
from qwenedit_bot.scaling.keeper import WorkersWanted
from qwenedit_bot.scaling.policy import Policy
from qwenedit_bot.scaling.wanted_key import BRIDGE, EXPIRES, WantedKey
from qwenedit_jobs import Edit, Job, JobQueue, Keys
from qwenedit_jobs.queue.queue import Limits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qwenedit_jobs import Status

KEYS = Keys()
KEY = KEYS.workers_wanted
POLICY = Policy(target=60, maximum=4)


@pytest.fixture
def queue(redis: Redis) -> JobQueue:
    return JobQueue(redis, KEYS)


@pytest.fixture
def metrics() -> BotMetrics:
    return BotMetrics(CollectorRegistry())


@pytest.fixture
async def leads(redis: Redis) -> Callable[[str], Awaitable[None]]:
    async def lead(replica: str) -> None:
        await redis.set(KEYS.leader, replica)

    await lead("bot-0")
    return lead


@pytest.fixture
def keeper(redis: Redis, metrics: BotMetrics, leads) -> WorkersWanted:
    return make_keeper(redis, metrics, "bot-0")


def make_keeper(redis: Redis, metrics: BotMetrics, replica: str) -> WorkersWanted:
    return WorkersWanted(policy=POLICY, jobs_per_worker=1, key=WantedKey(redis, KEYS, replica=replica), metrics=metrics)


async def jobs(queue: JobQueue, count: int) -> list[Status]:
    for number in range(count):
        job = Job(id=f"j{number}", user_id=7, edit=Edit(prompt="snow", pictures=("p",), seed=1), reply=None)
        await queue.enqueue(job, Limits(max_unfinished_per_user=100))
    return await queue.statuses(f"j{number}" for number in range(count))


def look(line=(), *, seconds: float, workers: int = 1, paused: bool = False) -> Look:
    now = max((status.enqueued_at for status in line), default=1e9)
    outlook = Outlook(now=now, workers=workers, paused=paused, durations={"": seconds}, cold_start=20.0)
    return Look(outlook=outlook, length=len(line), line=tuple(line), running=())


def shown(metrics: BotMetrics) -> dict[str, float]:
    return {by: metrics.workers_wanted.labels(by)._value.get() for by in ("wait", "length")}


async def test_key_has_one_entry_more_than_workers_are_wanted_and_expires(queue, keeper, metrics, redis) -> None:
    line = await jobs(queue, 6)
    await keeper.see(look(line, seconds=5))
    assert await redis.llen(KEY) == 1 + 1
    assert shown(metrics) == {"wait": 1, "length": 4}
    await keeper.see(look(line, seconds=30))
    assert await redis.llen(KEY) == 1 + shown(metrics)["wait"] > 2
    assert EXPIRES - 1 <= await redis.ttl(KEY) <= EXPIRES


async def test_worker_with_two_jobs_in_hand_is_one_worker(queue, keeper, metrics) -> None:
    """It claims its next job before the last one's picture is handed in."""
    await jobs(queue, 3)
    for token in ("first", "second"):
        await queue.claim(worker="w", token=token, lease=30)
    statuses = await queue.statuses(["j0", "j1", "j2"])
    seen = replace(look(statuses[2:], seconds=5), running=tuple(statuses[:2]))
    await keeper.see(seen)
    assert shown(metrics) == {"wait": 1, "length": 3}


@pytest.mark.parametrize("paused", [True, False])
async def test_workers_are_not_wanted_after_the_last_job_or_during_a_pause(paused: bool, queue, keeper, redis) -> None:
    line = await jobs(queue, 3)
    await keeper.see(look(line, seconds=30))
    assert await redis.llen(KEY) > 1
    await keeper.see(look(line if paused else (), seconds=30, paused=paused))
    assert await redis.llen(KEY) == 1
    assert 0 < await redis.ttl(KEY) <= BRIDGE


async def test_idle_keeper_asks_redis_nothing(queue, keeper, redis) -> None:
    await keeper.see(look(await jobs(queue, 1), seconds=5))
    await keeper.see(look(seconds=5))
    before = (await redis.info("stats"))["total_commands_processed"]
    for _ in range(5):
        await keeper.see(look(seconds=5))
    assert (await redis.info("stats"))["total_commands_processed"] - before == 1, "this question alone"


async def test_paused_leader_does_not_overwrite_the_number_of_the_one_that_took_its_place(
    queue, keeper, metrics, leads, redis
) -> None:
    line = await jobs(queue, 6)
    await keeper.see(look(line, seconds=5))
    await leads("bot-1")
    await make_keeper(redis, metrics, "bot-1").see(look(line, seconds=30))
    said = await redis.lrange(KEY, 0, -1)
    await keeper.see(look(line, seconds=5))
    await keeper.see(look(seconds=5))
    assert await redis.lrange(KEY, 0, -1) == said
    assert len(said) > 2


async def test_new_leader_goes_on_with_what_the_last_one_remembered(queue, keeper, metrics, leads, redis) -> None:
    line = await jobs(queue, 6)
    await keeper.see(look(line, seconds=30))
    before = await WantedKey(redis, KEYS, replica="bot-0").memory()
    assert before.wanted is not None
    assert len(before.orders) == before.wanted - 1 > 0
    await leads("bot-1")
    await make_keeper(redis, metrics, "bot-1").see(look(line, seconds=30))
    assert (await WantedKey(redis, KEYS, replica="bot-1").memory()).orders == before.orders


@pytest.mark.parametrize("forgery", ["", "{}", '{"wanted": "many"}', "\x00", '{"orders": [NaN, -1e300]}'])
async def test_unreadable_memory_is_an_empty_one_and_a_strange_key_is_replaced(
    forgery: str, queue, keeper, redis
) -> None:
    line = await jobs(queue, 6)
    await redis.rpush(KEY, forgery, *(["x"] * 10_000))
    await keeper.see(look(line, seconds=5))
    assert await redis.llen(KEY) <= 1 + POLICY.maximum
    await redis.set(KEY, "of another kind")
    keeper.begin()
    await keeper.see(look(line, seconds=5))
    assert await redis.type(KEY) == "list"


async def test_first_job_of_an_idle_installation_is_bridged_until_the_decision(queue, keeper, redis) -> None:
    await keeper.bridge()
    assert await redis.llen(KEY) == 1
    assert BRIDGE - 1 <= await redis.ttl(KEY) <= BRIDGE
    assert await WantedKey(redis, KEYS, replica="bot-0").memory() == Memory()
    await redis.expire(KEY, 1)
    await keeper.bridge()
    assert await redis.ttl(KEY) > 1, "a job is accepted just before it goes"


async def test_line_that_nobody_decides_for_is_not_bridged(queue, keeper, redis) -> None:
    await jobs(queue, 1)
    await keeper.bridge()
    assert not await redis.exists(KEY), "the leader is gone or fails: KEDA goes by the length"


async def test_decision_is_logged_when_it_changes(queue, keeper) -> None:
    line = await jobs(queue, 6)
    with capture_logs() as logs:
        for seconds in (5, 5, 30, 30):
            await keeper.see(look(line, seconds=seconds))
    told = [entry for entry in logs if entry["event"] == "scaling.wanted"]
    assert [entry["wanted"] for entry in told] == [1, told[1]["wanted"]]
    assert (told[0]["why"], told[0]["by_length"], told[1]["by_length"]) == ("on_time", 4, 4)


async def test_full_redis_still_takes_the_number(queue, keeper, redis) -> None:
    line = await jobs(queue, 6)
    await redis.config_set("maxmemory", 1)
    try:
        await keeper.see(look(line, seconds=5))
        await keeper.bridge()
    finally:
        await redis.config_set("maxmemory", 0)
    assert await redis.llen(KEY) == 2


async def test_redis_out_of_reach_is_logged_once_and_ends_nothing(queue, metrics) -> None:
    line = await jobs(queue, 6)
    async with Redis(port=1, retry=Retry(NoBackoff(), 0)) as nowhere:
        keeper = make_keeper(nowhere, metrics, "bot-0")
        with capture_logs() as logs:
            for _ in range(3):
                await keeper.see(look(line, seconds=5))
            await keeper.bridge()
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["scaling.not_told"]
