"""What every handler gets beside its update."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, Message, PreCheckoutQuery

from qwenedit_bot.chat.actors import actor_of
from qwenedit_bot.chat.messenger import Source

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram import Dispatcher
    from aiogram.fsm.context import FSMContext
    from aiogram.types import InaccessibleMessage, TelegramObject

    from qwenedit_bot.chat.bot_api import Messenger
    from qwenedit_bot.chat.migrations import Migrations
    from qwenedit_bot.chat.replies import Replies
    from qwenedit_bot.conversation.account.privacy_notice import Retention
    from qwenedit_bot.conversation.account.shop import Shop
    from qwenedit_bot.edits.progress.eta import Eta
    from qwenedit_bot.edits.requests.backlog import Backlog
    from qwenedit_bot.edits.requests.job_ids import JobIds
    from qwenedit_bot.edits.requests.rewording import Reword
    from qwenedit_bot.edits.user_jobs import UserJobs
    from qwenedit_bot.payments.quotas import Quotas
    from qwenedit_bot.pictures.results import Results
    from qwenedit_bot.presets.catalogue import Catalogue
    from qwenedit_bot.presets.search import PresetSearch
    from qwenedit_bot.privacy.user_erasure import UserErasure
    from qwenedit_bot.texts import Texts
    from qwenedit_bot.users.access_list import AccessList
    from qwenedit_bot.users.languages import Languages
    from qwenedit_jobs import JobQueue, PictureStore


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers call."""

    bot_id: int
    ids: JobIds
    queue: JobQueue
    store: PictureStore
    results: Results
    submit: Backlog
    reword: Reword
    replies: Replies
    messenger: Messenger
    texts: Texts
    languages: Languages
    presets: Catalogue
    preset_search: PresetSearch
    quotas: Quotas
    access_list: AccessList
    user_erasure: UserErasure
    user_jobs: UserJobs
    eta: Eta
    retention: Retention
    shop: Shop
    migrations: Migrations
    larger_megapixels: float = 0
    """Of a result that is enlarged, at most; 0 offers it nowhere."""


class LanguageMiddleware(BaseMiddleware):
    """Hands each handler the words of its user's language, as `words`."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Add the words and go on."""
        actor = actor_of(event) if isinstance(event, Message | CallbackQuery | PreCheckoutQuery) else None
        data["words"] = (
            await self._services.languages.words_of(actor, _language_of(event))
            if actor is not None
            else self._services.texts.of(None)
        )
        return await handler(event, data)


class DialogueMiddleware(BaseMiddleware):
    """Gives each chat that speaks for itself a dialogue of its own; aiogram goes by the stand-in that all share.

    Args:
        dispatcher: Its dialogues.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Replace the dialogue of a message on behalf of a chat, and go on."""
        if isinstance(event, Message) and event.sender_chat is not None:
            state: FSMContext = self._dispatcher.fsm.get_context(
                data["bot"], chat_id=event.chat.id, user_id=event.sender_chat.id
            )
            data |= {"state": state, "raw_state": await state.get_state()}
        return await handler(event, data)


def _language_of(event: TelegramObject) -> str | None:
    user = getattr(event, "from_user", None)
    return user.language_code if user is not None else None


def answered_by(message: Message) -> Message | None:
    """Return the message that somebody chose to reply to.

    Whatever is written in a topic or below a channel's post replies, as Telegram has it, to the topic's first message
    or to the post (https://core.telegram.org/bots/api#message).
    """
    answered = message.reply_to_message
    if answered is None or answered.forum_topic_created is not None or answered.is_automatic_forward:
        return None
    return answered


def source_of(message: Message | InaccessibleMessage, discriminator: str = "") -> Source:
    """Name a message to answer, in its topic."""
    thread_id = message.message_thread_id if isinstance(message, Message) and message.is_topic_message else None
    return Source(message.chat.id, message.message_id, discriminator, thread_id or 0)
