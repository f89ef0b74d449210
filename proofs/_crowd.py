"""People who keep sending while something happens to the product, and what came of their messages."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qwenedit_testkit.people import Sender
from qwenedit_testkit.photos import SMALL, photo

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from qwenedit_testkit.people import Answer
    from telegram_simulator.client import TelegramSimulator

PHOTO_EVERY = 3
"""Every so many messages is a photo, a person's first one too."""
TEXT = "/help"
"""What they write, which has an answer of its own each time. A greeting beside a job asks where that is, and equal
answers within five seconds are given once."""
PATIENCE = 150.0
"""Seconds after the last answer until what has none counts as lost. A bot that was dead for most of some minutes has
hundreds to give, at Telegram's pace."""
ECHO = 5.0
"""Seconds more in which a second answer could come."""


@dataclass(slots=True)
class Tally:
    """What came of all messages."""

    messages: int = 0
    photos: int = 0
    lost: list[str] = field(default_factory=list)
    """The messages without what they asked for, each with what was said instead."""
    twice: int = 0
    """Messages that have a second message of the bot as an answer."""
    pictures_twice: int = 0
    """Photos whose picture was shown twice."""

    @property
    def broken(self) -> list[str]:
        """Say what no version and no crash may do, in a line each."""
        twice = [f"{self.pictures_twice} pictures were shown twice"] if self.pictures_twice else []
        return [*(f"lost: {each}" for each in self.lost), *twice]

    def __str__(self) -> str:
        """Say it in a line."""
        return (
            f"{self.messages} messages, {self.photos} of them photos; lost {len(self.lost)}, answered twice "
            f"{self.twice}, picture shown twice {self.pictures_twice}"
        )


async def beside_crowd(
    chats: TelegramSimulator,
    act: Callable[[], Awaitable[None]],
    *,
    people: int,
    chance: random.Random,
    pauses: tuple[float, float],
    most_unanswered: int,
    caption: Callable[[random.Random], str] = lambda _: "snow",
) -> Tally:
    """Do something while people send photos and texts, and see what came of their messages.

    Args:
        chats: Where they send.
        act: What is done meanwhile; they stop when it returns.
        people: How many.
        chance: Of all pauses.
        pauses: Seconds between two messages of a person: at least, at most.
        most_unanswered: Messages without an answer after which a person waits.
        caption: Makes a photo's instruction.
    """
    senders = [Sender(await chats.user()) for _ in range(people)]
    over = asyncio.Event()

    async def keep_sending(sender: Sender, own: random.Random) -> None:
        taken = photo(size=SMALL)
        await _pause(own.uniform(0, pauses[1]), over)
        while not over.is_set():
            if len(await _unanswered(sender)) < most_unanswered:
                photo_is_due = len(sender.sent) % PHOTO_EVERY == 0
                await (sender.send_photo(taken, caption(own)) if photo_is_due else sender.send_text(TEXT))
            await _pause(own.uniform(*pauses), over)

    async with asyncio.TaskGroup() as tasks:
        for sender in senders:
            tasks.create_task(keep_sending(sender, random.Random(chance.random())))
        await act()
        over.set()
    return await _judge(senders)


async def _pause(seconds: float, until: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await until.wait()


async def _unanswered(sender: Sender) -> list[Answer]:
    """Return the messages without an answer, and the photos that have not come back as pictures."""
    return [answer for answer in await sender.answers() if not answer.complete]


async def _judge(senders: Sequence[Sender]) -> Tally:
    """Wait until all is answered, or nothing more is, and count."""
    left, answered_at = -1, time.monotonic()
    while left and time.monotonic() - answered_at < PATIENCE:
        now = sum([len(await _unanswered(sender)) for sender in senders])
        if now != left:
            left, answered_at = now, time.monotonic()
        await asyncio.sleep(0.5)
    await asyncio.sleep(ECHO)
    tally = Tally()
    for sender in senders:
        for answer in await sender.answers():
            tally.messages += 1
            tally.photos += answer.to.photo
            tally.twice += answer.messages > 1
            tally.pictures_twice += answer.pictures > 1
            if not answer.complete:
                tally.lost.append(await _described(sender, answer))
    return tally


async def _described(sender: Sender, answer: Answer) -> str:
    said = [message for message in (await sender.person.snapshot()).from_bot if message.reply_to == answer.to.id]
    kind = "photo" if answer.to.photo else "text"
    return f"{kind} {answer.to.id} of {sender.person.chat_id}: {[message.now.text for message in said]}"
