"""A user's keys whose names nobody knows are found, with two scans of Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwenedit_bot.app.parts import Parts
from qwenedit_bot.chat.errors import LaterError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.privacy.user_erasure import UserErasure

ANN, BOB = 12, 123


@pytest.fixture
def user_erasure(redis: Redis, bot_keys: BotKeys, founded: Any) -> UserErasure:
    return Parts(founded(redis, bot_keys)).user_erasure


async def test_job_or_request_that_no_version_can_read_is_erased(redis: Redis, user_erasure: UserErasure) -> None:
    await redis.hset("qwenedit:job:a1", "user", ANN)
    await user_erasure.backlog.lanes.put(str(ANN), "a2", "[]")
    await user_erasure.forget(ANN)
    assert not await redis.exists("qwenedit:job:a1")
    assert not await user_erasure.backlog.lanes.of_lane(str(ANN))


@pytest.mark.parametrize("keys", [0, 1, 3_000])
async def test_forget_scans_redis_twice(redis: Redis, bot_keys: BotKeys, user_erasure: UserErasure, keys: int) -> None:
    for number in range(keys):
        await redis.set(bot_keys.said(ANN, number), 1)
    await redis.config_resetstat()
    await user_erasure.forget(ANN)
    scans = (await redis.info("commandstats"))["cmdstat_scan"]["calls"]
    assert scans <= 10  # a table of keys has up to a step's buckets more than it has keys
    assert await redis.keys("*") == []


async def test_scan_begins_when_nothing_becomes_a_job_any_more(
    redis: Redis, bot_keys: BotKeys, user_erasure: UserErasure, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def becomes_a_job(_backlog: Any, user_id: int) -> None:
        await redis.set(bot_keys.said(user_id, 7), 1)

    monkeypatch.setattr(type(user_erasure.backlog), "forget", becomes_a_job)
    await user_erasure.forget(ANN)
    assert await redis.keys("*") == []


async def test_forgetting_by_one_user_passes_once_in_ten_seconds(
    redis: Redis, bot_keys: BotKeys, user_erasure: UserErasure
) -> None:
    await user_erasure.check_rate(ANN, "first")
    await user_erasure.check_rate(ANN, "first")  # handled again after a crash
    await user_erasure.check_rate(BOB, "another's")
    with pytest.raises(LaterError) as later:
        await user_erasure.check_rate(ANN, "second")
    assert 5 < later.value.after <= 10
    await redis.delete(bot_keys.forgot(ANN))
    await user_erasure.check_rate(ANN, "second")
