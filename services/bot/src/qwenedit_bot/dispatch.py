"""From a received update to its handler."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from aiogram import Dispatcher, F, Router
from aiogram.fsm.storage.base import DefaultKeyBuilder
from aiogram.fsm.storage.redis import RedisStorage
from aiogram.types import Message, Update
from aiogram.types.update import UpdateTypeLookupError
from pydantic import ValidationError
from redis.exceptions import RedisError

from qwenedit_bot.errors import ChatUnreachableError, TelegramUnavailableError
from qwenedit_bot.handlers import admin, commands, everybodys, groups, others, photos, presets, presses, shop
from qwenedit_bot.handlers.access import AccessMiddleware, OwnButtons
from qwenedit_bot.handlers.context import DialogueMiddleware, LanguageMiddleware, Services, source_of
from qwenedit_bot.handlers.dialogue import DIALOGUE_TTL
from qwenedit_bot.loops import described
from qwenedit_bot.texts import Text
from qwenedit_bot.views import View
from qwenedit_telemetry import attributes, tracing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram import Bot
    from redis.asyncio import Redis

    from qwenedit_bot.access import Access
    from qwenedit_bot.handlers.admin import Office
    from qwenedit_bot.keys import BotKeys
    from qwenedit_bot.metrics import BotMetrics
    from qwenedit_bot.updates import ReceivedUpdate

log = structlog.get_logger(__name__)


def make_dispatcher(redis: Redis, keys: BotKeys, services: Services, office: Office, access: Access) -> Dispatcher:
    """Join the routers: what is everybody's, then groups apart from private chats, for those who may use the bot."""
    storage = RedisStorage(
        redis,
        key_builder=DefaultKeyBuilder(prefix=keys.dialogue_prefix),
        state_ttl=DIALOGUE_TTL,
        data_ttl=DIALOGUE_TTL,
    )
    dispatcher = Dispatcher(storage=storage, services=services, office=office)
    for observer in (dispatcher.message, dispatcher.callback_query, dispatcher.pre_checkout_query):
        observer.outer_middleware(LanguageMiddleware(services))
    dispatcher.message.outer_middleware(DialogueMiddleware(dispatcher))
    dispatcher.callback_query.outer_middleware(OwnButtons(services))
    guarded = Router(name="guarded")
    for observer in (guarded.message, guarded.callback_query):
        observer.outer_middleware(AccessMiddleware(access, services, office.broadcasts))
    private = Router(name="private")
    private.message.filter(F.chat.type == "private")
    private.include_routers(
        admin.make_router(),
        commands.make_router(),
        presets.make_message_router(),
        photos.make_router(),
        others.make_router(),
    )
    guarded.include_routers(private, groups.make_router(), presses.make_router())
    dispatcher.include_routers(everybodys.make_router(), shop.make_checkout_router(), guarded)
    _filter_without_threads(dispatcher)
    return dispatcher


def _filter_without_threads(dispatcher: Dispatcher) -> None:
    """Have filters called where they are: aiogram sends each plain function to a thread, a score of them an update.

    None of ours waits for anything, and the way to a thread and back takes longer than they do.
    """
    for router in dispatcher.chain_tail:
        for observer in router.observers.values():
            for handler in (observer._handler, *observer.handlers):  # noqa: SLF001 - where a router's own filters are
                for each in handler.filters or ():
                    if not each.awaitable:
                        each.callback, each.awaitable = _at_once(each.callback), True


def _at_once(plain: Callable[..., object]) -> Callable[..., Awaitable[object]]:
    async def call(*event: object, **data: object) -> object:
        return plain(*event, **data)

    return call


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
        raw = received.album[0] if received.album else received.raw
        try:
            update = Update.model_validate(raw, context={"bot": self._bot})
            messages = (each["message"] for each in received.album)
            album = tuple(Message.model_validate(message, context={"bot": self._bot}) for message in messages)
            _ = update.event_type
        except (ValidationError, UpdateTypeLookupError) as error:
            # The error's text would quote the message.
            log.warning("update.unreadable", update=received.update_id, kind=received.kind, error=type(error).__name__)
            return "unreadable"
        try:
            await self._dispatcher.feed_update(self._bot, update, album=album)
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
