"""Brings a received update to its handler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import structlog
from aiogram import Dispatcher, F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message, Update
from aiogram.types.update import UpdateTypeLookupError
from pydantic import ValidationError

from qwenedit_bot.chat.actors import actor_in, own_words
from qwenedit_bot.chat.errors import ChatUnreachableError
from qwenedit_bot.chat.rate_limit import on_behalf_of
from qwenedit_bot.chat.view import View
from qwenedit_bot.common.retention import FORGET_ALL, FORGET_NOT
from qwenedit_bot.conversation import (
    account,
    admin_commands,
    commands,
    groups,
    membership,
    presets,
    results,
    shop,
    talk,
)
from qwenedit_bot.conversation.access_filter import AccessMiddleware, OwnButtons
from qwenedit_bot.conversation.acting import HOW, LIKE_THIS, OVER, THEN
from qwenedit_bot.conversation.turn import TurnMiddleware, on, source_of
from qwenedit_bot.edits.job_views import AGAIN, AS_FILE, CANCEL, LARGER, STYLES, UNDO
from qwenedit_bot.inbox.scheduler import PoisonError
from qwenedit_bot.presets import preset_views
from qwenedit_bot.texts import Text
from qwenedit_bot.texts.intents import intent_of
from qwenedit_telemetry import attributes, tracing

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Mapping

    from aiogram import Bot

    from qwenedit_bot.common.metrics import BotMetrics
    from qwenedit_bot.conversation.turn import Services, Turn
    from qwenedit_bot.inbox.inbox import Inbox
    from qwenedit_bot.inbox.updates import ReceivedUpdate
    from qwenedit_jobs.lanes import Entry, Lanes

_REFUSED = "refused"
"""Tells the answer to a burst from an earlier answer to the same message, where that is edited or has the button."""

_CORRECTED = F.text | F.caption | F.photo | F.document

log = structlog.get_logger(__name__)

Handlers: TypeAlias = "dict[str, Callable[[Turn], Awaitable[None]]]"
_PUBLIC: Handlers = {"privacy": account.tell_privacy, "forget": account.ask_to_forget, "paysupport": shop.support}
"""What everybody may command in private, banned or not."""
_ADMINS: Handlers = {
    "pause": admin_commands.pause, "resume": admin_commands.resume, "ban": admin_commands.ban,
    "unban": admin_commands.unban, "grant": admin_commands.grant, "refund": shop.refund,
}  # fmt: skip
_COMMANDS: Handlers = {
    **_PUBLIC, "start": commands.start, "help": commands.give_help, "presets": presets.command, "cancel": talk.stop,
    "status": commands.status, "limits": commands.limits, "buy": shop.offer, "language": account.offer_languages,
}  # fmt: skip
_PRESSES: Handlers = {
    HOW: talk.how, OVER: talk.begun, THEN: talk.begun, LIKE_THIS: talk.like_this, shop.RESUME: talk.resume,
    AGAIN: talk.again, UNDO: talk.undo, CANCEL: results.cancel, LARGER: results.larger, AS_FILE: results.as_file,
    STYLES: results.styles, preset_views.CATEGORIES: presets.categories, preset_views.CATEGORY: presets.category,
    preset_views.PRESET: presets.choose,
}  # fmt: skip
"""By the verb of the button's data."""
_PRESSES_IN_PRIVATE: Handlers = {
    commands.OPEN: commands.opened, account.LANGUAGE: account.choose_language, shop.BUY: shop.choose,
}  # fmt: skip

_MAKE_SOMETHING = {
    AGAIN, UNDO, LARGER, STYLES, LIKE_THIS, preset_views.PRESET, commands.OPEN, shop.BUY,
}  # fmt: skip
"""Verbs that make something new each time: taps that follow each other at once are one."""


