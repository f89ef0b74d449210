"""Routes a received update to its handler."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import structlog
from aiogram.types import Message, Update
from aiogram.types.update import UpdateTypeLookupError
from pydantic import ValidationError

from qwenedit_bot.chat.actors import actor_in, actor_of, is_of_bot, own_words
from qwenedit_bot.chat.errors import ChatUnreachableError
from qwenedit_bot.chat.rate_limit import on_behalf_of
from qwenedit_bot.chat.view import View
from qwenedit_bot.common.personal_data import FORGET_ALL, FORGET_NOT
from qwenedit_bot.conversation import groups, handlers, screen
from qwenedit_bot.conversation.actions import HOW
from qwenedit_bot.conversation.commands import admin, files, general, presets, privacy, shop
from qwenedit_bot.conversation.commands.languages import LANGUAGE, choose_language
from qwenedit_bot.conversation.turn import turn_of
from qwenedit_bot.edits.job_views import AGAIN, AS_FILE, CANCEL, LARGER, OVER, STYLES, UNDO
from qwenedit_bot.inbox.scheduler import PoisonError
from qwenedit_bot.presets import preset_views
from qwenedit_bot.texts import Text
from qwenedit_telemetry import attributes, tracing

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Mapping

    from aiogram import Bot

    from qwenedit_bot.common.metrics import BotMetrics
    from qwenedit_bot.conversation.turn import Services, Turn
    from qwenedit_bot.inbox.inbox import Inbox, ReceivedUpdate
    from qwenedit_jobs.lanes import Entry, Lanes


log = structlog.get_logger(__name__)

Handler: TypeAlias = "Callable[[Turn], Awaitable[None]]"
Handlers: TypeAlias = "dict[str, Handler]"
_PUBLIC: Handlers = {"privacy": privacy.tell_privacy, "forget": privacy.ask_to_forget, "paysupport": shop.support}
"""Commands that everybody may use in private, banned or not."""
_COMMANDS: Handlers = {
    **_PUBLIC,
    "start": general.start,
    "help": general.give_help,
    "presets": general.offer_presets,
    "cancel": handlers.stop,
    "status": general.status,
    "limits": shop.offer,
    "buy": shop.offer,
    "language": choose_language,
}
_PRESSES: Handlers = {
    HOW: handlers.how,
    shop.RESUME: handlers.resume,
    AGAIN: handlers.again,
    UNDO: handlers.undo,
    OVER: handlers.over,
    CANCEL: handlers.cancel,
    LARGER: files.larger,
    AS_FILE: files.as_file,
    STYLES: general.offer_presets,
    preset_views.CATEGORIES: presets.categories,
    preset_views.CATEGORY: presets.category,
    preset_views.PRESET: presets.choose,
}
"""By the verb of the button's data."""
_PRESSES_IN_PRIVATE: Handlers = {LANGUAGE: choose_language, "forget": privacy.confirm, shop.BUY: shop.send_invoice}

_ABOUT_JOBS = {CANCEL, AGAIN, UNDO, LARGER, AS_FILE, STYLES}
"""Verbs that a job's ID follows."""
_SHOW = {AS_FILE, preset_views.CATEGORIES, preset_views.CATEGORY, LANGUAGE}
"""Verbs whose buttons may be tapped repeatedly. Quick taps on any other button count as one."""


async def handle(update: Update, album: tuple[Message, ...], services: Services) -> None:
    """Route an update: first to handlers for everybody, then, for permitted users, to the rest."""
    if update.pre_checkout_query is not None:
        await shop.approve_checkout(update.pre_checkout_query, services)
        return
    turn = await turn_of(update, album, services)
    if turn is None or await shop.credit_payment(turn):
        return
    handler = _of_everybody(turn)
    if handler is None:
        if await _kept_out(turn):
            return
        handler = _handler(turn)
    await handler(turn)


def _of_everybody(turn: Turn) -> Handler | None:
    """Return the handler that even banned users may use, in private only."""
    if turn.in_group or turn.edited:
        return None
    if turn.messages and turn.messages[0].refunded_payment is not None:
        return shop.revoke_payment
    if turn.press is not None and turn.press.data in (FORGET_ALL, FORGET_NOT):
        return _press
    alone = turn.messages and own_words(turn.messages[0]) and not turn.args
    return _PUBLIC.get(turn.command) if alone else None


async def _kept_out(turn: Turn) -> bool:
    """Return whether a user may not use the bot. They get an occasional notice, in a group only if they call it."""
    services = turn.services
    refusal = await services.access_list.refusal(turn.user_id)
    if refusal is None:
        return False
    # In a group, people who are kept out are none of the others' business; a chat that speaks is.
    if turn.press is not None or (_calls(turn) and not (turn.in_group and turn.user_id > 0)):
        name = str(turn.update_id)
        if await services.replies.is_first(turn.user_id, "access", name, seconds=3_600):
            await turn.alert(refusal)
    return True


def _calls(turn: Turn) -> bool:
    """Return whether a message is for the bot: in private always, in a group if it calls the bot."""
    return bool(turn.messages) and (not turn.in_group or groups.is_called(turn))


def _handler(turn: Turn) -> Handler:
    """Return the handler for a permitted user."""
    if not turn.messages:
        return _press if turn.press is not None else groups.changed
    if turn.edited:
        return groups.corrected if turn.in_group else handlers.corrected
    if turn.in_group:
        return groups.message
    command, text = turn.command, turn.messages[0].text or ""
    if own_words(turn.messages[0]):
        if command in admin.ALL and turn.services.access_list.is_admin(turn.user_id):
            return admin.ALL[command]
        if command in _COMMANDS:
            return _COMMANDS[command]
    # Behind the command of groups stands an instruction.
    return general.unknown if text.startswith("/") and command != "edit" else handlers.message


