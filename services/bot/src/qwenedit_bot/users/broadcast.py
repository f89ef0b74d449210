"""One text to everybody who uses the bot: slowly, across restarts, and to nobody twice."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from qwenedit_bot.chat.errors import BotError, ChatUnreachableError, LaterError, TelegramUnavailableError
from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.chat.rate_limit.limits import on_behalf_of
from qwenedit_bot.chat.view import View
from qwenedit_bot.common.retention import PersonalData
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.chat.messenger import Messenger
    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.users.languages import Languages

TICK = 1.0
"""Seconds between two portions."""
A_PORTION = 10
"""Messages a second at most: a third of what Telegram lets a bot send, the rest is for pictures."""
REMEMBERED_USERS = 365 * 86_400
"""Seconds after which a user who was not seen any more is forgotten."""
UNBEGUN = 60
"""Seconds for which a broadcast that was not prepared to its end, because the bot crashed, keeps others away."""
ATTEMPTS = 5
"""Attempts at a user that Telegram fails at or answers too late to tell, before the user counts as unreachable."""
AN_ATTEMPT = 1e12
"""Added to a user's score for each attempt, so that the user goes to the end. Larger than any time."""
LONGEST = 30 * 86_400
"""Seconds after which a broadcast that nobody sends is forgotten."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class BroadcastProgress:
    """How far a broadcast is."""

    total: int
    sent: int
    unreachable: int
    left: int


class Broadcasts:
    """Sends one broadcast at a time; `tick` is for the leading replica.

    Args:
        redis: A client that decodes replies.
        keys: Names of the bot's keys.
        messenger: Sends.
        languages: In which the admin reads the report.
    """

    personal_data = (
        PersonalData(
            what="that a user uses the bot, for broadcasts", keys=("users",), seconds=REMEMBERED_USERS, told="seen"
        ),
        PersonalData(what="who has not got the broadcast under way yet", keys=("broadcast_left",), seconds=LONGEST),
        PersonalData(
            what="which admin sent a broadcast, and its text",
            keys=("broadcast", "broadcast_begun"),
            seconds=LONGEST,
            stays="only of admins: it keeps a broadcast from being sent twice",
        ),
    )

    def __init__(self, redis: Redis, keys: BotKeys, messenger: Messenger, languages: Languages) -> None:
        self._redis = redis
        self._keys = keys
        self._messenger = messenger
        self._languages = languages

    async def seen(self, user_id: int) -> None:
        """Note that somebody uses the bot in a private chat."""
        await self._redis.zadd(self._keys.users, {str(user_id): round(time.time())})

    async def users(self, *, within: float = REMEMBERED_USERS) -> int:
        """Count those who used the bot in the last so many seconds."""
        return int(await self._redis.zcount(self._keys.users, time.time() - within, "+inf"))

    async def start(self, *, admin: int, source: int, text: str) -> bool:
        """Begin to send; repeated for the same message it changes nothing. False while another one is on its way.

        Args:
            admin: Who is told of its end.
            source: The admin's message: the broadcast's name.
            text: What is sent.
        """
        name, about = f"{admin}:{source}", self._keys.broadcast
        begun = self._keys.broadcast_begun(name)
        if await self._redis.exists(begun):  # the press was delivered again, perhaps after the end
            return True
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.hsetnx(about, "name", name)
        pipeline.hget(about, "name")
        pipeline.expire(about, UNBEGUN, nx=True)
        _set, whose, _expires = await pipeline.execute()
        if whose != name:
            return False
        await self._forget_the_gone()
        total = int(await self._redis.zcard(self._keys.users))
        pipeline.zunionstore(self._keys.broadcast_left, [self._keys.users])
        pipeline.hset(about, mapping={"admin": admin, "source": source, "text": text, "total": total})
        for key in (about, self._keys.broadcast_left):
            pipeline.expire(key, LONGEST)
        pipeline.set(begun, 1, ex=LONGEST)
        await pipeline.execute()
        return True

    async def stop(self) -> BroadcastProgress | None:
        """End it early; returns how far it came, None when there is none."""
        progress = await self.progress()
        await self._redis.unlink(self._keys.broadcast, self._keys.broadcast_left)
        return progress

    async def progress(self) -> BroadcastProgress | None:
        """Return how far the broadcast is; None when there is none."""
        about = await self._redis.hgetall(self._keys.broadcast)
        if "total" not in about:
            return None
        left = int(await self._redis.zcard(self._keys.broadcast_left))
        return BroadcastProgress(int(about["total"]), int(about.get("sent", 0)), int(about.get("unreachable", 0)), left)

    async def forget(self, user_id: int) -> None:
        """Take a user off the lists."""
        for key in (self._keys.users, self._keys.broadcast_left):
            await self._redis.zrem(key, str(user_id))

    async def tick(self) -> None:
        """Send the next portion, or the report when nobody is left.

        A user whose chat must wait goes to the end. When Telegram fails, the rest waits for the next tick.
        """
        with on_behalf_of("broadcast"):
            await self._send_portion()

    async def _send_portion(self) -> None:
        about = await self._redis.hgetall(self._keys.broadcast)
        if "total" not in about:
            return
        for _ in range(A_PORTION):
            # Taken before it is sent: after a crash between the two one user misses it, and nobody gets it twice.
            popped = await self._redis.zpopmin(self._keys.broadcast_left)
            if not popped:
                await self._report(int(about["admin"]), int(about["source"]))
                return
            if not await self._send(int(popped[0][0]), float(popped[0][1]), str(about["text"])):
                return

    async def _send(self, user_id: int, score: float, text: str) -> bool:
        """Send it to one user; False where the next one would meet the same trouble."""
        outcome = "sent"
        attempts = score // AN_ATTEMPT
        try:
            await self._messenger.send(Source(user_id, 0), View(text))
        except LaterError:
            await self._put_back(user_id, attempts)
            return True
        except TelegramUnavailableError as error:
            if attempts + 1 < ATTEMPTS:
                await self._put_back(user_id, attempts + 1)
                return False
            outcome = "unreachable"
            log.warning("broadcast.not_sent", error=type(error).__name__)
        except ChatUnreachableError:
            outcome = "unreachable"
            await self._redis.zrem(self._keys.users, str(user_id))
        except BotError as error:
            outcome = "unreachable"
            log.warning("broadcast.not_sent", error=type(error).__name__)
        if await self._redis.exists(self._keys.broadcast):  # not stopped meanwhile
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.hincrby(self._keys.broadcast, outcome, 1)
            pipeline.expire(self._keys.broadcast, LONGEST)
            await pipeline.execute()
        return True

    async def _put_back(self, user_id: int, attempts: float) -> None:
        if await self._redis.exists(self._keys.broadcast):
            last = attempts * AN_ATTEMPT + time.time() + 1  # behind whoever was seen right now: that is rounded
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.zadd(self._keys.broadcast_left, {str(user_id): last})
            pipeline.expire(self._keys.broadcast_left, LONGEST)
            await pipeline.execute()

    async def _report(self, admin: int, source: int) -> None:
        progress = await self.progress()
        if progress is None:
            return
        words = await self._languages.words_of(admin, None)
        said = words(Text.BROADCAST_ENDED, sent=progress.sent, unreachable=progress.unreachable)
        try:
            await self._messenger.send(Source(admin, source), View(said))
        except (LaterError, TelegramUnavailableError):
            return  # the next tick reports
        except ChatUnreachableError:
            log.info("broadcast.not_reported")
        await self.stop()
        log.info("broadcast.ended", sent=progress.sent, unreachable=progress.unreachable)

    async def _forget_the_gone(self) -> None:
        await self._redis.zremrangebyscore(self._keys.users, "-inf", time.time() - REMEMBERED_USERS)
