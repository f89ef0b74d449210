"""Counts and traces every call of the Bot API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram.client.session.middlewares.base import BaseRequestMiddleware
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
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)

from qwenedit_telemetry import attributes, tracing

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.client.session.middlewares.base import NextRequestMiddlewareType
    from aiogram.methods import Response, TelegramMethod
    from aiogram.methods.base import TelegramType

    from qwenedit_bot.common.metrics import BotMetrics

_STATUS: tuple[tuple[type[AiogramError], str], ...] = (
    (TelegramRetryAfter, "429"),
    (TelegramBadRequest, "400"),
    (TelegramMigrateToChat, "400"),
    (TelegramUnauthorizedError, "401"),
    (TelegramForbiddenError, "403"),
    (TelegramNotFound, "404"),
    (TelegramConflictError, "409"),
    (TelegramEntityTooLarge, "413"),
    (TelegramServerError, "5xx"),
    (TelegramNetworkError, "network"),
    (ClientDecodeError, "unreadable"),
)


def status_of(error: AiogramError | None) -> str:
    """Name a call's end for metrics: the HTTP status, `5xx`, `network` or `unreadable`."""
    if error is None:
        return "200"
    return next((status for kind, status in _STATUS if isinstance(error, kind)), "other")


def _complete(result: Response[TelegramType]) -> Response[TelegramType]:
    """Return a call's result: aiogram types it as the response, and returns None for one that has none."""
    if result is None:
        raise ClientDecodeError("a result is missing", ValueError("result"), None)
    return result


class CallMiddleware(BaseRequestMiddleware):
    """Counts and traces calls. When they are made and what becomes of their errors is `bot_calls`' business.

    Args:
        metrics: Count all of them.
    """

    def __init__(self, metrics: BotMetrics) -> None:
        self._metrics = metrics

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        """Make the call; raises what it raises."""
        failure: AiogramError | None = None
        name = method.__api_method__
        with tracing.span(
            f"telegram {name}", kind=tracing.Kind.CLIENT, attributes={attributes.TELEGRAM_METHOD: name}
        ) as span:
            try:
                return _complete(await make_request(bot, method))
            except (TelegramAPIError, ClientDecodeError) as error:
                failure = error
                raise
            finally:
                status = status_of(failure)
                self._metrics.calls.labels(name, status).inc()
                span.set({attributes.TELEGRAM_STATUS: status})
