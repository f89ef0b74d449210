"""A user's keys whose names nobody knows are found, with one scan of Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwenedit_bot.common.retention import KeyPattern
from qwenedit_bot.privacy.key_search import SCANNED_AT_ONCE, KeySearch
from qwenedit_bot.privacy.user_erasure import UserErasure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys

ANN, BOB = 12, 123
JOBS = KeyPattern("qwenedit:job:*", owner="user")


async def job(redis: Redis, job_id: str, user_id: int) -> str:
    key = f"qwenedit:job:{job_id}"
    await redis.hset(key, "user", user_id)
    return key


async def test_key_with_the_users_id_in_its_name_is_found(redis: Redis) -> None:
    names = ("qwenedit:said:42:12:7", "qwenedit:said:42:123:7", "qwenedit:said:12:5:7", "qwenedit:reply:42:12:7", "12")
    for name in names:
        await redis.set(name, 1)
    found = await KeySearch(redis).find(ANN, [KeyPattern(f"qwenedit:said:42:{ANN}:*"), KeyPattern("other:*")])
    assert found == ["qwenedit:said:42:12:7"]


async def test_hash_with_the_user_as_its_owner_is_found(redis: Redis) -> None:
    hers = [await job(redis, "a1", ANN), await job(redis, "b2", ANN)]
    await job(redis, "c3", BOB)
    await redis.set("qwenedit:job:of another type", ANN)
    await redis.hset("another:job:d4", "user", ANN)
    assert await KeySearch(redis).find(ANN, [JOBS]) == hers


async def test_hash_of_another_owner_is_not_found_by_its_name(redis: Redis) -> None:
    await job(redis, f"a:{ANN}", BOB)
    assert await KeySearch(redis).find(ANN, [JOBS]) == []


@pytest.mark.parametrize("keys", [0, 1, 3 * SCANNED_AT_ONCE])
async def test_search_ends_with_any_number_of_keys(redis: Redis, keys: int) -> None:
    for number in range(keys):
        await redis.set(f"qwenedit:said:42:{ANN}:{number}", 1)
    assert len(await KeySearch(redis).find(ANN, [KeyPattern(f"qwenedit:said:42:{ANN}:*")])) == keys


class Keeps:
    """Keeps what fits one pattern."""

    personal_data = ()

    def __init__(self, redis: Redis, glob: str) -> None:
        self.redis = redis
        self.glob = glob

    def key_patterns(self, _user_id: int) -> tuple[KeyPattern, ...]:
        return (KeyPattern(self.glob),)

    async def forget_found(self, _user_id: int, keys: Sequence[str]) -> None:
        if keys:
            await self.redis.unlink(*keys)


async def test_forget_scans_redis_once_for_all_keepers_together(redis: Redis, bot_keys: BotKeys) -> None:
    for number in range(4 * SCANNED_AT_ONCE):
        await redis.set(f"qwenedit:{number % 4}:{ANN}:{number}", 1)
    holders = [Keeps(redis, f"qwenedit:{number}:{ANN}:*") for number in range(3)]
    await redis.config_resetstat()
    await UserErasure(redis, bot_keys, holders).forget(ANN)
    scans = (await redis.info("commandstats"))["cmdstat_scan"]["calls"]
    assert scans <= 5  # a table of keys has up to a step's buckets more than it has keys
    assert len(await redis.keys("*")) == SCANNED_AT_ONCE
    assert len(await redis.keys("qwenedit:3:*")) == SCANNED_AT_ONCE


class BecomesAJob:
    """Keeps a request, which becomes a job before it's forgotten."""

    personal_data = ()

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def forget(self, user_id: int) -> None:
        await self._redis.set(f"qwenedit:said:42:{user_id}:7", 1)


async def test_search_begins_when_nothing_becomes_a_job_any_more(redis: Redis, bot_keys: BotKeys) -> None:
    keeps = Keeps(redis, f"qwenedit:said:42:{ANN}:*")
    await UserErasure(redis, bot_keys, [BecomesAJob(redis), keeps]).forget(ANN)
    assert await redis.keys("*") == []
