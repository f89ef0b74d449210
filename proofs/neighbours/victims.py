"""Ordinary people beside an abuser: what they send, and how long the bot takes to answer."""

from __future__ import annotations

import asyncio
import json
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from qwenedit_testkit.people import MessageOutcome, Sender, Sent
from qwenedit_testkit.photos import phone_file, phone_photo
from qwenedit_testkit.telegram_calls import CallRecord, first_answers

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from redis.asyncio import Redis

    from proofs.neighbours.harness import Harness
    from telegram_simulator.client import TelegramSimulator as Chats

PRIVATE = 6
"""Victims with a private chat; one more is in a quiet group."""
AS_FILE = 2
"""How many of them send their photos as files."""
HELP_EVERY, PHOTO_EVERY = 2.0, 8.0
"""Seconds between two of a victim in a private chat."""
GROUP_EVERY = 10.0
"""Seconds between a group's messages, a text and a photo in turn: Telegram lets a bot send 20 a minute there."""
MOST_OPEN = 2
"""Photos of a victim that wait for their picture: with three the bot takes no more."""
LOOK_EVERY = 0.5
WISH = "make it snow"


class Answers:
    """When the bot first answered each message, by the simulator's log of calls, and when photos became jobs."""

    def __init__(self, chats: Chats, redis: Redis) -> None:
        self._record = CallRecord(chats)
        self._redis = redis
        self._queued: dict[tuple[int, int], float] = {}
        self._first: dict[tuple[int | None, int], float] = {}

    async def keep_looking(self) -> None:
        """Read the calls until cancelled."""
        await self._record.keep_looking(LOOK_EVERY)

    async def look(self) -> None:
        """Read the calls so far."""
        await self._record.look()
        self._first = first_answers(self._record.calls)

    async def look_at_jobs(self) -> None:
        """Read when each job that Redis knows was queued."""
        async for key in self._redis.scan_iter("qwenedit:job:*", count=1000):
            payload, at = await cast("Awaitable[list[Any]]", self._redis.hmget(key, "payload", "enqueued_at"))
            reply = json.loads(payload)["reply"] if payload and at else None
            if reply is not None:
                self._queued[reply["chat_id"], reply["source_message_id"]] = int(at) / 1000

    def accepted(self, chat_id: int, sent: Sent) -> float:
        """Return the seconds until a photo was a job in the queue; infinity where it never was."""
        return max(0.0, self._queued.get((chat_id, sent.id), math.inf) - sent.at)

    def waited(self, chat_id: int, sent: Sent) -> float:
        """Return the seconds until a message was answered; infinity where it was not."""
        return max(0.0, self._first.get((chat_id, sent.id), math.inf) - sent.at)


@dataclass(slots=True)
class Victim(Sender):
    """A person who uses the bot.

    Args:
        username: The bot's, to call it in a group; empty in a private chat.
        as_file: Send photos as files, which the bot has to convert.
    """

    username: str = ""
    as_file: bool = False

    async def live(self, *, delay: float) -> None:
        """Send at a steady pace, until cancelled."""
        await asyncio.sleep(delay)
        if self.username:
            await self._live_in_group()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._each(HELP_EVERY, photo=False))
            tasks.create_task(self._each(PHOTO_EVERY, photo=True))

    async def _live_in_group(self) -> None:
        while True:
            await self.ask_for_help()
            await asyncio.sleep(GROUP_EVERY)
            await self.wish()
            await asyncio.sleep(GROUP_EVERY)

    async def _each(self, seconds: float, *, photo: bool) -> None:
        while True:
            began = time.monotonic()
            await (self.wish() if photo else self.ask_for_help())
            await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))

    async def ask_for_help(self) -> Sent:
        """Send /help."""
        return await self.send_text(f"/help@{self.username}" if self.username else "/help")

    async def wish(self) -> None:
        """Send a photo with an instruction, unless several wait already."""
        if (
            sum(answer.to.photo and answer.outcome is MessageOutcome.OPEN for answer in await self.answers())
            < MOST_OPEN
        ):
            photo = phone_file() if self.as_file else phone_photo()
            await self.send_photo(photo, f"@{self.username} {WISH}" if self.username else WISH, as_file=self.as_file)

    async def unanswered(self) -> int:
        """Count the messages that have no final answer yet."""
        return sum(answer.outcome is MessageOutcome.OPEN for answer in await self.answers())


async def move_in(harness: Harness) -> list[Victim]:
    """Make the people: some in private chats, and one in a quiet group."""
    private = [Victim(await harness.user(f"Victim {number}"), as_file=number < AS_FILE) for number in range(PRIVATE)]
    member = await harness.user("Member")
    group = await harness.chats.group("Quiet", member)
    return [*private, Victim(member.within(group), username=await harness.username())]
