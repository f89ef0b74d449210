"""Connections to Redis, with the time-outs that the queue's promises rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

if TYPE_CHECKING:
    from qwenedit_jobs.settings import RedisSettings

SOCKET_TIMEOUT = 5.0
"""Seconds until a command without a reply counts as lost. Every script may be repeated, so it then is."""
HEALTH_CHECK_INTERVAL = 15
"""Seconds of idleness after which a connection is tried before it is used: half-open ones are found here."""


def connect(settings: RedisSettings, *, block: float = 0.0, decode: bool = True) -> Redis:
    """Make a client; nothing is sent before its first command.

    Args:
        settings: Where Redis is.
        block: Longest time in seconds that a command on this client blocks inside Redis. A reply is awaited
            that much longer.
        decode: Replies as `str`; pictures need False.
    """
    credentials: dict[str, Any] = {}
    if settings.redis_username is not None:
        credentials["username"] = settings.redis_username
    if settings.redis_password is not None:
        credentials["password"] = settings.redis_password.get_secret_value()
    return Redis.from_url(
        settings.redis_url,
        decode_responses=decode,
        socket_timeout=SOCKET_TIMEOUT + block,
        socket_connect_timeout=SOCKET_TIMEOUT,
        health_check_interval=HEALTH_CHECK_INTERVAL,
        retry=Retry(
            ExponentialWithJitterBackoff(base=0.05, cap=1.0),
            retries=3,
            supported_errors=(RedisConnectionError, RedisTimeoutError),
        ),
        **credentials,
    )
