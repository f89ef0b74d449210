"""What Redis may forget is remembered here: it grows old while Redis answers, and not while Redis is away."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from redis.exceptions import ConnectionError as RedisAwayError

from qwenedit_bot.app.parts import make_parts
from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.chat.replies import Replies
from qwenedit_bot.common.redis_loss import RedisUptimeClock
from qwenedit_bot.inbox.inbox import Inbox
from qwenedit_bot.upkeep import redis_restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis

    from qwenedit_bot.app.foundation import Foundation
    from qwenedit_bot.app.parts import Parts
    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.common.ttl_cache import TTLCache

HOUR = 3_600
ANN = {"id": 5, "is_bot": False, "first_name": "Ann"}
UPDATE = {"update_id": 1, "message": {"message_id": 7, "date": 1, "chat": {"id": 5, "type": "private"}, "from": ANN}}

T = TypeVar("T")


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Server:
    """Which Redis answers; None while it is away."""

    name: str | None = "the first"

    async def identity(self, _redis: Redis) -> str:
        if self.name is None:
            raise RedisAwayError
        return self.name


@dataclass
class Memory:
    """What the bot remembers, and the look that gives it back."""

    look: Any
    inbox: Inbox
    replies: Replies
    answered: TTLCache[str, float]
    redis: Redis
    clock: Clock
    server: Server

    async def fill(self) -> None:
        await self.look()
        await self.inbox.take([UPDATE])
        await self.replies.remember(Source(5, 7), 8)
        self.answered.note("a job", 1.0)

    async def pass_an_hour(self) -> None:
        for _ in range(HOUR):
            self.clock.now += 1
            with suppress(RedisAwayError):
                await self.look()

    async def meet_another_redis(self) -> None:
        await self.redis.flushall()
        self.server.name = "the next"
        await self.look()

    async def given_back(self) -> tuple[list[str], str | None]:
        """Return the updates and the reply that Redis has now."""
        entries, _wait = await self.inbox.lanes.next(10)
        reply: Any = await self.redis.get(self.replies._keys.reply(5, 7))
        return [entry.id for entry in entries], reply


@pytest.fixture
def memory(
    redis: Redis, bot_keys: BotKeys, founded: Callable[..., Foundation], monkeypatch: pytest.MonkeyPatch
) -> Memory:
    clock, server = Clock(), Server()
    monkeypatch.setattr(redis_restore, "identity", server.identity)
    parts: Any = make_parts(founded(redis, bot_keys, clock=RedisUptimeClock(clock)))
    [look] = [loop.tick for loop in parts.loops if loop.name == "redis-restore"]
    look.__self__._pause = 0.0  # there are no other replicas
    answered = parts.answering._work._deliver._recently
    return Memory(look, holder(parts, Inbox), holder(parts, Replies), answered, redis, clock, server)


def holder(parts: Parts, kind: type[T]) -> T:
    [found] = [each for each in parts.user_erasure.holders if isinstance(each, kind)]
    return found


async def test_update_and_reply_are_given_back_after_an_hour_without_redis(memory: Memory) -> None:
    await memory.fill()
    memory.server.name = None
    await memory.pass_an_hour()
    await memory.meet_another_redis()
    assert await memory.given_back() == (["1"], "8")
    assert memory.answered.get("a job") == 1.0


async def test_update_and_reply_that_redis_has_kept_for_an_hour_are_not_given_back(memory: Memory) -> None:
    await memory.fill()
    await memory.pass_an_hour()
    await memory.meet_another_redis()
    assert await memory.given_back() == ([], None)
    assert memory.answered.get("a job") is None
