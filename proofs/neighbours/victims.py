"""Ordinary people beside an abuser: what they send, and how long the bot takes to answer."""

from __future__ import annotations

import asyncio
import json
import math
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from qwenedit_testkit.photos import phone_file, phone_photo
from qwenedit_testkit.telegram_calls import answers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from redis.asyncio import Redis

    from proofs.neighbours.harness import Harness
    from telegram_simulator.client import Call, Message, Person
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


class PhotoOutcome(StrEnum):
    """What became of a photo."""

    PICTURE = "picture"
    WORDS = "words"
    """A refusal, or a failure, in words."""
    OPEN = "open"
    """No answer, or one that says that the job is still to come."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of a victim."""

    id: int
    at: float
    """When Telegram had it, in seconds since the epoch."""


class Answers:
    """When the bot first answered each message, by the simulator's log of calls, and when photos became jobs."""

    def __init__(self, chats: Chats, redis: Redis) -> None:
        self._chats = chats
        self._redis = redis
        self._seen = 0
        self._queued: dict[tuple[int, int], float] = {}
        self._first: dict[tuple[int | None, int], float] = {}

    async def look(self) -> None:
        """Read the calls since the last look."""
        for call in await self._chats.calls(since=self._seen):
            self._seen = call.number
            if call.status == 200 and call.method.startswith("send"):  # noqa: PLR2004 - HTTP's
                self._first.setdefault((call.chat_id, _replied_to(call)), call.at)

    async def keep_looking(self) -> None:
        """Look until cancelled: the simulator keeps the last 10,000 calls."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY)

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


def _replied_to(call: Call) -> int:
    reply = call.parameters.get("reply_parameters") or "{}"
    fields = json.loads(reply) if isinstance(reply, str) else reply
    return int(fields.get("message_id", 0))


@dataclass(slots=True)
class Victim:
    """A person who uses the bot.

    Args:
        person: Who, and where.
        username: The bot's, to call it in a group; empty in a private chat.
        as_file: Send photos as files, which the bot has to convert.
    """

    person: Person
    username: str = ""
    as_file: bool = False
    helps: list[Sent] = field(default_factory=list)
    photos: list[Sent] = field(default_factory=list)

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
            await self.send_photo()
            await asyncio.sleep(GROUP_EVERY)

    async def _each(self, seconds: float, *, photo: bool) -> None:
        while True:
            began = time.monotonic()
            await (self.send_photo() if photo else self.ask_for_help())
            await asyncio.sleep(max(0.0, began + seconds - time.monotonic()))

    async def ask_for_help(self) -> None:
        """Send /help."""
        (message,) = await self.person.send(f"/help@{self.username}" if self.username else "/help")
        self.helps.append(Sent(message, time.time()))

    async def send_photo(self) -> None:
        """Send a photo with a wish, unless several wait already."""
        if len([each for each in await self.outcomes() if each is PhotoOutcome.OPEN]) >= MOST_OPEN:
            return
        wish = f"@{self.username} {WISH}" if self.username else WISH
        photo = phone_file() if self.as_file else phone_photo()
        (message,) = await self.person.send(photo=photo, as_file=self.as_file, caption=wish)
        self.photos.append(Sent(message, time.time()))

    async def outcomes(self) -> list[PhotoOutcome]:
        """Say what became of each photo so far."""
        seen = await answers(self.person)
        return [_outcome(seen.get(each.id, [])) for each in self.photos]

    async def unanswered(self) -> int:
        """Count the messages that have no final answer yet."""
        seen = await answers(self.person)
        return sum(not seen.get(each.id) for each in self.helps) + sum(
            _outcome(seen.get(each.id, [])) is PhotoOutcome.OPEN for each in self.photos
        )

    async def twice(self) -> int:
        """Count the messages with a second answer."""
        seen = await answers(self.person)
        return sum(len(seen.get(each.id, [])) > 1 for each in (*self.helps, *self.photos))


def _outcome(seen: Sequence[Message]) -> PhotoOutcome:
    if any(message.now.media is not None for message in seen):
        return PhotoOutcome.PICTURE
    waiting = any(str(button.data).startswith("cancel") for message in seen for button in message.now.buttons)
    return PhotoOutcome.OPEN if waiting or not seen else PhotoOutcome.WORDS


async def move_in(harness: Harness) -> list[Victim]:
    """Make the people: some in private chats, and one in a quiet group."""
    private = [Victim(await harness.user(f"Victim {number}"), as_file=number < AS_FILE) for number in range(PRIVATE)]
    member = await harness.user("Member")
    group = await harness.group("Quiet", member)
    return [*private, Victim(member.within(group), await harness.username())]