async def _press(turn: Turn) -> None:
    """Handle a button press, including buttons of earlier versions.

    Any message may carry any `callback_data`, and a client may send data that no button has
    (https://core.telegram.org/bots/api#callbackquery): a press counts if the bot's own message has the button now.
    """
    message = turn.message
    handler = _PRESSES.get(turn.verb)
    if handler is None and not turn.in_group:
        handler = _COMMANDS.get(turn.data) if turn.verb == general.OPEN else _PRESSES_IN_PRIVATE.get(turn.verb)
    if handler is None or not isinstance(message, Message) or not is_of_bot(message, turn.services.bot_id):
        await turn.alert(Text.PRESS_FORGOTTEN)
    elif turn.press is None or not _carries(message, turn.press.data):
        await turn.toast()  # the user sees what it says instead
    elif (refusal := await _refusal(turn)) is not None:
        await turn.alert(refusal)
    elif turn.verb not in _SHOW and not await turn.is_first_tap():
        await turn.toast(turn.words(Text.PRESS_IN_THE_WORKS))
    else:
        await handler(turn)
        await turn.toast()  # if the handler has not: until then the client lets nobody press again


def _carries(message: Message, data: str | None) -> bool:
    rows = message.reply_markup.inline_keyboard if message.reply_markup else []
    return any(button.callback_data == data for row in rows for button in row)


async def _refusal(turn: Turn) -> Text | None:
    """Return why a button does nothing: it works only for the job's owner, or for whose message was answered."""
    services, about = turn.services, turn.about
    job = await services.queue.status(turn.data) if turn.verb in _ABOUT_JOBS else None
    if job is None and about is not None:
        job = await screen.job_shown_by(about, (), services)
    owner = job.job.user_id if job is not None else actor_of(about) if about is not None else None
    if owner == turn.user_id or (owner is None and not turn.in_group):
        return None
    return Text.PRESS_FORGOTTEN if owner is None else Text.PRESS_NOT_YOURS


@dataclass(eq=False)
class UpdateWork:
    """Handles the inbox's entries for the scheduler.

    An update from a chat makes answers due that the chat had refused, and sets `job_ended`.
    """

    bot: Bot
    services: Services
    inbox: Inbox
    answers: Lanes
    job_ended: asyncio.Event
    metrics: BotMetrics
    patience: ClassVar[int | None] = 15
    """About nine minutes of attempts, not counting those that failed because of Redis."""

    async def __call__(self, entry: Entry) -> None:
        """Handle an update.

        Raises:
            RedisError: handle it again later, as with the next two.
            TelegramUnavailableError: Telegram doesn't answer.
            LaterError: a scarce resource is taken now.
            PoisonError: this version can't read the update.
        """
        received = await self._open(entry)
        if received is not None:
            with on_behalf_of(actor_in(_first(received))):
                await self._handle(received)
            if await self.answers.make_due_apart(entry.lane):  # the bot may be able to write there again
                self.job_ended.set()

    def about(self, entry: Entry) -> Mapping[str, str]:  # noqa: ARG002 - as the scheduler asks
        """Return nothing: the entry's ID identifies the update, and the rest is private."""
        return {}

    async def apologise(self, entry: Entry) -> None:
        """Tell the user that an update wasn't handled."""
        received = await self._open(entry)
        if received is not None:
            self.metrics.updates.labels(received.kind, "failed").inc()
            update = Update.model_validate(_first(received), context={"bot": self.bot})
            with on_behalf_of(actor_in(_first(received))), suppress(ChatUnreachableError):
                await self._tell(update, Text.TROUBLE)

    async def _open(self, entry: Entry) -> ReceivedUpdate | None:
        try:
            return await self.inbox.open(entry)
        except ValueError as error:
            raise PoisonError from error

    async def _handle(self, received: ReceivedUpdate) -> None:
        kind = {attributes.UPDATE_KIND: received.kind}
        with tracing.root("receive update", kind=tracing.Kind.CONSUMER, attributes=kind) as span:
            outcome = await self._outcome(received)
            span.set({attributes.OUTCOME: outcome})
        self.metrics.updates.labels(received.kind, outcome).inc()

    async def _outcome(self, received: ReceivedUpdate) -> str:
        try:
            update = Update.model_validate(_first(received), context={"bot": self.bot})
            messages = (each["message"] for each in received.album)
            album = tuple(Message.model_validate(message, context={"bot": self.bot}) for message in messages)
            _ = update.event_type
        except (ValidationError, UpdateTypeLookupError) as error:
            # The error's text would quote the message.
            log.warning("update.unreadable", update=received.update_id, kind=received.kind, error=type(error).__name__)
            self.metrics.updates.labels(received.kind, "unreadable").inc()
            raise PoisonError from error
        try:
            if received.refused:
                await self._tell(update, Text.TOO_MANY_AT_ONCE)
                return "refused"
            await handle(update, album, self.services)
        except ChatUnreachableError as error:
            log.info("update.chat_unreachable", update=received.update_id, error=str(error))
            return "unreachable"
        return "handled"

    async def _tell(self, update: Update, text: Text) -> None:
        """Say why an update wasn't handled; in a group, only if it was for the bot."""
        turn = await turn_of(update, (), self.services)
        if turn is not None and (turn.press is not None or _calls(turn)):
            # Not over the chat: by now a press is too old for that.
            await turn.say(View(turn.words(text)), to=turn.to(turn.shown, "refused"))


def _first(received: ReceivedUpdate) -> dict[str, Any]:
    return received.album[0] if received.album else received.raw
