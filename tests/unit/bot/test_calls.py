from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiogram import Bot
from aiogram.exceptions import (
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.methods import AnswerCallbackQuery, GetFile, SendChatAction, SendMessage
from prometheus_client import CollectorRegistry

from qwenedit_bot import calls
from qwenedit_bot.calls import CallMiddleware, impatient
from qwenedit_bot.limiter import Limiter
from qwenedit_bot.metrics import BotMetrics

if TYPE_CHECKING:
    from aiogram.methods import TelegramMethod

METHOD = SendMessage(chat_id=1, text="hello")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class Telegram:
    """Fails with each of the given errors in turn, then answers."""

    def __init__(self, clock: Clock, *errors: Exception) -> None:
        self.clock = clock
        self.errors = list(errors)
        self.calls: list[float] = []

    async def __call__(self, _bot: Bot, _method: TelegramMethod[Any]) -> Any:
        self.calls.append(self.clock.now)
        if self.errors:
            raise self.errors.pop(0)
        return "answered"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("qwenedit_bot.calls.asyncio.sleep", clock.sleep)
    monkeypatch.setattr("qwenedit_bot.calls.time.monotonic", clock)
    return clock


@pytest.fixture
def metrics() -> BotMetrics:
    return BotMetrics(CollectorRegistry())


async def make(
    clock: Clock, metrics: BotMetrics, *errors: Exception, method: TelegramMethod[Any] = METHOD
) -> list[float]:
    telegram = Telegram(clock, *errors)
    middleware = CallMiddleware(Limiter(clock=clock, sleep=clock.sleep), metrics)
    try:
        answer: object = await middleware(telegram, Bot("42:TEST"), method)
        assert answer == "answered"
    finally:
        made = telegram.calls
    return made


async def test_a_429_is_obeyed_and_the_call_made_again(clock: Clock, metrics: BotMetrics) -> None:
    first, second = await make(clock, metrics, TelegramRetryAfter(METHOD, "slow down", 7))
    assert second - first >= 7
    assert metrics.retry_after._value.get() == 7


async def test_a_429_of_a_call_without_a_chat_is_obeyed_too(clock: Clock, metrics: BotMetrics) -> None:
    method = AnswerCallbackQuery(callback_query_id="1")
    first, second = await make(clock, metrics, TelegramRetryAfter(method, "slow down", 7), method=method)
    assert second - first >= 7


async def test_a_429_longer_than_a_call_may_last_is_left_to_the_caller(clock: Clock, metrics: BotMetrics) -> None:
    with pytest.raises(TelegramRetryAfter):
        await make(clock, metrics, TelegramRetryAfter(METHOD, "slow down", 3600))


@pytest.mark.parametrize(
    "error", [TelegramServerError(METHOD, "Bad Gateway"), TelegramNetworkError(METHOD, "ServerDisconnectedError")]
)
async def test_what_telegram_fails_at_is_tried_again_with_pauses(
    clock: Clock, metrics: BotMetrics, error: Exception
) -> None:
    made = await make(clock, metrics, error, error, error)
    assert len(made) == 4
    assert made[3] - made[2] > made[1] - made[0] > 0


async def test_what_telegram_fails_at_for_good_is_the_callers(clock: Clock, metrics: BotMetrics) -> None:
    with pytest.raises(TelegramServerError):
        await make(clock, metrics, *[TelegramServerError(METHOD, "Bad Gateway")] * 99)


@pytest.mark.parametrize(
    "error", [TelegramForbiddenError(METHOD, "blocked"), TelegramEntityTooLarge(METHOD, "too large")]
)
async def test_what_telegram_refuses_is_not_tried_again(clock: Clock, metrics: BotMetrics, error: Exception) -> None:
    with pytest.raises(type(error)):
        await make(clock, metrics, error)


async def test_an_impatient_call_is_made_once(clock: Clock, metrics: BotMetrics) -> None:
    with impatient(), pytest.raises(TelegramServerError):
        await make(clock, metrics, TelegramServerError(METHOD, "Bad Gateway"))


async def test_calls_are_counted_by_method_and_status(clock: Clock, metrics: BotMetrics) -> None:
    await make(clock, metrics, TelegramServerError(METHOD, "Bad Gateway"))
    assert metrics.calls.labels("sendMessage", "5xx")._value.get() == 1
    assert metrics.calls.labels("sendMessage", "200")._value.get() == 1


def test_actions_do_not_use_up_a_chats_budget() -> None:
    assert calls._paced_chat(METHOD) == 1
    assert calls._paced_chat(SendChatAction(chat_id=1, action="typing")) is None


async def test_asking_for_a_file_takes_no_turn_of_what_is_sent(clock: Clock, metrics: BotMetrics) -> None:
    limiter = Limiter(clock=clock, sleep=clock.sleep)
    await limiter.close(None, 60)
    began = clock.now
    middleware = CallMiddleware(limiter, metrics)
    await middleware(Telegram(clock), Bot("42:TEST"), GetFile(file_id="photo"))
    assert clock.now == began
    await middleware(Telegram(clock), Bot("42:TEST"), METHOD)
    assert clock.now >= began + 60
