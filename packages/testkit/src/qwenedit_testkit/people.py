"""People who send messages to the bot, and what became of each message."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from qwenedit_testkit.telegram_calls import answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram_simulator.client import Message, Person


class MessageOutcome(StrEnum):
    """What became of a message."""

    PICTURE = "picture"
    WORDS = "words"
    """For a photo: a refusal, or a failure."""
    OPEN = "open"
    """No answer, or one that says that the job is still to come."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of a person."""

    id: int
    at: float
    """When Telegram had it, in seconds since the epoch."""
    photo: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot said to a message."""

    to: Sent
    outcome: MessageOutcome
    messages: int
    pictures: int

    @property
    def complete(self) -> bool:
        """Whether it is what was asked for: to a photo a picture, to a text any message."""
        return self.messages > 0 if not self.to.photo else self.pictures > 0


@dataclass(slots=True)
class Sender:
    """A person, and what they sent."""

    person: Person
    sent: list[Sent] = field(default_factory=list)

    async def send_text(self, text: str) -> Sent:
        """Send a text."""
        return self._note(await self.person.send(text), photo=False)

    async def send_photo(self, photo: bytes, caption: str = "make it snow", *, as_file: bool = False) -> Sent:
        """Send a photo with an instruction."""
        return self._note(await self.person.send(photo=photo, as_file=as_file, caption=caption), photo=True)

    def _note(self, ids: Sequence[int], *, photo: bool) -> Sent:
        sent = Sent(ids[0], time.time(), photo)
        self.sent.append(sent)
        return sent

    async def answers(self) -> list[Answer]:
        """Return what was said to each message so far, in the order in which they were sent."""
        seen = await answers(self.person)
        return [_answer(each, seen.get(each.id, [])) for each in self.sent]


def _answer(to: Sent, seen: Sequence[Message]) -> Answer:
    pictures = sum(message.now.media is not None for message in seen)
    if pictures:
        outcome = MessageOutcome.PICTURE
    else:
        waiting = any(str(button.data).startswith("cancel") for message in seen for button in message.now.buttons)
        outcome = MessageOutcome.OPEN if waiting or not seen else MessageOutcome.WORDS
    return Answer(to, outcome, len(seen), pictures)