def make_dispatcher(services: Services) -> Dispatcher:
    """Join the handlers: what is everybody's, then groups apart from private chats, for those who may use the bot."""
    dispatcher = Dispatcher(disable_fsm=True, services=services)
    messages = (dispatcher.message, dispatcher.edited_message)
    for observer in (*messages, dispatcher.callback_query, dispatcher.pre_checkout_query):
        observer.outer_middleware(TurnMiddleware(services))
    guarded = Router(name="guarded")
    for observer in (guarded.message, guarded.edited_message, guarded.callback_query):
        observer.outer_middleware(AccessMiddleware())
    guarded.callback_query.outer_middleware(OwnButtons())
    guarded.callback_query.register(on(_press))
    guarded.include_routers(_make_private_router(), _make_group_router())
    dispatcher.include_routers(_make_public_router(), guarded)
    return dispatcher


def _make_public_router() -> Router:
    """Make the router of what is everybody's: before anybody is asked whether they may use the bot."""
    router = Router(name="everybody's")
    for name, handler in _PUBLIC.items():
        alone = Command(name, ignore_case=True, magic=~F.args)
        router.message.register(on(handler), F.chat.type == "private", F.text, own_words, alone)
    router.callback_query.middleware(OwnButtons())
    sure = F.data.in_({FORGET_ALL, FORGET_NOT})
    router.callback_query.register(on(account.confirm), sure, F.message.chat.type == "private")
    router.message.register(on(shop.paid), F.successful_payment)
    router.message.register(shop.returned, F.refunded_payment, F.chat.type == "private")
    router.pre_checkout_query.register(shop.agree)
    router.my_chat_member.register(membership.changed)
    return router


def _make_private_router() -> Router:
    router = Router(name="private")
    for observer in (router.message, router.edited_message):
        observer.filter(F.chat.type == "private")
    for name, handler in _ADMINS.items():
        router.message.register(on(handler), F.text, admin_commands.from_admin, Command(name))
    for name, handler in _COMMANDS.items():
        router.message.register(on(handler), F.text, own_words, Command(name, ignore_case=True))
    # Behind the command of groups stands an instruction, and “/again” is what it says.
    no_words = F.text.startswith("/") & ~F.text.regexp(r"(?i)/edit\b") & ~F.text.func(intent_of)
    router.message.register(on(commands.unknown), no_words)
    router.message.register(on(talk.message))
    router.edited_message.register(on(talk.corrected), _CORRECTED)
    return router


def _make_group_router() -> Router:
    router = Router(name="groups")
    for observer in (router.message, router.edited_message):
        observer.filter(F.chat.type.in_({"group", "supergroup"}), ~F.is_automatic_forward)
    router.message.register(on(groups.message))
    router.edited_message.register(on(groups.corrected), _CORRECTED)
    return router


async def _press(turn: Turn) -> None:
    """Answer a button, those that only an earlier version had too."""
    verb = ((turn.press and turn.press.data) or "").partition(":")[0]
    handlers = _PRESSES if turn.in_group else _PRESSES | _PRESSES_IN_PRIVATE
    if verb not in handlers:
        await turn.toast(turn.words(Text.PRESS_FORGOTTEN), alert=True)
    elif verb in _MAKE_SOMETHING and not await turn.is_first_tap():
        await turn.toast(turn.words(Text.PRESS_IN_THE_WORKS))
    else:
        await handlers[verb](turn)


