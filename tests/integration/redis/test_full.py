"""Redis at its `maxmemory`: what is new is refused in words, what is there goes on, nothing is half done."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from local_stack import SIMULATED_TOKEN, ComfyUISimulator, bare_environment, bot, worker
from local_stack import TelegramSimulator as TelegramProcess
from qwenedit_jobs import Cancelled, Done, Lease, RedisPictureStore, Release, Result, Settled, StorageFullError
from qwenedit_testkit.job_queue import JobQueue
from qwenedit_testkit.photos import photo
from qwenedit_testkit.redis import settled_memory
from telegram_simulator.client import TelegramSimulator
from tests.integration.redis.conftest import KEYS, MANY, job

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

    from qwenedit_jobs import Claim
    from telegram_simulator.client import Person


class Memory:
    """How much Redis may hold."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis

    async def fill(self, share: float = 1.0) -> None:
        """Set the limit so that what is used now is that share of it; above 1 also what a call needs for itself."""
        used = (await self._redis.info("memory"))["used_memory"]
        await self._redis.config_set("maxmemory-policy", "noeviction")
        await self._redis.config_set("maxmemory", int(used / share))

    async def empty(self) -> None:
        await self._redis.config_set("maxmemory", 0)


@pytest.fixture
async def memory(redis) -> AsyncIterator[Memory]:
    # So much that what clients and calls take up for a moment doesn't count. Redis makes it itself: for a client that
    # has sent it so much, it would keep as much ready for a next call, and free that at any moment.
    await settled_memory(redis)
    await redis.setrange("ballast", 20_000_000, "x")
    memory = Memory(redis)
    yield memory
    await memory.empty()


async def test_new_job_is_refused_by_name_and_leaves_nothing(redis, queue, memory):
    await queue.enqueue(job(1), MANY)
    await memory.fill(1.1)
    with pytest.raises(StorageFullError, match="maxmemory"):
        await queue.enqueue(job(2), MANY)
    await memory.empty()
    assert await queue.status(job(2).id) is None
    assert await queue.unfinished_ids_of(1) == [job(1).id]
    assert (await queue.counts()).waiting == 1


async def test_worker_that_waits_finds_the_jobs_of_a_full_redis_and_ends_them(queue, memory):
    await queue.enqueue(job(1), MANY)
    await memory.fill(1.1)
    claim = await queue.claim(worker="w", token="t", lease=30, wait=1.0)
    assert claim is not None
    assert await queue.heartbeat(claim.job.id, "t", lease=30) is Lease.HELD
    assert await queue.settle(claim.job.id, "t", Done(Result(picture="a", seed=1, seconds=1))) is Settled.DONE
    assert await queue.answered(claim.job.id)
    assert not await queue.answered(claim.job.id)
    assert await queue.claim(worker="w", token="u", lease=30, wait=0.05) is None


async def test_jobs_of_a_full_redis_can_be_cancelled_and_can_expire(redis, queue, memory):
    for number in (1, 2, 3):
        await queue.enqueue(job(number), MANY)
    await redis.hset(KEYS.job(job(3).id), "expires_at", 1)
    await queue.claim(worker="w", token="t", lease=30)
    await memory.fill(1.1)
    assert await queue.cancel(job(1).id) is Cancelled.CANCELLING
    assert await queue.cancel(job(2).id) is Cancelled.CANCELLED
    assert list((await queue.tick()).expired) == [job(3).id]
    assert await queue.settle(job(1).id, "t", Release()) is Settled.CANCELLED


async def test_photos_leave_room_for_all_that_is_small(clients, redis_url, queue, memory):
    raw = await clients(redis_url=redis_url, decode=False)
    await memory.fill(0.95)
    with pytest.raises(StorageFullError):
        await RedisPictureStore(raw, KEYS, ttl=60).put("in", b"x")
    await queue.enqueue(job(), MANY)


async def claimed(queue: JobQueue, number: int = 1) -> Claim:
    await queue.enqueue(job(number), MANY)
    claim = await queue.claim(worker="w", token=f"t{number}", lease=30)
    assert claim is not None
    return claim


async def test_result_of_real_size_takes_the_room_of_pictures_that_nobody_waits_for(clients, redis_url, redis, memory):
    binary = await clients(redis_url=redis_url, decode=False)
    picture = photo("PNG", (1024, 1024))
    queue = JobQueue(redis, KEYS)
    for number in range(1, 8):
        claim = await claimed(queue, number)
        result = Result(picture=f"{claim.job.id}:out:1", seed=1, seconds=1)
        await queue.settle(claim.job.id, claim.token, Done(result, picture=picture))
        if number != 4:
            await queue.answered(claim.job.id)
    claim = await claimed(queue, 9)
    await memory.fill()
    await redis.config_set("maxmemory", (await redis.info("memory"))["used_memory"] - 1)
    result = Result(picture="new", seed=1, seconds=1)
    assert await queue.settle(claim.job.id, claim.token, Done(result, picture=picture)) is Settled.DONE
    store = RedisPictureStore(binary, KEYS, ttl=60)
    assert await store.get("new") == picture
    assert await store.holds(f"{job(4).id}:out:1")
    assert not await store.holds(f"{job(1).id}:out:1")


