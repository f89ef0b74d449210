"""People who keep sending while versions change, and what became of their messages."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from proofs.upgrades.product import STUMBLES
from qwenedit_testkit.photos import SMALL, photo

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from qwenedit_testkit.people import Answer, Sender

PAUSES = (2.0, 5.0)
"""Seconds between two messages of a person."""
MOST_UNANSWERED = 2
"""Photos without their picture after which a person waits."""
STUMBLE_EVERY = 4
PATIENCE = 150.0
"""Seconds after the last answer until what has none counts as lost."""
ECHO = 5.0
"""Seconds more in which a second answer could come."""


@dataclass(slots=True)
class Tally:
    """What became of all messages."""

    photos: int = 0
    texts: int = 0
    lost: list[str] = field(default_factory=list)
    """The messages without what they asked for, each with what was said instead."""
    twice: int = 0


async def keep_sending(sender: Sender, chance: random.Random, until: asyncio.Event, *, texts: bool) -> None:
    """Send photos, or texts one after the other's answer, until told to stop."""
    taken = photo(size=SMALL)
    await _pause(chance.uniform(0, PAUSES[1]), until)
    while not until.is_set():
        left = [answer for answer in await sender.answers() if not answer.complete]
        if texts and not left:
            await sender.send_text("hello")
        elif not texts and len(left) < MOST_UNANSWERED:
            stumbles = chance.randrange(STUMBLE_EVERY) == 0
            await sender.send_photo(taken, f"make it snow{f', {STUMBLES}' if stumbles else ''}")
        await _pause(chance.uniform(*PAUSES), until)


async def _pause(seconds: float, until: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await until.wait()


async def judge(senders: Sequence[Sender]) -> Tally:
    """Wait until all is answered, or nothing more is, and count."""
    left, answered_at = -1, time.monotonic()
    while left and time.monotonic() - answered_at < PATIENCE:
        now = sum([sum(not answer.complete for answer in await sender.answers()) for sender in senders])
        if now != left:
            left, answered_at = now, time.monotonic()
        await asyncio.sleep(0.5)
    await asyncio.sleep(ECHO)
    tally = Tally()
    for sender in senders:
        for answer in await sender.answers():
            tally.photos += answer.to.photo
            tally.texts += not answer.to.photo
            tally.twice += max(answer.messages, answer.pictures) > 1
            if not answer.complete:
                tally.lost.append(await _described(sender, answer))
    return tally


async def _described(sender: Sender, answer: Answer) -> str:
    said = [message for message in (await sender.person.snapshot()).from_bot if message.reply_to == answer.to.id]
    kind = "photo" if answer.to.photo else "text"
    return f"{kind} {answer.to.id} of {sender.person.chat_id}: {[message.now.text for message in said]}"