class UpdateWork:
    """What the scheduler does about an entry of the inbox.

    Args:
        bot: The connection to Telegram.
        dispatcher: Finds the handler.
        services: Say that something went wrong, where it did.
        inbox: Reads the entry.
        answers: Some wait until something comes from their chat, which had refused them.
        job_ended: Set if some of them are due.
        metrics: Counts updates.
    """

    patience: int | None = 15
    """About nine minutes of attempts, those not counted that only Redis missed."""

    def __init__(
        self,
        bot: Bot,
        dispatcher: Dispatcher,
        services: Services,
        *,
        inbox: Inbox,
        answers: Lanes,
        job_ended: asyncio.Event,
        metrics: BotMetrics,
    ) -> None:
        self._bot = bot
        self._dispatcher = dispatcher
        self._services = services
        self._inbox = inbox
        self._answers = answers
        self._job_ended = job_ended
        self._metrics = metrics

    async def __call__(self, entry: Entry) -> None:
        """Handle an update.

        Raises:
            RedisError: handle it again later, as with the next two.
            TelegramUnavailableError: Telegram does not answer.
            LaterError: something scarce is not to be had now.
            PoisonError: it is no update that this version knows.
        """
        received = await self._open(entry)
        if received is not None:
            with on_behalf_of(actor_in(_first(received))):
                await self._handle(received)
            if await self._answers.make_due_apart(entry.lane):  # the bot may be able to write there again
                self._job_ended.set()

    def about(self, entry: Entry) -> Mapping[str, str]:  # noqa: ARG002 - as the scheduler asks
        """Say nothing: the entry's id is Telegram's number of the update, and more of it is the user's own."""
        return {}

    async def apologise(self, entry: Entry) -> None:
        """Say that an update was not handled."""
        received = await self._open(entry)
        if received is not None:
            with on_behalf_of(actor_in(_first(received))):
                await self._apologise(received)

    async def _open(self, entry: Entry) -> ReceivedUpdate | None:
        try:
            return await self._inbox.open(entry)
        except ValueError as error:
            raise PoisonError from error

    async def _handle(self, received: ReceivedUpdate) -> None:
        kind = {attributes.UPDATE_KIND: received.kind}
        with tracing.root("receive update", kind=tracing.Kind.CONSUMER, attributes=kind) as span:
            outcome = await self._outcome(received)
            span.set({attributes.OUTCOME: outcome})
        self._metrics.updates.labels(received.kind, outcome).inc()

    async def _outcome(self, received: ReceivedUpdate) -> str:
        try:
            update = Update.model_validate(_first(received), context={"bot": self._bot})
            messages = (each["message"] for each in received.album)
            album = tuple(Message.model_validate(message, context={"bot": self._bot}) for message in messages)
            _ = update.event_type
        except (ValidationError, UpdateTypeLookupError) as error:
            # The error's text would quote the message.
            log.warning("update.unreadable", update=received.update_id, kind=received.kind, error=type(error).__name__)
            self._metrics.updates.labels(received.kind, "unreadable").inc()
            raise PoisonError from error
        try:
            if received.refused:
                await self._say_that_some_were_refused(update)
                return "refused"
            await self._dispatcher.feed_update(self._bot, update, album=album)
        except ChatUnreachableError as error:
            log.info("update.chat_unreachable", update=received.update_id, error=str(error))
            return "unreachable"
        return "handled"

    async def _say_that_some_were_refused(self, update: Update) -> None:
        """Give the one answer to a burst; none in a group whose members talked to each other."""
        event = update.message or update.edited_message or update.callback_query
        if event is None or event.from_user is None:
            return
        name = self._services.bot_name
        if isinstance(event, Message) and event.chat.type != "private" and not groups.is_called(event, name):
            return
        words = await self._services.languages.words_of(event.from_user.id, event.from_user.language_code)
        view = View(words(Text.TOO_MANY_AT_ONCE))
        shown = event if isinstance(event, Message) else event.message
        if shown is not None:  # by now a press is too old to be answered otherwise
            await self._services.replies.say(source_of(shown, _REFUSED), view)

    async def _apologise(self, received: ReceivedUpdate) -> None:
        update = Update.model_validate(_first(received), context={"bot": self._bot})
        self._metrics.updates.labels(received.kind, "failed").inc()
        event = update.message or update.edited_message or update.callback_query
        if event is None or event.from_user is None:
            return
        words = await self._services.languages.words_of(event.from_user.id, event.from_user.language_code)
        view = View(words(Text.TROUBLE))
        try:
            if isinstance(event, CallbackQuery):
                await self._services.messenger.answer_press(event.id, view.text, alert=True)
            elif event is update.message and event.chat.type == "private":
                await self._services.replies.say(source_of(event), view)
        except ChatUnreachableError:
            return


def _first(received: ReceivedUpdate) -> dict[str, Any]:
    return received.album[0] if received.album else received.raw