@pytest.fixture
async def chats(redis_url, running, tmp_path) -> AsyncIterator[TelegramSimulator]:
    """People who chat with a bot on this Redis."""
    telegram = await running(TelegramProcess(env=bare_environment(), temp_dir=tmp_path / "telegram"))
    await running(bot(env=bare_environment(), redis_url=redis_url, token=SIMULATED_TOKEN, telegram_url=telegram.url))
    async with TelegramSimulator(telegram.url) as chats:
        yield chats


async def test_user_is_told_that_a_result_had_no_room_and_the_worker_goes_on(
    redis_url, queue, memory, running, chats, tmp_path
):
    comfyui = await running(ComfyUISimulator(env=bare_environment(), data_dir=tmp_path / "comfyui", step_seconds=0.5))
    ann = await chats.user()
    await ann.send(photo=photo(), caption="make it snow")
    await ann.says("in line")
    await running(worker(env=bare_environment(), redis_url=redis_url, comfyui_url=comfyui.url))
    async with asyncio.timeout(60):
        while (await queue.counts()).running == 0:
            await asyncio.sleep(0.02)
    await memory.fill(1.2)
    await ann.says("I had no room for it", 60)
    assert await queue.unfinished_ids() == []
    await memory.empty()
    await ann.send(photo=photo(), caption="make it snow")
    await ann.picture()


async def test_user_is_told_that_there_is_no_room_and_is_served_when_there_is(queue, memory, chats):
    ann = await chats.user()
    await memory.fill(0.95)
    await ann.send(photo=photo(), caption="make it snow")
    await ann.says("I'm out of room for pictures right now")
    assert await queue.unfinished_ids() == []
    await memory.empty()
    await ann.send(photo=photo(), caption="make it snow")
    await ann.says("You're next in line")
    assert len(await queue.waiting_ids()) == 1


async def test_update_that_a_full_redis_does_not_take_is_answered_when_there_is_room(queue, memory, chats):
    ann, bob = await chats.user(), await chats.user()
    await memory.fill(1.2)
    await ann.send(photo=photo(), caption="make it snow")
    await bob.send("/help")
    seen = len(await chats.calls("getUpdates"))
    await chats.wait_for_calls(lambda calls: len(calls) > seen + 2, method="getUpdates")
    await memory.empty()
    await ann.says("in line")
    await bob.says("What works well")
    assert len(await queue.waiting_ids()) == 1


async def sent(chats: TelegramSimulator, person: Person) -> int:
    """Count the messages that the bot has sent to somebody."""
    return len([call for call in await chats.calls("sendMessage") if call.chat_id == person.chat_id])


async def test_full_redis_notes_what_was_sent_so_that_nothing_is_said_twice(redis, queue, memory, chats):
    ann, bob = await chats.user(), await chats.user()
    await ann.send(photo=photo(), caption="make it snow")
    await ann.says("in line")
    claim = await queue.claim(worker="w", token="t", lease=30)
    assert claim is not None
    ref = f"{claim.job.id}:out:1"
    await redis.hincrby(KEYS.job(claim.job.id), "enqueued_at", -31_000)  # so that the picture rings
    await chats.fault("sendMessage", "slow", seconds=2, times=2)
    await bob.send("/limits")
    await queue.settle(claim.job.id, "t", Done(Result(picture=ref, seed=1, seconds=1), picture=photo("PNG")))
    await asyncio.sleep(1)
    await memory.fill(1.2)
    await bob.says("no daily limit")
    await ann.picture()
    await asyncio.sleep(5)
    await memory.empty()
    await asyncio.sleep(2)
    assert (await sent(chats, ann), await sent(chats, bob)) == (2, 1)


async def test_bot_that_starts_while_redis_is_full_leads(redis, memory, chats):
    assert await eventually_leads(redis)
    await memory.fill(1.2)
    await redis.delete(KEYS.leader)  # as after a restart
    assert await eventually_leads(redis)


async def eventually_leads(redis: Redis) -> bool:
    async with asyncio.timeout(15):
        while not await redis.get(KEYS.leader):
            await asyncio.sleep(0.1)
    return True
