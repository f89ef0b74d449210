"""One trial: victims, an abuser or all of them beside, and the time after."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from proofs.neighbours.harness import settled
from proofs.neighbours.victims import HELP_EVERY, Answers, move_in
from qwenedit_testkit.people import MessageOutcome
from qwenedit_testkit.waiting import background

if TYPE_CHECKING:
    from collections.abc import Sequence

    from proofs.neighbours.abusers import Abuser
    from proofs.neighbours.harness import Harness
    from proofs.neighbours.victims import Victim

PROBE = 10.0
"""Seconds in which each victim's last message, after the abuse, is to be answered."""
LOOK_EVERY = 0.25
SLOWEST_TOLD = 3


@dataclass(slots=True)
class Row:
    """What came of a trial. Seconds are infinite where an answer never came.

    Attributes:
        helps: Seconds from /help to its answer, for each.
        accepted: Seconds from a photo to its job in the queue, or to a refusal in words, for each.
        at_first: Seconds to the answers of /help, and to those jobs, of messages from the time in which all begin.
        unanswered: Messages that never got their final answer.
        refused: Photos that were answered in words.
        twice: Messages with more than one answer.
        memory: MiB of the bot and its children, at most.
        limit: MiB that they may have.
        killed: How often the bot was killed since it had more than its limit.
        deaths: How processes ended otherwise.
        recovery: Seconds from the end of the abuse until every victim's message had its answer and no job was left;
            None where that did not come.
        after: The longest seconds to an answer once that was so.
        errors: What an abuser met that it did not expect.
        load: The machine's load average at the end.
        slowest: Of the messages, in words: where to begin to look.
    """

    name: str
    helps: list[float] = field(default_factory=list)
    accepted: list[float] = field(default_factory=list)
    at_first: list[float] = field(default_factory=list)
    unanswered: int = 0
    refused: int = 0
    twice: int = 0
    memory: float = 0.0
    limit: float = 0.0
    killed: int = 0
    deaths: list[str] = field(default_factory=list)
    recovery: float | None = None
    after: float = 0.0
    errors: list[str] = field(default_factory=list)
    load: float = 0.0
    slowest: list[str] = field(default_factory=list)


async def trial(
    harness: Harness, abusers: Sequence[Abuser], *, name: str, seconds: float, patience: float, beginning: float = 0.0
) -> Row:
    """Have people use the bot for so many seconds beside abusers, and see what becomes of them.

    Args:
        harness: With the bot running.
        abusers: Who begin together; none for quiet times.
        name: Of the row.
        seconds: How long they go on, the beginning not included.
        patience: Seconds after which what was not answered, or done, counts as never.
        beginning: Seconds that are judged apart, while more people begin than Telegram lets the bot answer at once.
    """
    row, victims, answers = Row(name), await move_in(harness), Answers(harness.chats, harness.client)
    async with background(answers.keep_looking()):
        begun = time.time() + beginning
        await _beside(harness, victims, abusers, row, beginning + seconds)
        await harness.calm()
        row.recovery = await _recovered(harness, victims, patience)
        await answers.look()
        await answers.look_at_jobs()
        await _judge(row, victims, answers, begun)
        row.after = await _probe(victims, answers)
    row.memory, row.killed, row.deaths = harness.peak, harness.killed, harness.deaths
    row.limit = harness.memory_limit
    row.load = os.getloadavg()[0]
    return row


async def _beside(
    harness: Harness, victims: Sequence[Victim], abusers: Sequence[Abuser], row: Row, seconds: float
) -> None:
    """Have victims and abusers do what they do for a while."""
    living = [
        asyncio.create_task(victim.live(delay=HELP_EVERY * number / len(victims)))
        for number, victim in zip(count(), victims, strict=False)
    ]
    abusing = [asyncio.create_task(_abuse(abuser, harness), name=abuser.name) for abuser in abusers]
    try:
        await asyncio.sleep(seconds)
    finally:
        tasks = [*living, *abusing]
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        for task, end in zip(tasks, ends, strict=True):
            if isinstance(end, Exception):
                row.errors.append(f"{task.get_name()}: {_innermost(end)!r}")


async def _abuse(abuser: Abuser, harness: Harness) -> None:
    await abuser.abuse(harness)


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _open(victims: Sequence[Victim]) -> int:
    return sum([await victim.unanswered() for victim in victims])


async def _all_answered(victims: Sequence[Victim]) -> None:
    while await _open(victims):
        await asyncio.sleep(LOOK_EVERY)


async def _recovered(harness: Harness, victims: Sequence[Victim], patience: float) -> float | None:
    """Return the seconds until all is answered and done."""
    began = time.monotonic()
    with suppress(TimeoutError):
        async with asyncio.timeout(patience):
            await _all_answered(victims)
    if await _open(victims):
        return None
    if await settled(harness, patience - (time.monotonic() - began)) is None:
        return None
    return time.monotonic() - began


async def _judge(row: Row, victims: Sequence[Victim], answers: Answers, begun: float) -> None:
    seen: list[tuple[float, str]] = []
    for victim in victims:
        chat = victim.person.chat_id
        for answer in await victim.answers():
            by_words = not answer.to.photo or answer.outcome is MessageOutcome.WORDS
            waited = (answers.waited if by_words else answers.accepted)(chat, answer.to)
            timely = row.accepted if answer.to.photo else row.helps
            (timely if answer.to.at >= begun else row.at_first).append(waited)
            what = "photo" if answer.to.photo else "/help"
            seen.append((waited, f"{what} of {chat} at {answer.to.at - begun:+.2f} s: {waited:.2f} s"))
            row.unanswered += answer.outcome is MessageOutcome.OPEN
            row.refused += by_words and answer.to.photo
            row.twice += answer.messages > 1
    row.slowest = [said for _waited, said in sorted(seen, reverse=True)[:SLOWEST_TOLD]]


async def _probe(victims: Sequence[Victim], answers: Answers) -> float:
    """Have each victim send once more when all is over; returns the longest wait for a final answer to /help."""
    await asyncio.sleep(10)  # within which a group isn't told the same again
    asked = [(victim.person.chat_id, await victim.ask_for_help()) for victim in victims]
    with suppress(TimeoutError):
        async with asyncio.timeout(PROBE):
            await _all_answered(victims)
    await answers.look()
    return max(answers.waited(chat_id, sent) for chat_id, sent in asked)
