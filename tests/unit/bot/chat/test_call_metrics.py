"""What becomes of one call of the Bot API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import Response, SendMessage
from aiogram.types import Chat, Message
from prometheus_client import CollectorRegistry

from qwenedit_bot.chat.bot_calls import BotCalls, MigratedError
from qwenedit_bot.chat.call_metrics import CallMiddleware
from qwenedit_bot.chat.errors import (
    BotError,
    ChatUnreachableError,
    KindForbiddenError,
    LaterError,
    PhotoRejectedError,
    TelegramRefusedError,
    TelegramUnavailableError,
    WriteForbiddenError,
)
from qwenedit_bot.common.metrics import BotMetrics

if TYPE_CHECKING:
    from aiogram.methods import TelegramMethod

    from qwenedit_bot.chat.rate_limit.shared import SharedLimiter

METHOD = SendMessage(chat_id=1, text="hello")
MESSAGE = Message(message_id=1, date=datetime.fromtimestamp(0, tz=UTC), chat=Chat(id=1, type="private"))


class Pace:
    """Notes which chats are closed."""

    def __init__(self) -> None:
        self.closed: dict[int, float] = {}
        self.taken: list[int | None] = []

    async def acquire(self, chat_id: int | None, *, edit: bool = False) -> None:
        del edit
        self.taken.append(chat_id)

    async def close(self, chat_id: int, seconds: float) -> None:
        self.closed[chat_id] = seconds


@pytest.fixture
def metrics() -> BotMetrics:
    return BotMetrics(CollectorRegistry())


@pytest.fixture
def pace() -> Pace:
    return Pace()


@pytest.fixture
def calls(pace: Pace, metrics: BotMetrics) -> BotCalls:
    return BotCalls(cast("SharedLimiter", pace), metrics)


async def fails(calls: BotCalls, error: Exception, *, chat_id: int | None = 1) -> BotError:
    with pytest.raises(BotError) as raised:
        async with calls.made("sendMessage", chat_id=chat_id):
            raise error
    return raised.value


def too_many(seconds: int) -> TelegramRetryAfter:
    return TelegramRetryAfter(METHOD, "slow down", seconds)


async def test_429_closes_its_chat_for_as_long_as_it_says_and_no_other(
    calls: BotCalls, pace: Pace, metrics: BotMetrics
) -> None:
    error = await fails(calls, too_many(3600), chat_id=-5)
    assert isinstance(error, LaterError)
    assert error.after == 3600
    assert pace.closed == {-5: 3600}
    assert metrics.retry_after._value.get() == 3600


async def test_turn_of_a_call_that_says_the_group_migrated_is_the_supergroups(calls: BotCalls, pace: Pace) -> None:
    await calls.turn(-5)
    await fails(calls, TelegramMigrateToChat(METHOD, "upgraded", -1005), chat_id=-5)
    await calls.turn(-1005)
    assert pace.taken == [-5]
    await calls.turn(-1005)
    assert pace.taken == [-5, -1005]


async def test_429_of_a_call_without_a_chat_is_its_callers_alone(calls: BotCalls, pace: Pace) -> None:
    error = await fails(calls, too_many(3600), chat_id=None)
    assert isinstance(error, LaterError)
    assert error.after == 3600
    assert pace.closed == {}
    async with calls.made("sendMessage"):
        pass


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TelegramServerError(METHOD, "Bad Gateway"), TelegramUnavailableError),
        (TelegramNetworkError(METHOD, "ServerDisconnectedError"), TelegramUnavailableError),
        (ClientDecodeError("not JSON", ValueError(), ""), TelegramUnavailableError),
        (TelegramForbiddenError(METHOD, "Forbidden: of tomorrow"), ChatUnreachableError),
        (TelegramBadRequest(METHOD, "Bad Request: chat not found"), ChatUnreachableError),
        (TelegramBadRequest(METHOD, "Bad Request: CHAT_RESTRICTED"), WriteForbiddenError),
        (TelegramBadRequest(METHOD, "Bad Request: CHAT_SEND_PHOTOS_FORBIDDEN"), KindForbiddenError),
        (TelegramBadRequest(METHOD, "Bad Request: IMAGE_PROCESS_FAILED"), PhotoRejectedError),
        (TelegramEntityTooLarge(METHOD, "Request Entity Too Large"), PhotoRejectedError),
        (TelegramBadRequest(METHOD, "Bad Request: of tomorrow"), TelegramRefusedError),
        (TelegramAPIError(METHOD, "Too Many Requests: without saying how long"), LaterError),
        (TelegramMigrateToChat(METHOD, "Bad Request: group chat was upgraded", -1001), MigratedError),
    ],
)
async def test_error_comes_in_the_bots_own_words(calls: BotCalls, error: AiogramError, kind: type[BotError]) -> None:
    assert type(await fails(calls, error)) is kind


async def test_edit_that_changes_nothing_is_no_error(calls: BotCalls) -> None:
    async with calls.made("editMessageText", chat_id=1):
        raise TelegramBadRequest(METHOD, "Bad Request: message is not modified: …")


class BareSession(AiohttpSession):
    """Gets the same reply to each call."""

    async def make_request(self, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:  # noqa: ASYNC109 - aiogram's
        del timeout
        return self.check_response(bot, method, 200, '{"ok": true}').result


async def test_reply_without_a_result_is_one_that_cannot_be_read(metrics: BotMetrics) -> None:
    session = BareSession()
    session.middleware(CallMiddleware(metrics))
    with pytest.raises(ClientDecodeError):
        await Bot("42:TEST", session=session)(METHOD)
    assert metrics.calls.labels("sendMessage", "unreadable")._value.get() == 1


async def test_calls_are_counted_by_method_and_status_and_made_once(metrics: BotMetrics) -> None:
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
