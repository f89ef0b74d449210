"""Says things in Telegram's chats by the Bot API, if need be in another way."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import aiohttp
import structlog
from aiogram.enums import ChatAction
from aiogram.types import InputMediaDocument, InputMediaPhoto, LabeledPrice
from cachetools import TTLCache

from qwenedit_bot.chat.bot_calls import MigratedError
from qwenedit_bot.chat.errors import (
    BotError,
    ChatUnreachableError,
    FileTooBigError,
    FileUnavailableError,
    KindForbiddenError,
    LaterError,
    PhotoRejectedError,
    TelegramRefusedError,
    TelegramUnavailableError,
    WriteForbiddenError,
)
from qwenedit_bot.chat.errors.kinds import ErrorKind
from qwenedit_bot.chat.markup import file_of, keyboard, reply_to

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram import Bot
    from aiogram.types import InlineKeyboardMarkup, Message, ReplyParameters

    from qwenedit_bot.chat.bot_calls import BotCalls
    from qwenedit_bot.chat.messenger import Invoice, Picture, Source
    from qwenedit_bot.chat.migrations import Migrations
    from qwenedit_bot.chat.rate_limit.shared import SharedLimiter
    from qwenedit_bot.chat.view import Buttons, View

SHORT_TIMEOUT = 10
"""Seconds for a call whose result is out of date by then."""
DOWNLOAD_TIMEOUT = 60
ANSWERED_PRESSES, PRESS_KEPT = 10_000, 600.0
"""How many answered presses are remembered, and for how many seconds: longer than the same press is handled again."""

log = structlog.get_logger(__name__)


class Messenger:
    """Says things in Telegram's chats.

    A call that Telegram refuses may be made again in the same turn, in another way: refused calls do not count. No
    method repeats a call otherwise, or waits for a chat's turn.

    Every method may raise `TelegramUnavailableError`, `LaterError` and Redis' errors: the same call may work later.
    Every one that names a chat may raise `ChatUnreachableError`. Methods that return bool say whether the message is
    still there. If a group turns out to have become a supergroup, `LaterError` says so: what is done again goes there.

    Args:
        bot: The connection.
        calls: Makes each call in its turn.
        limiter: The same that `calls` asks.
        migrations: Know where groups have gone.
    """

    def __init__(self, bot: Bot, calls: BotCalls, limiter: SharedLimiter, migrations: Migrations) -> None:
        self._bot = bot
        self._calls = calls
        self._limiter = limiter
        self._migrations = migrations
        self._answered: TTLCache[str, bool] = TTLCache(ANSWERED_PRESSES, PRESS_KEPT)

    async def ready(self, chat_id: int, *, edit: bool) -> None:
        """Take the chat's turn before work whose result is to be said; the next call uses it.

        Args:
            chat_id: The chat.
            edit: Whether it is to be said by an edit, of which a chat has fewer.

        Raises:
            LaterError: The chat's turn is not free now.
        """
        await self._calls.ready(await self._migrations.current(chat_id), edit=edit)

    async def send(self, to: Source, view: View) -> int:
        """Reply to a user's message, or just write where it is gone; returns the new message's id."""
        try:
            return await self._send(
                "sendMessage", to, view.buttons,
                lambda to, reply, markup: self._bot.send_message(
                    to.chat_id, view.text, message_thread_id=to.thread_id or None, reply_parameters=reply,
                    reply_markup=markup,
                ),
            )  # fmt: skip
        except TelegramRefusedError as error:
            if error.kind is ErrorKind.TEXT_REJECTED:
                raise
            # There is no plainer way than words alone.
            kind = WriteForbiddenError if isinstance(error, KindForbiddenError) else ChatUnreachableError
            raise kind(error.description) from None

    async def send_file(self, to: Source, picture: Picture) -> int:
        """Reply to a user's message with a picture as a file; returns the new message's id.

        Raises:
            PhotoRejectedError: The file is too large.
            KindForbiddenError: Files are not allowed in this chat.
            TelegramRefusedError: Telegram refuses it for another reason.
        """
        return await self._send(
            "sendDocument", to, picture.buttons,
            lambda to, reply, markup: self._bot.send_document(
                to.chat_id, file_of(picture), caption=picture.caption, message_thread_id=to.thread_id or None,
                reply_parameters=reply, reply_markup=markup,
            ),
        )  # fmt: skip

    async def send_invoice(self, to: Source, invoice: Invoice) -> int:
        """Offer something to pay for, in Stars; returns the new message's id."""
        price = LabeledPrice(label=invoice.title, amount=invoice.stars)
        return await self._send(
            "sendInvoice", to, (),
            lambda to, reply, _markup: self._bot.send_invoice(
                to.chat_id, invoice.title, invoice.description, invoice.payload, "XTR", [price],
                message_thread_id=to.thread_id or None, reply_parameters=reply,
            ),
        )  # fmt: skip

    async def _send(
        self,
        method: str,
        to: Source,
        buttons: Buttons,
        call: Callable[[Source, ReplyParameters | None, InlineKeyboardMarkup | None], Awaitable[Message]],
    ) -> int:
        to = await self._migrations.followed(to)
        reply = reply_to(to)
        await self._calls.turn(to.chat_id)
        while True:
            try:
                async with self._calls.made(method, chat_id=to.chat_id):
                    message = await call(to, reply, keyboard(buttons))
                    return message.message_id
            except MigratedError as moved:
                raise await self._moved(to.chat_id, moved.new_id) from None
            except TelegramRefusedError as error:
                plainer = error.kind in (ErrorKind.REPLY_REJECTED, ErrorKind.UNKNOWN)
                without_reply = plainer and (reply is not None or to.thread_id != 0)
                without_buttons = error.kind in (ErrorKind.BUTTONS_REJECTED, ErrorKind.UNKNOWN) and bool(buttons)
                if not without_reply and not without_buttons:
                    raise
                if without_reply:
                    to, reply = replace(to, thread_id=0), None
                buttons = () if without_buttons else buttons
            else:
                raise TelegramUnavailableError("sent nothing")

    async def followed(self, to: Source) -> Source:
        """Return a message to answer, in the supergroup if its group became one."""
        return await self._migrations.followed(to)

    async def _moved(self, old: int, new: int) -> BotError:
        if await self._migrations.migrated(old, new):
            return LaterError(0.0, "migration")
        return ChatUnreachableError("a supergroup is said to have become another one")

    async def _stayed_behind(self, chat_id: int) -> bool:
        return await self._migrations.current(chat_id) != chat_id

    async def edit(self, chat_id: int, message_id: int, view: View) -> bool:
        """Change the text and buttons of one of the bot's messages."""
        if await self._stayed_behind(chat_id):
            return False
        await self._calls.turn(chat_id, edit=True)
        return await self._edit(chat_id, message_id, view, timeout=None)

    async def edit_if_cheap(self, chat_id: int, message_id: int, view: View, *, until: float) -> bool | None:
        """Change one of the bot's messages if there is room in the chat's rate; None if it was left out.

        Args:
            chat_id: The chat.
            message_id: The message.
            view: What it's to say.
            until: When that is out of date, by `time.monotonic`: it's left out then.

        Raises:
            TelegramUnavailableError: It may have landed, or may still land.
        """
        if await self._stayed_behind(chat_id):
            return False
        if not await self._limiter.try_acquire(chat_id) or time.monotonic() > until:
            return None
        try:
            return await self._edit(chat_id, message_id, view, timeout=SHORT_TIMEOUT)
        except LaterError:
            return None

    async def _edit(self, chat_id: int, message_id: int, view: View, *, timeout: int | None) -> bool:  # noqa: ASYNC109
        try:
            return await self._change(
                "editMessageText", chat_id, view.buttons,
                lambda markup: self._bot.edit_message_text(
                    view.text, chat_id=chat_id, message_id=message_id, reply_markup=markup, request_timeout=timeout
                ),
            )  # fmt: skip
        except KindForbiddenError as error:
            raise WriteForbiddenError(error.description) from None
        except TelegramRefusedError as error:
            if error.kind is ErrorKind.TEXT_REJECTED:
                raise
            return False  # a new message is another way of saying it

    async def delete(self, chat_id: int, message_id: int) -> None:
        """Take one of the bot's messages away; where Telegram doesn't, it stays."""
        try:
            async with self._calls.made("deleteMessage"):
                await self._bot.delete_message(chat_id, message_id, request_timeout=SHORT_TIMEOUT)
        except BotError as error:
            log.info("bot_api.not_deleted", error=type(error).__name__)

    async def show(self, chat_id: int, message_id: int, picture: Picture) -> bool:
        """Turn one of the bot's messages into a picture, with the picture's buttons.

        Raises:
            PhotoRejectedError: Telegram does not take it as a photo, or a file as large.
            KindForbiddenError: Photos, or files, are not allowed in this chat.
            TelegramRefusedError: Telegram refuses it for another reason.
        """
        if await self._stayed_behind(chat_id):
            return False
        await self._calls.turn(chat_id, edit=True)
        media = (InputMediaDocument if picture.as_file else InputMediaPhoto)(
            media=file_of(picture), caption=picture.caption
        )
        return await self._change(
            "editMessageMedia", chat_id, picture.buttons,
            lambda markup: self._bot.edit_message_media(
                media, chat_id=chat_id, message_id=message_id, reply_markup=markup
            ),
        )  # fmt: skip

    async def _change(
        self,
        method: str,
        chat_id: int,
        buttons: Buttons,
        call: Callable[[InlineKeyboardMarkup | None], Awaitable[object]],
    ) -> bool:
        """Change a message; False where it is gone."""
        while True:
            try:
                async with self._calls.made(method, chat_id=chat_id):
                    await call(keyboard(buttons))
            except MigratedError as moved:
                raise await self._moved(chat_id, moved.new_id) from None
            except TelegramRefusedError as error:
                if error.kind is ErrorKind.MESSAGE_GONE:
                    return False
                if error.kind is not ErrorKind.BUTTONS_REJECTED or not buttons:
                    raise
                buttons = ()
            else:
                return True

    async def show_activity(self, chat_id: int, thread_id: int) -> None:
        """Show “sending a photo…” for a few seconds, if Telegram happens to take it."""
        where = await self._migrations.current(chat_id)
        try:
            async with self._calls.made("sendChatAction"):
                await self._bot.send_chat_action(
                    where, ChatAction.UPLOAD_PHOTO, message_thread_id=thread_id or None, request_timeout=SHORT_TIMEOUT
                )
        except BotError:
            return  # the answer itself finds out and says so

    async def answer_press(self, press_id: str, text: str, *, alert: bool = False) -> None:
        """Answer a button, once: a handler that is called again needs its turn for what it has not said yet."""
        if self._answered.get(press_id):
            return
        try:
            await self._limiter.acquire(None)
            async with self._calls.made("answerCallbackQuery"):
                await self._bot.answer_callback_query(press_id, text, show_alert=alert)
        except (TelegramRefusedError, ChatUnreachableError):  # “query is too old”: the user no longer waits for it
            pass
        self._answered[press_id] = True

    async def answer_checkout(self, query_id: str, refusal: str | None) -> None:
        """Agree to be paid, or say why not."""
        try:
            async with self._calls.made("answerPreCheckoutQuery"):  # Telegram waits ten seconds
                await self._bot.answer_pre_checkout_query(
                    query_id, ok=refusal is None, error_message=refusal, request_timeout=SHORT_TIMEOUT
                )
        except TelegramRefusedError:  # “query is too old”: nothing was paid
            return

    async def refund(self, user_id: int, charge: str) -> None:
        """Give Stars back; Telegram's “already refunded” is a success."""
        async with self._calls.made("refundStarPayment"):  # which sends nothing
            await self._bot.refund_star_payment(user_id, charge)

    async def download(self, file_id: str, *, limit: int) -> bytes:
        """Fetch a user's file of at most `limit` bytes.

        Raises:
            FileTooBigError: it is larger.
            FileUnavailableError: Telegram does not have it.
        """
        try:
            async with self._calls.made("getFile"):  # which sends nothing: Telegram's rates are not about it
                file = await self._bot.get_file(file_id)
        except PhotoRejectedError:
            raise FileTooBigError from None
        except TelegramRefusedError:
            raise FileUnavailableError from None
        if file.file_size is not None and file.file_size > limit:
            raise FileTooBigError
        if file.file_path is None:
            raise FileUnavailableError
        url = self._bot.session.api.file_url(self._bot.token, file.file_path)
        data = bytearray()
        try:
            async for chunk in self._bot.session.stream_content(url, timeout=DOWNLOAD_TIMEOUT):
                data += chunk
                if len(data) > limit:
                    raise FileTooBigError
        except aiohttp.ClientResponseError as error:
            if error.status in (400, 404):  # the link has expired or never was
                raise FileUnavailableError from None
            raise TelegramUnavailableError(f"file server: {error.status}") from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TelegramUnavailableError(f"file server: {type(error).__name__}") from None
        return bytes(data)
