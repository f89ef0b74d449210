"""What every handler gets beside its update."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, Message, PreCheckoutQuery

from qwenedit_bot.chat.actors import actor_of
from qwenedit_bot.conversation.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import TelegramObject

    from qwenedit_bot.chat.bot_api import Messenger
    from qwenedit_bot.chat.migrations import Migrations
    from qwenedit_bot.chat.replies import Replies
    from qwenedit_bot.conversation.account import Retention
    from qwenedit_bot.conversation.draft import Drafts
    from qwenedit_bot.conversation.shop import Shop
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
    bot_name: str
    drafts: Drafts
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


class TurnMiddleware(BaseMiddleware):
    """Hands each handler what happens, as `turn`, and the words of its user's language, as `words`."""

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
        if actor is not None and isinstance(event, Message | CallbackQuery):
            message = event if isinstance(event, Message) else event.message
            chat_id = message.chat.id if message is not None else actor
            update_id = data["event_update"].update_id
            album = data.get("album", ())
            data["turn"] = Turn(event, data["words"], self._services, chat_id, actor, update_id, album)
        return await handler(event, data)


def _language_of(event: TelegramObject) -> str | None:
    user = getattr(event, "from_user", None)
    return user.language_code if user is not None else None
