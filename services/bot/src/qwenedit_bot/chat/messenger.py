"""Sends to Telegram's chats through the Bot API, within the rate limits, with fallbacks.

No aiogram error leaves this module: they quote URLs with the token.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import aiohttp
import structlog
from aiogram import methods, types
from aiogram.exceptions import AiogramError, TelegramRetryAfter
from cachetools import TTLCache

from qwenedit_bot.chat import errors
from qwenedit_bot.chat.call_errors import translated
from qwenedit_bot.common import timeouts

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.methods import TelegramMethod
    from aiogram.methods.base import TelegramType

    from qwenedit_bot.chat.rate_limit import SharedLimiter
    from qwenedit_bot.chat.view import Buttons, Invoice, PictureView, Source, View
    from qwenedit_bot.common.metrics import BotMetrics


log = structlog.get_logger(__name__)


class Messenger:
    """Sends, edits and deletes messages.

    If Telegram refuses a call, a fallback may use the same turn: refused calls don't count. Otherwise no method
    repeats a call or waits for a turn.

    Every method may raise `TelegramUnavailableError`, `LaterError` and Redis' errors: the same call may work later.
    Methods with a chat may raise `ChatUnreachableError`. Methods that return bool return whether the message still
    exists. Messages to a group that became a supergroup go to the supergroup.
    """

    def __init__(self, bot: Bot, limiter: SharedLimiter, metrics: BotMetrics) -> None:
        self._bot = bot
        self._limiter = limiter
        self._metrics = metrics
        self._unused: dict[int, float] = {}
        """Chats with a taken but unused turn, and when it expires."""
        self._moved: TTLCache[tuple[int, int], int] = TTLCache(1_000, 86_400.0)
        """Supergroups by the groups that they were and the messages sent there instead, for a day. These have low
        numbers: a group's messages are counted together with all others of the bot, a supergroup's from 1."""

    async def ready(self, chat_id: int, *, edit: bool) -> None:
        """Take a chat's turn before preparing what to send; the next call uses it.

        Raises:
            LaterError: The chat has no turn now.
        """
        await self._take_turn(chat_id, edit=edit)
        self._keep_turn(chat_id)

    async def send(self, to: Source, view: View) -> int:
        """Reply to a user's message, or just send if it's deleted; returns the new message's ID."""
        call = methods.SendMessage(chat_id=to.chat_id, text=view.text, reply_markup=_keyboard(view.buttons))
        try:
            return await self._send(to, call)
        except errors.TextRejectedError:
            raise
        except errors.TelegramRefusedError as error:
            raise errors.ChatUnreachableError(str(error)) from None  # there is no plainer way than words alone

    async def send_file(self, to: Source, picture: PictureView) -> int:
        """Reply to a user's message with a picture as a file; returns the new message's id.

        Raises:
            PhotoRejectedError: The file is too large.
            KindForbiddenError: Files are not allowed in this chat.
            TelegramRefusedError: Telegram refuses it for another reason.
        """
        file, keyboard = _file_of(picture), _keyboard(picture.buttons)
        call = methods.SendDocument(chat_id=to.chat_id, document=file, caption=picture.caption, reply_markup=keyboard)
        return await self._send(to, call)

    async def send_invoice(self, to: Source, invoice: Invoice) -> int:
        """Send an invoice in Stars; returns the new message's ID."""
        call = methods.SendInvoice(
            chat_id=to.chat_id,
            title=invoice.title,
            description=invoice.description,
            payload=invoice.payload,
            currency="XTR",
            prices=[types.LabeledPrice(label=invoice.title, amount=invoice.stars)],
        )
        return await self._send(to, call)

    async def _send(self, to: Source, call: methods.SendMessage | methods.SendDocument | methods.SendInvoice) -> int:
        reply = (
            types.ReplyParameters(message_id=to.message_id, allow_sending_without_reply=True) if to.message_id else None
        )
        where = {"message_thread_id": to.thread_id or None, "reply_parameters": reply}
        await self._take_turn(to.chat_id)
        try:
            message = await self._made_plainly(call.model_copy(update=where), to.chat_id, errors.TelegramRefusedError)
        except errors.GroupMovedError as moved:
            call = call.model_copy(update={"chat_id": moved.chat_id})
            await self._take_turn(to.chat_id)
            message = await self._made_plainly(call, to.chat_id, errors.TelegramRefusedError)
        if message is None:
            raise errors.TelegramUnavailableError("sent nothing")
        if message.chat.id != to.chat_id:
            self._moved[to.chat_id, message.message_id] = message.chat.id
        return message.message_id

    async def edit(self, chat_id: int, message_id: int, view: View) -> bool:
        """Change the text and buttons of one of the bot's messages."""
        await self._take_turn(chat_id, edit=True)
        return await self._edit(chat_id, message_id, view)

    async def edit_if_cheap(self, chat_id: int, message_id: int, view: View, *, until: float) -> bool | None:
        """Edit one of the bot's messages if the chat's rate allows it; None if it was skipped.

        Skips it also if it's outdated by then: at `until`, by `time.monotonic`.

        Raises:
            TelegramUnavailableError: The edit may have arrived, or may still arrive.
        """
        if not await self._limiter.try_acquire(chat_id) or time.monotonic() > until:
            return None
        try:
            return await self._edit(chat_id, message_id, view, seconds=timeouts.SHORT_CALL)
        except errors.LaterError:
            return None

    async def _edit(self, chat_id: int, message_id: int, view: View, *, seconds: int | None = None) -> bool:
        chat, keyboard = self._now_in(chat_id, message_id), _keyboard(view.buttons)
        call = methods.EditMessageText(text=view.text, chat_id=chat, message_id=message_id, reply_markup=keyboard)
        try:
            await self._made_plainly(call, chat_id, errors.ButtonsRejectedError, seconds=seconds)
        except errors.TextRejectedError:
            raise
        except errors.KindForbiddenError as error:
            raise errors.ChatUnreachableError(str(error)) from None
        except errors.TelegramRefusedError:
            return False  # a new message is another way of saying it
        return True

    async def show(self, chat_id: int, message_id: int, picture: PictureView) -> bool:
        """Turn one of the bot's messages into a picture, with the picture's buttons.

        Raises:
            PhotoRejectedError: Telegram doesn't take it as a photo, or the file is too large.
            KindForbiddenError: Photos, or files, are not allowed in this chat.
            TelegramRefusedError: Telegram refuses it for another reason.
        """
        await self._take_turn(chat_id, edit=True)
        kind = types.InputMediaDocument if picture.as_file else types.InputMediaPhoto
        media = kind(media=_file_of(picture), caption=picture.caption)
        chat, keyboard = self._now_in(chat_id, message_id), _keyboard(picture.buttons)
        call = methods.EditMessageMedia(media=media, chat_id=chat, message_id=message_id, reply_markup=keyboard)
        try:
            await self._made_plainly(call, chat_id, errors.ButtonsRejectedError)
        except errors.MessageGoneError:
            return False
        return True

    async def delete(self, chat_id: int, message_id: int, *, later: bool = False) -> None:
        """Delete one of the bot's messages. If Telegram refuses, it stays.

        Raises:
            LaterError: Telegram told the bot to wait, and `later` is set: the caller retries.
        """
        call = methods.DeleteMessage(chat_id=self._now_in(chat_id, message_id), message_id=message_id)
        try:
            await self._made(call, seconds=timeouts.SHORT_CALL)
        except errors.BotError as error:
            if later and isinstance(error, errors.LaterError):
                raise
            log.info("bot_api.not_deleted", error=type(error).__name__)

    async def answer_press(self, press_id: str, text: str, *, alert: bool = False) -> None:
        """Answer a button press, unless it was answered before or is too old."""
        await self._limiter.acquire(None)
        with suppress(errors.TelegramRefusedError, errors.ChatUnreachableError):
            await self._made(methods.AnswerCallbackQuery(callback_query_id=press_id, text=text, show_alert=alert))

    async def answer_checkout(self, query_id: str, refusal: str | None) -> None:
        """Approve a payment, or say why not."""
        call = methods.AnswerPreCheckoutQuery(pre_checkout_query_id=query_id, ok=refusal is None, error_message=refusal)
        with suppress(errors.TelegramRefusedError):  # “query is too old”: nothing was paid
            await self._made(call, seconds=timeouts.SHORT_CALL)  # Telegram waits ten seconds

    async def refund(self, user_id: int, charge: str) -> None:
        """Refund Stars; Telegram's “already refunded” counts as success."""
        await self._made(methods.RefundStarPayment(user_id=user_id, telegram_payment_charge_id=charge))

    async def download(self, file_id: str, *, limit: int) -> bytes:
        """Fetch a user's file of at most `limit` bytes.

        Raises:
            FileTooBigError: it is larger.
            FileUnavailableError: Telegram doesn't have it.
        """
        try:
            file = await self._made(methods.GetFile(file_id=file_id))
        except errors.PhotoRejectedError:
            raise errors.FileTooBigError from None
        except errors.TelegramRefusedError:
            raise errors.FileUnavailableError from None
        if file is not None and file.file_size is not None and file.file_size > limit:
            raise errors.FileTooBigError
        if file is None or file.file_path is None:
            raise errors.FileUnavailableError
        url = self._bot.session.api.file_url(self._bot.token, file.file_path)
        data = bytearray()
        try:
            async for chunk in self._bot.session.stream_content(url, timeout=timeouts.DOWNLOAD):
                data += chunk
                if len(data) > limit:
                    raise errors.FileTooBigError
        except aiohttp.ClientResponseError as error:
            if error.status in (400, 404):  # the link has expired or never was
                raise errors.FileUnavailableError from None
            raise errors.TelegramUnavailableError(f"file server: {error.status}") from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise errors.TelegramUnavailableError(f"file server: {type(error).__name__}") from None
        return bytes(data)

    def _now_in(self, chat_id: int, message_id: int) -> int:
        """Return the chat of one of the bot's messages: the supergroup if it was sent there."""
        return self._moved.get((chat_id, message_id), chat_id)

    async def _take_turn(self, chat_id: int, *, edit: bool = False) -> None:
        """Take a chat's turn, for an edit also one of its edits.

        A refused call doesn't use up its turn. Callers try a photo, then a file, then text: with one turn left, they'd
        otherwise start with the photo each time and never reach the text.
        """
        if self._unused.pop(chat_id, 0.0) < time.monotonic():
            await self._limiter.acquire(chat_id, edit=edit)

    def _keep_turn(self, chat_id: int) -> None:
        now = time.monotonic()
        self._unused = {chat: until for chat, until in self._unused.items() if until > now}
        self._unused[chat_id] = now + 15.0

    async def _made_plainly(
        self,
        call: TelegramMethod[TelegramType],
        chat_id: int,
        plainer: type[errors.TelegramRefusedError],
        *,
        seconds: int | None = None,
    ) -> TelegramType | None:
        """Make a call, and if the refusal is in `plainer`, repeat it without what Telegram refused."""
        while True:
            try:
                return await self._made(call, chat_id, seconds=seconds)
            except plainer as error:
                left_out = [name for name in error.plainer_without if getattr(call, name, None) is not None]
                if not left_out:
                    raise
                call = call.model_copy(update=dict.fromkeys(left_out))

    async def _made(
        self, call: TelegramMethod[TelegramType], chat_id: int | None = None, *, seconds: int | None = None
    ) -> TelegramType | None:
        """Make a call in a chat's turn; a 429 pauses the chat. None if it would change nothing."""
        try:
            return await self._bot(call, request_timeout=seconds)
        except TelegramRetryAfter as error:
            self._metrics.retry_after.inc(error.retry_after)
            log.warning("telegram.too_many_requests", method=call.__api_method__, retry_after=error.retry_after)
            if chat_id is not None:
                self._unused.pop(chat_id, None)
                await self._limiter.close(chat_id, error.retry_after)
            raise errors.LaterError(error.retry_after, "flood") from None
        except AiogramError as error:
            failure = translated(error)
            if isinstance(failure, errors.UnchangedError):
                return None
            if chat_id is not None and isinstance(failure, errors.TelegramRefusedError | errors.ChatUnreachableError):
                self._keep_turn(chat_id)
            raise failure from None


def _keyboard(buttons: Buttons) -> types.InlineKeyboardMarkup | None:
    if not buttons:
        return None
    rows = [
        [types.InlineKeyboardButton(text=each.label, style=each.style, callback_data=each.data) for each in row]
        for row in buttons
    ]
    return types.InlineKeyboardMarkup(inline_keyboard=rows)


def _file_of(picture: PictureView) -> types.BufferedInputFile:
    extension = "png" if picture.data.startswith(b"\x89PNG") else "jpg"
    return types.BufferedInputFile(picture.data, f"{picture.name}.{extension}")
