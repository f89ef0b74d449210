"""What becomes of one call of the Bot API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from aiogram import Bot
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import Response, SendMessage
from aiogram.types import Chat, Message
from prometheus_client import CollectorRegistry

from qwenedit_bot.chat.call_errors import translated
from qwenedit_bot.chat.errors import (
    BotError,
    ButtonsRejectedError,
    ChatUnreachableError,
    GroupMovedError,
    KindForbiddenError,
    LaterError,
    MessageGoneError,
    PhotoRejectedError,
    ReplyRejectedError,
    TelegramRefusedError,
    TelegramUnavailableError,
    TextRejectedError,
    UnknownRefusalError,
)
from qwenedit_bot.chat.session import CallMiddleware
from qwenedit_bot.common.metrics import BotMetrics

if TYPE_CHECKING:
    from aiogram.methods import TelegramMethod


METHOD = SendMessage(chat_id=1, text="hello")
MESSAGE = Message(message_id=1, date=datetime.fromtimestamp(0, tz=UTC), chat=Chat(id=1, type="private"))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TelegramServerError(METHOD, "Bad Gateway"), TelegramUnavailableError),
        (TelegramNetworkError(METHOD, "ServerDisconnectedError"), TelegramUnavailableError),
        (ClientDecodeError("not JSON", ValueError(), ""), TelegramUnavailableError),
        (TelegramUnauthorizedError(METHOD, "Unauthorized"), TelegramUnavailableError),
        (TelegramNotFound(METHOD, "Not Found"), TelegramUnavailableError),
        (TelegramConflictError(METHOD, "Conflict: terminated by other getUpdates request"), TelegramUnavailableError),
        (TelegramForbiddenError(METHOD, "Forbidden: of tomorrow"), ChatUnreachableError),
        (TelegramForbiddenError(METHOD, "Forbidden: CHAT_WRITE_FORBIDDEN"), ChatUnreachableError),
        (TelegramEntityTooLarge(METHOD, "Request Entity Too Large"), PhotoRejectedError),
        (TelegramBadRequest(METHOD, "Bad Request: of tomorrow"), UnknownRefusalError),
        (TelegramAPIError(METHOD, "Too Many Requests: without saying how long"), LaterError),
        (TelegramMigrateToChat(METHOD, "Bad Request: group chat was upgraded", -1), GroupMovedError),
    ],
)
def test_error_comes_in_the_bots_own_words(error: AiogramError, kind: type[BotError]) -> None:
    assert type(translated(error)) is kind


def test_call_that_does_not_reach_telegram_says_what_kept_it_from_there_without_the_address() -> None:
    said = "ClientConnectorCertificateError: Cannot connect to host api.telegram.org:443, /bot1:TOKEN/getMe"
    assert str(translated(TelegramNetworkError(METHOD, said))) == "network ClientConnectorCertificateError"


@pytest.mark.parametrize(
    ("description", "kind"),
    [
        ("not enough rights to send photos to the chat", KindForbiddenError),
        ("CHAT_SEND_PHOTOS_FORBIDDEN", KindForbiddenError),
        ("there is no text in the message to edit", MessageGoneError),
        ("MEDIA_CAPTION_TOO_LONG", TextRejectedError),
        ("PHOTO_INVALID_DIMENSIONS", PhotoRejectedError),
        ("message to be replied not found", ReplyRejectedError),
        ("message to edit not found", MessageGoneError),
        ("private chat not found", ChatUnreachableError),
        ("wrong file_id or the file is temporarily unavailable", TelegramRefusedError),
        ("inline keyboard button text must be non-empty", ButtonsRejectedError),
    ],
)
def test_error_text_that_several_rows_match_is_told_by_the_closest(description: str, kind: type[BotError]) -> None:
    assert type(translated(TelegramBadRequest(METHOD, f"Bad Request: {description}"))) is kind


async def test_calls_are_counted_by_method_and_status_and_made_once() -> None:
    metrics = BotMetrics(CollectorRegistry())
    made: list[TelegramMethod[Any]] = []

    async def telegram(bot: Bot, method: TelegramMethod[Message]) -> Response[Message]:
        del bot
        made.append(method)
        if len(made) == 1:
            raise TelegramServerError(method, "Bad Gateway")
        return Response(ok=True, result=MESSAGE, description="answered")

    middleware = CallMiddleware(metrics)
    with pytest.raises(TelegramServerError):
        await middleware(telegram, Bot("42:TEST"), METHOD)
    assert (await middleware(telegram, Bot("42:TEST"), METHOD)).description == "answered"
    assert metrics.calls.labels("sendMessage", "5xx")._value.get() == 1
    assert metrics.calls.labels("sendMessage", "200")._value.get() == 1
