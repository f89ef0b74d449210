"""What every handler gets: a message or a press in hand, and the ways to answer it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aiogram.types import CallbackQuery, Message

from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.chat.rate_limit.limits import is_group

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import InaccessibleMessage, TelegramObject

    from qwenedit_bot.chat.view import View
    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.texts import Words


def source_of(message: Message | InaccessibleMessage, discriminator: str = "") -> Source:
    """Name a message to answer, in its topic."""
    thread_id = message.message_thread_id if isinstance(message, Message) and message.is_topic_message else None
    return Source(message.chat.id, message.message_id, discriminator, thread_id or 0)


@dataclass(frozen=True, slots=True)
class Turn:
    """A message or a press in hand."""

    event: Message | CallbackQuery
    words: Words
    services: Services
    chat_id: int
    user_id: int
    """Who acts: a person, or a chat that speaks for itself."""
    update_id: int
    """Telegram's number of what happens; the same however often it is handled."""
    album: tuple[Message, ...] = ()
    """All messages of the album, if this is one."""

    @property
    def messages(self) -> tuple[Message, ...]:
        """The user's message, or those of an album; none for a press."""
        return self.album or ((self.event,) if isinstance(self.event, Message) else ())

    @property
    def in_group(self) -> bool:
        """Whether others read what is said."""
        return is_group(self.chat_id)

    @property
    def shown(self) -> int:
        """Id of the message in hand, or of the one that has the pressed button."""
        message = self.event if isinstance(self.event, Message) else self.event.message
        return message.message_id if message is not None else 0

    def to(self, message_id: int, discriminator: str = "") -> Source:
        """Name a message to answer, in the topic of the one in hand."""
        message = self.event if isinstance(self.event, Message) else self.event.message
        here = source_of(message) if message is not None else Source(self.chat_id, 0)
        return replace(here, message_id=message_id, discriminator=discriminator)

    @property
    def press(self) -> CallbackQuery | None:
        """The press, if it is one."""
        return self.event if isinstance(self.event, CallbackQuery) else None

    @property
    def edited(self) -> bool:
        """Whether a message was corrected."""
        return isinstance(self.event, Message) and self.event.edit_date is not None

    @property
    def about(self) -> Message | None:
        """The message that the one with the pressed button answers; None for a message, and if that is gone."""
        message = self.press.message if self.press is not None else None
        return message.reply_to_message if isinstance(message, Message) else None

    async def say(self, view: View, *, to: Source | None = None) -> int:
        """Answer the message, or another one; returns the id of the bot's message."""
        edited_at = self.event.edit_date if isinstance(self.event, Message) else None
        return await self.services.replies.say(to or self.to(self.shown), view, edited_at=edited_at)

    async def show(self, view: View) -> None:
        """Show something else in the message that has the pressed button."""
        await self.services.messenger.edit(self.chat_id, self.shown, view)

    async def toast(self, text: str = "", *, alert: bool = False) -> None:
        """Answer a press; nothing for a message."""
        if self.press is not None:
            await self.services.messenger.answer_press(self.press.id, text, alert=alert)


def on(handler: Callable[[Turn], Awaitable[None]]) -> Callable[[TelegramObject, Turn], Awaitable[None]]:
    """Return a handler of aiogram's from one that takes what happens as a turn."""

    async def handle(_event: TelegramObject, turn: Turn) -> None:
        await handler(turn)

    return handle
