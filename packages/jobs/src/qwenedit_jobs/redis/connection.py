"""Connections to Redis, with the time-outs that the queue's promises rest on."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

import structlog
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.maint_notifications import MaintNotificationsConfig

from qwenedit_jobs import durations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from pydantic import SecretStr

    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.settings import RedisSettings

T = TypeVar("T")


log = structlog.get_logger(__name__)


class _SentinelPool(SentinelConnectionPool):
    """Closes the connections to the Sentinels with those to the master; redis-py leaves them open."""

    async def disconnect(self, inuse_connections: bool = True) -> None:  # noqa: FBT001, FBT002 - redis-py's
        await super().disconnect(inuse_connections)
        if inuse_connections:  # the client's end; after a failover only the idle ones go
            for sentinel in self.sentinel_manager.sentinels:
                await sentinel.aclose()


class _Retry(Retry):
    """Says what an error of the event loop's, or a name that isn't found, means, and logs slow replies."""

    logged_at = -durations.LOG
    host = ""

    async def call_with_retry(self, do: Callable[[], Awaitable[T]], *args: Any, **named: Any) -> T:
        async def translated() -> T:
            began, busy = time.monotonic(), time.thread_time()
            try:
                reply = await do()
            except (RuntimeError, AttributeError) as error:  # of asyncio, whose closed transports have lost their loop
                if getattr(error, "name", "_add_writer") != "_add_writer":
                    raise
                raise RedisConnectionError(str(error)) from error
            # What this process computed meanwhile isn't Redis' fault.
            self._took(time.monotonic() - began - (time.thread_time() - busy))
            return reply

        try:
            return await super().call_with_retry(translated, *args, **named)
        except (RedisConnectionError, RedisTimeoutError) as error:
            if self.host and "connecting" in str(error) and (why := await _unresolved(self.host)):
                raise RedisConnectionError(f"name resolution failed for {self.host}: {why}") from error
            raise

    def _took(self, seconds: float) -> None:
        if seconds > durations.REDIS_SLOW and time.monotonic() - _Retry.logged_at > durations.LOG:
            _Retry.logged_at = time.monotonic()
            log.warning("redis.slow", seconds=round(seconds, 1), reason="Redis' node, CPU or disk, or the network")


class _WaitingRetry(_Retry):
    """For clients whose commands may block: logs no slow replies."""

    def _took(self, seconds: float) -> None:
        pass


async def _unresolved(host: str) -> str:
    """Say why a name isn't found; empty if it is. A resolver that hangs looks like a connection that does."""
    try:
        async with asyncio.timeout(2):
            await asyncio.get_running_loop().getaddrinfo(host, None)
    except TimeoutError:
        return "DNS gives no answer within 2 s"
    except OSError as error:
        return error.strerror or str(error)
    return ""


@asynccontextmanager
async def answered_within(seconds: float) -> AsyncIterator[None]:
    """Bound a call of a client that waits, which has no time-out of its own.

    Args:
        seconds: For which it waits inside Redis.

    Raises:
        redis.exceptions.TimeoutError: its reply did not come in time after that.
    """
    try:
        async with asyncio.timeout(seconds + durations.REDIS_REPLY):
            yield
    except TimeoutError as error:
        raise RedisTimeoutError(f"no reply within {seconds + durations.REDIS_REPLY:g} s") from error


def connect(settings: RedisSettings, *, waits: bool = False, decode: bool = True, retries: int = 3) -> Redis:
    """Make a client; nothing is sent before its first command.

    Args:
        settings: Where Redis is.
        waits: For commands that block inside Redis: each of its calls is to stand in `answered_within`. Before Python
            3.12, a time-out of redis-py's may swallow the cancellation of such a call.
        decode: Replies as `str`; pictures need False.
        retries: How often a call is made again that gets no reply.
    """
    options: dict[str, Any] = dict(parse_url(settings.redis_url))
    retry = (_WaitingRetry if waits else _Retry)(
        ExponentialWithJitterBackoff(base=0.05, cap=1.0),
        retries=retries,
        # A connection to a demoted master gets READONLY forever: drop it, and try a new one.
        supported_errors=(RedisConnectionError, RedisTimeoutError, ReadOnlyError),
    )
    behaviour: dict[str, Any] = {
        "decode_responses": decode,
        # What somebody wrote that is no UTF-8 is read as a text that fits nothing; it must not break who reads it.
        "encoding_errors": "backslashreplace",
        "socket_timeout": None if waits else durations.REDIS_REPLY,
        "socket_connect_timeout": durations.REDIS_REPLY,
        "health_check_interval": durations.REDIS_IDLE,
        # A round trip at each connection, and a complaint in the log, for what only managed Redis knows.
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        "retry": retry,
        **_password(settings.redis_password),
    }
    if settings.redis_sentinels:
        return _master(settings, behaviour)
    retry.host = options.get("host", "")
    return Redis.from_pool(ConnectionPool(**{**options, **behaviour}))


async def check_writable(redis: Redis, keys: Keys) -> None:
    """Find out whether Redis takes writes, by one that changes nothing. A full Redis takes it.

    A demoted master, one that lacks its replicas, and one that cannot save answer PING and refuse writes.

    Raises:
        RedisError: it takes none, or does not answer.
    """
    await redis.delete(f"{keys.prefix}:nothing")


def _master(settings: RedisSettings, behaviour: dict[str, Any]) -> Redis:
    """Ask the Sentinels who the master is, again at each new connection: a failover breaks the old ones."""
    # Of the URL only scheme, database, TLS options and the master's name count; the Sentinels tell its address.
    options: dict[str, Any] = {
        key: value for key, value in parse_url(settings.redis_url).items() if key not in {"host", "port"}
    }
    tls = options.pop("connection_class", None) is SSLConnection
    sentinel = Sentinel(  # type: ignore[no-untyped-call]  # redis-py leaves it untyped
        settings.redis_sentinels,
        sentinel_kwargs={
            "socket_timeout": durations.REDIS_REPLY,
            "socket_connect_timeout": durations.REDIS_REPLY,
            "ssl": tls,
            **{key: value for key, value in options.items() if key.startswith("ssl_")},
            **_password(settings.redis_sentinel_password),
        },
    )
    # Settings beside the URL override those in the URL.
    master = sentinel.master_for(
        settings.master,
        connection_pool_class=_SentinelPool,
        ssl=tls,
        **{**options, **behaviour},
    )
    return cast("Redis", master)


def _password(password: SecretStr | None) -> dict[str, str]:
    return {"password": password.get_secret_value()} if password else {}
