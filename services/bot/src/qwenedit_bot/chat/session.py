"""Makes, counts and traces every call of the Bot API."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

import aiohttp
import structlog
from aiogram import exceptions
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.middlewares.base import BaseRequestMiddleware
from aiogram.methods import Response

from qwenedit_bot.chat.call_errors import status_of, trouble_of
from qwenedit_telemetry import attributes, tracing

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.client.session.middlewares.base import NextRequestMiddlewareType
    from aiogram.methods import TelegramMethod
    from aiogram.methods.base import TelegramType

    from qwenedit_bot.common.metrics import BotMetrics

log = structlog.get_logger(__name__)


def _complete(result: Response[TelegramType]) -> Response[TelegramType]:
    """Return a call's result: aiogram types it as the response, and returns None for one that has none."""
    if result is None:
        raise exceptions.ClientDecodeError("a result is missing", ValueError("result"), None)
    return result


class TelegramSession(AiohttpSession):
    """aiogram's session, which by itself ignores `HTTPS_PROXY`, `NO_PROXY` and `SSL_CERT_FILE`."""

    _client: aiohttp.ClientSession | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._answers: dict[Any, type[Response[Any]]] = {}
        """By the type of a result: pydantic forgets a model that nobody holds, and builds it anew in up to 4 ms."""

    def check_response(
        self, bot: Bot, method: TelegramMethod[TelegramType], status_code: int, content: str
    ) -> Response[TelegramType]:
        """Read a call's answer; raises the error that it names."""
        result: Any = method.__returning__
        self._answers.setdefault(result, Response[result])
        return super().check_response(bot, method, status_code, content)

    async def create_session(self) -> aiohttp.ClientSession:
        """Return the client that makes all calls."""
        if self._client is None:
            connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(), ttl_dns_cache=3600)  # as aiogram's
            # Without a proxy nothing is looked up: that takes a thread for each call.
            self._client = aiohttp.ClientSession(connector=connector, trust_env=bool(getproxies()))
        return self._client

    async def close(self) -> None:
        """Close the client's connections."""
        if self._client is not None:
            await self._client.close()


class CallMiddleware(BaseRequestMiddleware):
    """Counts and traces calls, and logs why they don't reach Telegram."""

    def __init__(self, metrics: BotMetrics) -> None:
        self._metrics = metrics

    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        """Make the call; raises what it raises."""
        failure: exceptions.AiogramError | None = None
        name = method.__api_method__
        with tracing.span(
            f"telegram {name}", kind=tracing.Kind.CLIENT, attributes={attributes.TELEGRAM_METHOD: name}
        ) as span:
            try:
                return _complete(await make_request(bot, method))
            except (exceptions.TelegramAPIError, exceptions.ClientDecodeError) as error:
                failure = error
                raise
            finally:
                status = status_of(failure)
                self._metrics.calls.labels(name, status).inc()
                span.set({attributes.TELEGRAM_STATUS: status})
                if trouble := trouble_of(failure):
                    log.warning("telegram.unreachable", reason=trouble)
