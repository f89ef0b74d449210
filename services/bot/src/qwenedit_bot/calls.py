"""What happens around every call of the Bot API: pace, patience and counting."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import structlog
from aiogram.client.session.middlewares.base import BaseRequestMiddleware
from aiogram.exceptions import (
    AiogramError,
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import GetFile

from qwenedit_bot.loops import Backoff
from qwenedit_bot.poller import GetRawUpdates
from qwenedit_telemetry import attributes, tracing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiogram import Bot
    from aiogram.client.session.middlewares.base import NextRequestMiddlewareType
    from aiogram.methods import Response, TelegramMethod
    from aiogram.methods.base import TelegramType

    from qwenedit_bot.limiter import Pace
    from qwenedit_bot.metrics import BotMetrics

LONGEST = 120.0
"""Seconds of trying after which a call gives up; whoever made it may then begin again later."""
ATTEMPTS = 5
"""Attempts at a call that Telegram fails at (5xx) or does not answer."""

FLOOD_CHATS, FLOOD_WINDOW = 5, 10.0
"""So many chats with a 429 in so many seconds close all chats."""
LONGEST_CLOSURE = 30.0
"""Seconds for which they do."""

_STATUS: tuple[tuple[type[AiogramError], str], ...] = (
    (TelegramRetryAfter, "429"),
    (TelegramBadRequest, "400"),
    (TelegramUnauthorizedError, "401"),
    (TelegramForbiddenError, "403"),
    (TelegramNotFound, "404"),
    (TelegramConflictError, "409"),
    (TelegramEntityTooLarge, "413"),
    (TelegramServerError, "5xx"),
    (TelegramNetworkError, "network"),
    (ClientDecodeError, "unreadable"),
)

_patient: ContextVar[bool] = ContextVar("patient", default=True)

log = structlog.get_logger(__name__)


@contextmanager
def impatient() -> Iterator[None]:
    """Make the calls inside the block once: for what is out of date by the time it could be repeated."""
    token = _patient.set(False)
    try:
        yield
    finally:
        _patient.reset(token)


def status_of(error: AiogramError | None) -> str:
    """Name a call's end for metrics: the HTTP status, `5xx`, `network` or `unreadable`."""
    if error is None:
        return "200"
    return next((status for kind, status in _STATUS if isinstance(error, kind)), "other")


class CallMiddleware(BaseRequestMiddleware):
    """Waits for its turn, obeys 429, tries again what failed on Telegram's side or on the way, counts all of it.

    A call whose reply was lost may have worked; it is repeated all the same. An edit repeated changes nothing; a
    message may come twice, which is better than not at all.
    """

    def __init__(self, limiter: Pace, metrics: BotMetrics) -> None:
        self._limiter = limiter
        self._metrics = metrics
        self._refused: dict[int, float] = {}

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        """Make the call; raises what the last attempt raised."""
        if isinstance(method, GetRawUpdates):  # the poller has a loop of its own
            return await self._counted(make_request, bot, method)
        if not _patient.get():
            return await self._once(make_request, bot, method)
        return await self._patiently(make_request, bot, method)

    async def _once(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        try:
            return await self._counted(make_request, bot, method)
        except TelegramRetryAfter as error:
            await self._obey(method, error)
            raise

    async def _patiently(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        backoff = Backoff(first=0.5)
        backoff.next()  # the first pause is none, and these calls have just failed
        deadline = time.monotonic() + LONGEST
        failures = 0
        while True:
            if not isinstance(method, GetFile):  # which sends nothing: it is not what Telegram limits
                await self._limiter.acquire(_paced_chat(method), edit=method.__api_method__.startswith("edit"))
            try:
                return await self._counted(make_request, bot, method)
            except TelegramRetryAfter as error:
                await self._obey(method, error)
                if time.monotonic() + error.retry_after > deadline:
                    raise
                if _paced_chat(method) is None:
                    await asyncio.sleep(error.retry_after)
            except TelegramEntityTooLarge:  # aiogram counts it as a network error
                raise
            except (TelegramServerError, TelegramNetworkError, ClientDecodeError) as error:
                failures += 1
                if failures >= ATTEMPTS:
                    raise
                wait = backoff.next()
                log.info(
                    "telegram.again", method=method.__api_method__, status=status_of(error), next_in=round(wait, 1)
                )
                await asyncio.sleep(wait)

    async def _obey(self, method: TelegramMethod[Any], error: TelegramRetryAfter) -> None:
        self._metrics.retry_after.inc(error.retry_after)
        log.warning("telegram.too_many_requests", method=method.__api_method__, retry_after=error.retry_after)
        chat_id = _paced_chat(method)
        if chat_id is None:
            return
        await self._limiter.close(chat_id, error.retry_after)
        now = time.monotonic()
        self._refused = {chat: at for chat, at in self._refused.items() if now - at < FLOOD_WINDOW} | {chat_id: now}
        if len(self._refused) >= FLOOD_CHATS:  # it is the token that is too fast, and no single chat
            self._refused.clear()
            await self._limiter.close(None, min(error.retry_after, LONGEST_CLOSURE))

    async def _counted(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        failure: AiogramError | None = None
        name = method.__api_method__
        with tracing.span(
            f"telegram {name}", kind=tracing.Kind.CLIENT, attributes={attributes.TELEGRAM_METHOD: name}
        ) as span:
            try:
                return await make_request(bot, method)
            except (TelegramAPIError, ClientDecodeError) as error:
                failure = error
                raise
            finally:
                status = status_of(failure)
                self._metrics.calls.labels(name, status).inc()
                span.set({attributes.TELEGRAM_STATUS: status})


def _paced_chat(method: TelegramMethod[Any]) -> int | None:
    """Return the chat whose budget a call uses: messages and edits do, actions and answers to presses do not."""
    if not method.__api_method__.startswith(("send", "edit", "delete")) or method.__api_method__ == "sendChatAction":
        return None
    chat_id = getattr(method, "chat_id", None)
    return chat_id if isinstance(chat_id, int) else None
