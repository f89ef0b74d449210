"""Makes, counts and traces every call of the Bot API, and translates its errors."""

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

from qwenedit_bot.chat import errors
from qwenedit_telemetry import attributes, tracing

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.client.session.middlewares.base import NextRequestMiddlewareType
    from aiogram.methods import TelegramMethod
    from aiogram.methods.base import TelegramType

    from qwenedit_bot.common.metrics import BotMetrics


_BY_TEXT = tuple((text.lower(), kind) for kind, texts in errors.TEXTS.items() for text in texts.split("; "))

_STATUS: tuple[tuple[type[exceptions.AiogramError], str], ...] = (
    (exceptions.TelegramRetryAfter, "429"),
    (exceptions.TelegramBadRequest, "400"),
    (exceptions.TelegramMigrateToChat, "400"),
    (exceptions.TelegramUnauthorizedError, "401"),
    (exceptions.TelegramForbiddenError, "403"),
    (exceptions.TelegramNotFound, "404"),
    (exceptions.TelegramConflictError, "409"),
    (exceptions.TelegramEntityTooLarge, "413"),
    (exceptions.TelegramServerError, "5xx"),
    (exceptions.TelegramNetworkError, "network"),
    (exceptions.ClientDecodeError, "unreadable"),
)

log = structlog.get_logger(__name__)


def status_of(error: exceptions.AiogramError | None) -> str:
    """Name a call's end for metrics: the HTTP status, `5xx`, `network` or `unreadable`."""
    if error is None:
        return "200"
    return next((status for kind, status in _STATUS if isinstance(error, kind)), "other")


def trouble_of(error: exceptions.AiogramError | None) -> str:
    """Explain why calls don't reach Telegram, and what to do; empty if they do or it's unknown."""
    match error.__cause__ if isinstance(error, exceptions.TelegramNetworkError) else None:
        case aiohttp.ClientHttpProxyError(status=status):
            return f"the proxy answers {status}: check HTTPS_PROXY, with user and password, and what it lets through"
        case aiohttp.ClientConnectorCertificateError():
            return "its certificate is not trusted: name a file with your authority's certificate in SSL_CERT_FILE"
        case aiohttp.ClientConnectorError(host=host, port=port):
            return f"no connection to {host}:{port}: check HTTPS_PROXY, NO_PROXY, DNS and network policies"
    return ""


def translated(error: exceptions.AiogramError) -> errors.BotError:
    """Return one of the bot's own errors, which unlike aiogram's never quote an address with the token."""
    status = status_of(error)
    if isinstance(error, exceptions.TelegramEntityTooLarge):
        return errors.PhotoRejectedError(error.message)
    if isinstance(error, exceptions.TelegramMigrateToChat):
        return errors.GroupMovedError(error.migrate_to_chat_id)
    if not isinstance(error, exceptions.TelegramAPIError) or status not in ("400", "403", "other"):
        cause = error.message.partition(":")[0] if isinstance(error, exceptions.TelegramNetworkError) else ""
        return errors.TelegramUnavailableError(f"{status} {cause}".rstrip())
    message = error.message.lower()
    fallback = errors.ChatUnreachableError if status == "403" else errors.UnknownRefusalError
    kind = next((kind for text, kind in _BY_TEXT if text in message), fallback)
    if kind is errors.LaterError:
        return errors.LaterError(5.0, "flood")  # it does not say how long
    if kind is errors.UnknownRefusalError:
        method = error.method.__api_method__
        log.warning("telegram.unknown_error", method=method, status=status, description=error.message)
    return kind(error.message)


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
