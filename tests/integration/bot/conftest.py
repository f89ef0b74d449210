from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwenedit_bot.consumer import BLOCK
from qwenedit_bot.keys import BotKeys
from qwenedit_jobs import RedisSettings, connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with connect(RedisSettings(redis_url=redis_url), block=BLOCK) as client:
        yield client


@pytest.fixture
def bot_keys() -> BotKeys:
    return BotKeys(prefix="qwenedit", bot_id=42)
