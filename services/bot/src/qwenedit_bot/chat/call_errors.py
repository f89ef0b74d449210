"""What a call of the Bot API that failed means: aiogram's errors become the bot's own, and an HTTP status."""

from __future__ import annotations

import aiohttp
import structlog
from aiogram import exceptions

from qwenedit_bot.chat import errors

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
