"""The `Messenger` on the Bot API. No aiogram error leaves this module: they quote URLs, which hold the token."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import aiohttp
import structlog
from aiogram.enums import ChatAction
from aiogram.exceptions import (
    AiogramError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramNotFound,
)
from aiogram.types import (
    BufferedInputFile,
    CopyTextButton,
    DisabledButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    LabeledPrice,
    ReplyParameters,
)

from qwenedit_bot.calls import impatient, status_of
from qwenedit_bot.errors import (
    ChatUnreachableError,
    FileTooBigError,
    FileUnavailableError,
    PhotoRejectedError,
    TelegramRefusedError,
    TelegramUnavailableError,
)
from qwenedit_bot.limiter import is_group

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from aiogram import Bot

    from qwenedit_bot.limiter import Pace
    from qwenedit_bot.messenger import Invoice, Picture, Source
    from qwenedit_bot.views import Button, Buttons, View

PROGRESS_EDITS, PROGRESS_EDITS_IN_GROUP = 12, 5
"""Edits that a chat may have in a minute for the last of them to be about progress: the answers need some too."""
IMPATIENT_TIMEOUT = 10
"""Seconds for a call that is made once."""
DOWNLOAD_TIMEOUT = 60
DOWNLOAD_ATTEMPTS = 3

_UNCHANGED = "message is not modified"
_GONE = ("message to edit not found", "message can't be edited", "message_id_invalid", "there is no text in")
_UNREACHABLE = ("chat not found", "user is deactivated", "peer_id_invalid", "bot can't initiate conversation")
_NO_PHOTO = ("photo_invalid", "image_process_failed", "wrong file", "photo must be", "failed to get http url content")
_REFUNDED = "charge_already_refunded"
_TOO_BIG = "file is too big"
_UNKNOWN_BUTTON = "text buttons are unallowed"
"""How a Bot API server refuses a button of whose fields it knows only the label."""

_T = TypeVar("_T")

log = structlog.get_logger(__name__)


class TelegramMessenger:
    """Says things in Telegram's chats.

    Args:
        bot: The connection; its session paces, repeats and counts the calls.
        limiter: The same that the session asks; progress edits ask it beforehand.
    """

    def __init__(self, bot: Bot, limiter: Pace) -> None:
        self._bot = bot
        self._limiter = limiter
        self._old_api = False

    async def send(self, to: Source, view: View) -> int:
        """Reply to a user's message."""
        with _translated():
            message = await self._with_buttons(
                view.buttons,
                lambda keyboard: self._bot.send_message(
                    to.chat_id, view.text, reply_parameters=_reply(to), reply_markup=keyboard
                ),
            )
            return message.message_id

    async def edit(self, chat_id: int, message_id: int, view: View) -> bool:
        """Change one of the bot's messages."""
        return await self._edit(chat_id, message_id, view, timeout=None)

    async def edit_if_cheap(self, chat_id: int, message_id: int, view: View) -> bool | None:
        """Change one of the bot's messages if there is room in the chat's budget."""
        edits = PROGRESS_EDITS_IN_GROUP if is_group(chat_id) else PROGRESS_EDITS
        if not await self._limiter.try_acquire(chat_id, edits=edits):
            return None
        try:
            with impatient():
                return await self._edit(chat_id, message_id, view, timeout=IMPATIENT_TIMEOUT)
        except TelegramUnavailableError:
            return None

    async def _edit(self, chat_id: int, message_id: int, view: View, *, timeout: int | None) -> bool:  # noqa: ASYNC109
        try:
            with _translated():
                await self._with_buttons(
                    view.buttons,
                    lambda keyboard: self._bot.edit_message_text(
                        view.text, chat_id=chat_id, message_id=message_id, reply_markup=keyboard,
                        request_timeout=timeout,
                    ),
                )  # fmt: skip
        except _MessageGoneError:
            return False
        return True

    async def show(self, chat_id: int, message_id: int, picture: Picture) -> bool:
        """Turn one of the bot's messages into a picture."""
        file = _file(picture)
        kind = InputMediaDocument if picture.as_file else InputMediaPhoto
        try:
            with _translated():
                await self._with_buttons(
                    picture.buttons,
                    lambda keyboard: self._bot.edit_message_media(
                        kind(media=file, caption=picture.caption), chat_id=chat_id, message_id=message_id,
                        reply_markup=keyboard,
                    ),
                )  # fmt: skip
        except _MessageGoneError:
            return False
        return True

    async def send_file(self, to: Source, picture: Picture) -> int:
        """Reply to a user's message with a picture as a file."""
        with _translated():
            message = await self._with_buttons(
                picture.buttons,
                lambda keyboard: self._bot.send_document(
                    to.chat_id, _file(picture), caption=picture.caption, reply_parameters=_reply(to),
                    reply_markup=keyboard,
                ),
            )  # fmt: skip
            return message.message_id

    async def _with_buttons(self, buttons: Buttons, call: Callable[[InlineKeyboardMarkup | None], Awaitable[_T]]) -> _T:
        """Make a call with buttons as good as the Bot API server knows them.

        Of styles an old server takes no notice, but buttons that copy or do nothing it takes for ones without a use.
        """
        if not self._old_api:
            try:
                return await call(_keyboard(buttons))
            except TelegramBadRequest as error:
                if _UNKNOWN_BUTTON not in error.message.lower():
                    raise
                self._old_api = True
                log.info("bot_api.old", without="buttons that copy or are disabled")
        return await call(_keyboard(buttons, plain=True))

    async def show_activity(self, chat_id: int) -> None:
        """Show “sending a photo…”."""
        try:
            with impatient(), _translated():
                await self._bot.send_chat_action(chat_id, ChatAction.UPLOAD_PHOTO, request_timeout=IMPATIENT_TIMEOUT)
        except (TelegramUnavailableError, ChatUnreachableError):
            return  # the answer itself finds out and says so

    async def answer_press(self, press_id: str, text: str, *, alert: bool = False) -> None:
        """Answer a button."""
        try:
            with _translated():
                await self._bot.answer_callback_query(press_id, text, show_alert=alert)
        except TelegramRefusedError:  # “query is too old”: the user no longer waits for it
            return

    async def send_invoice(self, to: Source, invoice: Invoice) -> int:
        """Offer something to pay for, in Stars."""
        price = LabeledPrice(label=invoice.title, amount=invoice.stars)
        with _translated():
            message = await self._bot.send_invoice(
                to.chat_id, invoice.title, invoice.description, invoice.payload, "XTR", [price],
                reply_parameters=_reply(to),
            )  # fmt: skip
            return message.message_id

    async def answer_checkout(self, query_id: str, refusal: str | None) -> None:
        """Agree to be paid, or say why not."""
        try:
            with impatient(), _translated():  # Telegram waits ten seconds
                await self._bot.answer_pre_checkout_query(
                    query_id, ok=refusal is None, error_message=refusal, request_timeout=IMPATIENT_TIMEOUT
                )
        except TelegramRefusedError:  # “query is too old”: nothing was paid
            return

    async def refund(self, user_id: int, charge: str) -> None:
        """Give Stars back."""
        try:
            with _translated():
                await self._bot.refund_star_payment(user_id, charge)
        except TelegramRefusedError as error:
            if _REFUNDED not in error.description:
                raise

    async def download(self, file_id: str, *, limit: int) -> bytes:
        """Fetch a user's file."""
        for attempt in range(1, DOWNLOAD_ATTEMPTS + 1):
            try:
                return await self._download(file_id, limit=limit)
            except TelegramUnavailableError:
                if attempt == DOWNLOAD_ATTEMPTS:
                    raise
                await asyncio.sleep(attempt)
        raise AssertionError("unreachable")

    async def _download(self, file_id: str, *, limit: int) -> bytes:
        try:
            with _translated():
                file = await self._bot.get_file(file_id)
        except TelegramRefusedError as error:
            raise FileTooBigError if _TOO_BIG in error.description else FileUnavailableError from None
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


