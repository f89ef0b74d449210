"""From a received update to its handler."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from aiogram import Dispatcher, F, Router
from aiogram.fsm.storage.base import DefaultKeyBuilder
from aiogram.fsm.storage.redis import RedisStorage
from aiogram.types import Update
from aiogram.types.update import UpdateTypeLookupError
from pydantic import ValidationError
from redis.exceptions import RedisError

from qwenedit_bot.errors import ChatUnreachableError, TelegramUnavailableError
from qwenedit_bot.handlers import commands, others, photos, presses
from qwenedit_bot.handlers.context import LanguageMiddleware, Services, source_of
from qwenedit_bot.loops import described
from qwenedit_bot.texts import Text
from qwenedit_bot.views import View
from qwenedit_telemetry import attributes, tracing

if TYPE_CHECKING:
    from aiogram import Bot
    from redis.asyncio import Redis

    from qwenedit_bot.keys import BotKeys
    from qwenedit_bot.metrics import BotMetrics
    from qwenedit_bot.updates import ReceivedUpdate

log = structlog.get_logger(__name__)


def make_dispatcher(redis: Redis, keys: BotKeys, services: Services) -> Dispatcher:
    """Join the routers: groups apart, then private chats from the most to the least particular."""
    storage = RedisStorage(
        redis,
        key_builder=DefaultKeyBuilder(prefix=keys.dialogue_prefix),
        state_ttl=photos.DIALOGUE_TTL,
        data_ttl=photos.DIALOGUE_TTL,
    )
    dispatcher = Dispatcher(storage=storage, services=services)
    for observer in (dispatcher.message, dispatcher.callback_query):
        observer.outer_middleware(LanguageMiddleware(services.texts))
    private = Router(name="private")
    private.message.filter(F.chat.type == "private")
    private.include_routers(commands.make_router(), photos.make_router(), others.make_router())
    dispatcher.include_routers(private, others.make_group_router(), presses.make_router())
    return dispatcher


class HandleUpdate:
    """Handles one update to its end.

    Args:
        bot: The connection to Telegram.
        dispatcher: Finds the handler.
        services: Say that something went wrong, where it did.
        metrics: Counts updates.
    """

    def __init__(self, bot: Bot, dispatcher: Dispatcher, services: Services, metrics: BotMetrics) -> None:
        self._bot = bot
        self._dispatcher = dispatcher
        self._services = services
        self._metrics = metrics

    async def __call__(self, received: ReceivedUpdate) -> None:
        """Handle an update.

        Raises:
            RedisError: handle it again later.
            TelegramUnavailableError: handle it again later.
        """
        kind = {attributes.UPDATE_KIND: received.kind}
        with tracing.root("receive update", kind=tracing.Kind.CONSUMER, attributes=kind) as span:
            outcome = await self._handle(received)
            span.set({attributes.OUTCOME: outcome})
        self._metrics.updates.labels(received.kind, outcome).inc()

    async def _handle(self, received: ReceivedUpdate) -> str:
        try:
            update = Update.model_validate(received.raw, context={"bot": self._bot})
            _ = update.event_type
        except (ValidationError, UpdateTypeLookupError) as error:
            # The error's text would quote the message.
            log.warning("update.unreadable", update=received.update_id, kind=received.kind, error=type(error).__name__)
            return "unreadable"
        try:
            await self._dispatcher.feed_update(self._bot, update)
        except (RedisError, TelegramUnavailableError):
            raise
        except ChatUnreachableError as error:
            log.info("update.chat_unreachable", update=received.update_id, error=str(error))
            return "unreachable"
        except Exception as error:  # noqa: BLE001 - one update's defect must not stop the others
            log.error("update.failed", update=received.update_id, **described(error))  # noqa: TRY400 - no user's words
            await self._apologise(update)
            return "failed"
        return "handled"

    async def _apologise(self, update: Update) -> None:
        event = update.message or update.callback_query
        user = event.from_user if event is not None else None
        words = self._services.texts.of(user.language_code if user else None)
        try:
            if update.message is not None and update.message.chat.type == "private":
                await self._services.replies.say(source_of(update.message), View(words(Text.TROUBLE)))
            elif update.callback_query is not None:
                await self._services.messenger.answer_press(update.callback_query.id, words(Text.TROUBLE), alert=True)
        except ChatUnreachableError:
            return
