"""What came of a run: the bot's calls, by the simulated Telegram's log, and its answers, by the chats."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telegram_simulator.client import Call, Message, Person
    from telegram_simulator.client import TelegramSimulator as Chats

MINUTE = 60.0
EDITS = ("editMessageText", "editMessageMedia", "editMessageReplyMarkup", "editMessageCaption")


class Record:
    """All calls of the bot, however many: the simulator itself keeps the last 10,000."""

    def __init__(self, chats: Chats) -> None:
        self._chats = chats
        self.calls: list[Call] = []

    async def look(self) -> None:
        """Fetch what is new."""
        self.calls += await self._chats.calls(since=self.calls[-1].number if self.calls else 0)

    async def keep_looking(self, every: float) -> None:
        """Fetch what is new again and again."""
        while True:
            await self.look()
            await asyncio.sleep(every)


def most_edits(calls: Iterable[Call]) -> int:
    """Return the most edits that any chat was sent in any minute, those that failed included."""
    times: dict[int | None, list[float]] = defaultdict(list)
    for call in calls:
        if call.method in EDITS:
            times[call.chat_id].append(call.at)
    most = 0
    for each in times.values():
        each.sort()
        for last, at in enumerate(each):
            most = max(most, sum(at - earlier < MINUTE for earlier in each[: last + 1]))
    return most


def share(values: list[float], part: float) -> float:
    """Return the value below which a part of all values is; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


async def answers(person: Person) -> dict[int, list[Message]]:
    """Return the bot's answers that somebody sees in a chat, by the message that they answer."""
    found: dict[int, list[Message]] = {}
    for message in (await person.snapshot()).from_bot:
        if message.reply_to is not None:
            found.setdefault(message.reply_to, []).append(message)
    return found