class _MessageGoneError(Exception):
    """The message to edit is not there any more, or is no text any more."""


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except TelegramBadRequest as error:
        if _UNCHANGED not in error.message.lower():  # else what was wanted is there
            raise _translation(error.message.lower()) from None
    except TelegramForbiddenError as error:
        raise ChatUnreachableError(error.message) from None
    except TelegramEntityTooLarge:
        raise PhotoRejectedError("too large") from None
    except TelegramNotFound as error:
        raise TelegramRefusedError(error.message.lower()) from None
    except TelegramAPIError as error:
        raise TelegramUnavailableError(status_of(error)) from None
    except AiogramError as error:
        raise TelegramUnavailableError(type(error).__name__) from None


def _translation(description: str) -> Exception:
    for phrases, error in (
        (_GONE, _MessageGoneError()),
        (_UNREACHABLE, ChatUnreachableError(description)),
        (_NO_PHOTO, PhotoRejectedError(description)),
    ):
        if any(phrase in description for phrase in phrases):
            return error
    return TelegramRefusedError(description)


def _reply(to: Source) -> ReplyParameters | None:
    if not to.message_id:  # to nothing in particular
        return None
    return ReplyParameters(message_id=to.message_id, allow_sending_without_reply=True)


def _keyboard(buttons: Buttons, *, plain: bool = False) -> InlineKeyboardMarkup | None:
    if not buttons:
        return None
    rows = [[_button(button, plain=plain) for button in row] for row in buttons]
    return InlineKeyboardMarkup(inline_keyboard=rows)


def _button(button: Button, *, plain: bool) -> InlineKeyboardButton:
    if button.copy_text is not None and not plain:
        copied = CopyTextButton(text=button.copy_text)
        return InlineKeyboardButton(text=button.label, style=button.style, copy_text=copied)
    if button.disabled and not plain:
        return InlineKeyboardButton(text=button.label, style=button.style, disabled=DisabledButton())
    return InlineKeyboardButton(text=button.label, style=button.style, callback_data=button.data)


def _file(picture: Picture) -> BufferedInputFile:
    extension = "png" if picture.data.startswith(b"\x89PNG") else "jpg"
    return BufferedInputFile(picture.data, f"{picture.name}.{extension}")
