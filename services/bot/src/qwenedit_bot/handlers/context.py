"""What every handler gets beside its update."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, Message

from qwenedit_bot.messenger import Source

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import TelegramObject

    from qwenedit_bot.messenger import Messenger
    from qwenedit_bot.replies import Replies
    from qwenedit_bot.submit import Submit
    from qwenedit_bot.texts import Texts
    from qwenedit_jobs import JobQueue


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers call."""

    queue: JobQueue
    submit: Submit
    replies: Replies
    messenger: Messenger
    texts: Texts
    picture_ttl: int
    """Seconds."""


class LanguageMiddleware(BaseMiddleware):
    """Hands each handler the words of its user's language, as `words`."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Add the words and go on."""
        user = event.from_user if isinstance(event, Message | CallbackQuery) else None
        data["words"] = self._texts.of(user.language_code if user else None)
        return await handler(event, data)


def source_of(message: Message) -> Source:
    """Name a user's message."""
    return Source(message.chat.id, message.message_id)
