"""An instruction that comes before its photo: it is kept for some minutes, and the photo that follows takes it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from qwenedit_bot.chat.actors import actor_of
from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.chat.view import View
from qwenedit_bot.conversation.context import source_of
from qwenedit_bot.conversation.photos.dialogue import Dialogue
from qwenedit_bot.edits.requests.gates import BURST
from qwenedit_bot.edits.requests.request import MAX_INSTRUCTION
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from aiogram.fsm.context import FSMContext
    from aiogram.types import Message

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.texts import Words

WORDS_KEPT = 600
"""Seconds within which the photo must follow."""
MINUTE = 60
SHOWN = 200
"""Characters of an instruction that are shown to whoever wrote it."""


@dataclass(frozen=True, slots=True)
class KeptWords:
    """An instruction without its photo, in one message or in several that followed each other fast."""

    words: str
    first: int
    """Id of the first of these messages, which is the one that is answered."""
    last: int
    at: int
    """When the last one was sent, in seconds since the epoch."""

    @classmethod
    def of(cls, message: Message, wish: str) -> Self:
        """Return the instruction of a message alone."""
        return cls(wish, message.message_id, message.message_id, sent_at(message))

    async def keep(self, state: FSMContext) -> None:
        """Let the user's next photo be for these words."""
        await state.set_state(Dialogue.words)
        await state.set_data({"words": self.words, "first": self.first, "last": self.last, "at": self.at})

    @classmethod
    async def kept(cls, state: FSMContext, *, for_message: Message) -> Self | None:
        """Return what waits for a photo; None once it has waited too long."""
        if await state.get_state() != Dialogue.words:
            return None
        data = await state.get_data()
        words = cls(data["words"], data["first"], data["last"], data["at"]) if data else None
        return words if words is not None and sent_at(for_message) - words.at <= WORDS_KEPT else None

    def with_more(self, message: Message, wish: str) -> Self:
        """Add what was written at once after it; a message that is handled again adds nothing."""
        if message.message_id <= self.last:
            return self
        both = f"{self.words}\n{wish}"
        return replace(
            self, words=both if len(both) <= MAX_INSTRUCTION else wish, last=message.message_id, at=sent_at(message)
        )


async def keep_words(message: Message, wish: str, words: Words, services: Services, state: FSMContext) -> None:
    """Keep an instruction that came without a photo; a burst of texts is one instruction and gets one answer."""
    if len(wish) > MAX_INSTRUCTION:
        view = View(words(Text.INSTRUCTION_TOO_LONG, length=len(wish), limit=MAX_INSTRUCTION))
        await services.replies.say(source_of(message), view)
        return
    earlier = await KeptWords.kept(state, for_message=message)
    if earlier is not None and sent_at(message) - earlier.at <= BURST:
        kept = earlier.with_more(message, wish)
    else:
        kept = KeptWords.of(message, wish)
    await kept.keep(state)
    busy = await services.queue.unfinished_ids_of(actor_of(message) or message.chat.id)
    view = View(words(Text.WORDS_KEPT_BUSY if busy else Text.WORDS_KEPT, minutes=WORDS_KEPT // MINUTE))
    if kept.first == message.message_id:
        await services.replies.say(Source(message.chat.id, kept.first), view)


async def say_taken(kept: KeptWords, photo: Message, words: Words, services: Services) -> None:
    """Say, where the words were answered, that the photo has taken them."""
    view = View(words(Text.WORDS_TAKEN, said=shortened(kept.words)))
    await services.replies.say(Source(source_of(photo).chat_id, kept.first), view)


def shortened(wish: str, most: int = SHOWN) -> str:
    """Return an instruction in one line that is not too long."""
    line = " ".join(wish.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def sent_at(message: Message) -> int:
    """Return when a message was sent, in seconds since the epoch."""
    return int(message.date.timestamp())
