"""What came of a run: the bot's calls, by the simulated Telegram's log, and its answers, by the chats."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from telegram_simulator.client import Call, Message, Person
    from telegram_simulator.client import TelegramSimulator as Chats

MINUTE = 60.0
EDITS = ("editMessageText", "editMessageMedia", "editMessageReplyMarkup", "editMessageCaption")


class CallRecord:
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


def first_answers(calls: Iterable[Call]) -> dict[tuple[int | None, int], float]:
    """Return when the bot first answered each message, in seconds since the epoch, by its chat and its number."""
    found: dict[tuple[int | None, int], float] = {}
    for call in calls:
        if call.status == HTTPStatus.OK and call.method.startswith("send"):
            found.setdefault((call.chat_id, _replied_to(call)), call.at)
    return found


def _replied_to(call: Call) -> int:
    reply = call.parameters.get("reply_parameters") or "{}"
    fields = json.loads(reply) if isinstance(reply, str) else reply
    return int(fields.get("message_id", 0))


def share(values: list[float], part: float) -> float:
    """Return the value below which a part of all values is; 0 where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0


async def answers(person: Person) -> dict[int | None, list[Message]]:
    """Return the bot's messages that a person sees in a chat, by the message that they answer; None for no message."""
    found: dict[int | None, list[Message]] = {}
    for message in (await person.snapshot()).from_bot:
        found.setdefault(message.reply_to, []).append(message)
    return found


async def answer_to(person: Person, message_id: int, *, within: float, picture: bool = False) -> Message:
    """Wait for the bot's answer to a message.

    Args:
        person: The one who sent it.
        message_id: The message.
        within: Seconds.
        picture: Wait for an answer with a photo.

    Raises:
        NeverHappenedError: none came.
    """

    def fits(message: Message) -> bool:
        return message.reply_to == message_id and (not picture or message.now.photo is not None)

    chat = await person.wait_for(lambda chat: any(map(fits, chat.from_bot)), within)
    return next(filter(fits, chat.from_bot))
