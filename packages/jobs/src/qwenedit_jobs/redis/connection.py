"""Connections to Redis, with the time-outs that the queue's promises rest on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.connection import (
    AbstractConnection,
    Connection,
    SSLConnection,
    UnixDomainSocketConnection,
    parse_url,
)
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import (
    Sentinel,
    SentinelConnectionPool,
    SentinelManagedConnection,
    SentinelManagedSSLConnection,
)
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ReadOnlyError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.maint_notifications import MaintNotificationsConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import SecretStr

    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.settings import RedisSettings

SOCKET_TIMEOUT = 5.0
"""Seconds until a command without a reply counts as lost. Every script may be repeated, so it then is."""
HEALTH_CHECK_INTERVAL = 15
"""Seconds of idleness after which a connection is tried before it is used: half-open ones are found here."""


LARGE = 65_536
"""Bytes of a command after which another part begins."""


def _parts(command: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Divide what is to be sent, so that each part of a picture has its own time-out."""
    part: list[bytes] = []
    size = 0
    for piece in command:
        part.append(piece)
        size += len(piece)
        if size > LARGE:
            yield part
            part, size = [], 0
    if part:
        yield part


class _Cancellable(AbstractConnection):
    """A connection on which a task can be cancelled at any moment, and on which each part of a picture has its time.

    redis-py sends with `asyncio.wait_for`. Before Python 3.12 that swallows a cancellation that comes at the moment the
    sending ends. The task then goes on, and its end is awaited for ever. `tests/unit/jobs/test_redis_py.py`
    fails when redis-py's own method changes.
    """

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:  # noqa: FBT001, FBT002 - redis-py's
        if not self.is_connected:
            await self.connect_check_health(check_health=False)
        if check_health:
            await self.check_health()  # type: ignore[no-untyped-call]  # redis-py leaves it untyped
        if self._writer is not None and self._writer.is_closing():
            # The other side has hung up. What is written now would be lost, and no error of redis-py would say so.
            await self.disconnect(nowait=True)
            raise RedisConnectionError("Connection closed by server")
        try:
            for part in _parts([command] if isinstance(command, bytes) else command):
                async with asyncio.timeout(self.socket_timeout):
                    await self._send_packed_command(part)
        except TimeoutError:
            await self.disconnect(nowait=True)
            raise RedisTimeoutError("Timeout writing to socket") from None
        except OSError as error:
            await self.disconnect(nowait=True)
            raise RedisConnectionError(f"Error while writing to socket: {error}") from error
        except BaseException:
            # An unknown part of it was sent.
            await self.disconnect(nowait=True)
            raise


class _Plain(_Cancellable, Connection):
    pass


class _Tls(_Cancellable, SSLConnection):
    pass


class _Unix(_Cancellable, UnixDomainSocketConnection):
    pass


class _Sentinel(_Cancellable, SentinelManagedConnection):
    pass


class _SentinelTls(_Cancellable, SentinelManagedSSLConnection):
    pass


class _SentinelPool(SentinelConnectionPool):
    """Closes the connections to the Sentinels with those to the master; redis-py leaves them open."""

    async def disconnect(self, inuse_connections: bool = True) -> None:  # noqa: FBT001, FBT002 - redis-py's
        await super().disconnect(inuse_connections)
        if inuse_connections:  # the client's end; after a failover only the idle ones go
            for sentinel in self.sentinel_manager.sentinels:
                await sentinel.aclose()


_CANCELLABLE = {SSLConnection: _Tls, UnixDomainSocketConnection: _Unix}


def connect(settings: RedisSettings, *, block: float = 0.0, decode: bool = True) -> Redis:
    """Make a client; nothing is sent before its first command.

    Args:
        settings: Where Redis is.
        block: Longest time in seconds that a command on this client blocks inside Redis. A reply is awaited
            that much longer.
        decode: Replies as `str`; pictures need False.
    """
    behaviour: dict[str, Any] = {
        "decode_responses": decode,
        # What somebody wrote that is no UTF-8 is read as a text that fits nothing; it must not break who reads it.
        "encoding_errors": "backslashreplace",
        "socket_timeout": SOCKET_TIMEOUT + block,
        "socket_connect_timeout": SOCKET_TIMEOUT,
        "health_check_interval": HEALTH_CHECK_INTERVAL,
        # A round trip at each connection, and a complaint in the log, for what only managed Redis knows.
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        "retry": Retry(
            ExponentialWithJitterBackoff(base=0.05, cap=1.0),
            retries=3,
            # A connection that stays open to a demoted master hears READONLY for ever: drop it, and try a new one.
            supported_errors=(RedisConnectionError, RedisTimeoutError, ReadOnlyError),
        ),
        **_credentials(settings.redis_username, settings.redis_password),
    }
    if settings.redis_sentinels:
        return _master(settings, behaviour)
    options: dict[str, Any] = dict(parse_url(settings.redis_url))
    connection = _CANCELLABLE.get(options.pop("connection_class", None), _Plain)
    return Redis.from_pool(ConnectionPool(connection_class=connection, **{**options, **behaviour}))


async def check_writable(redis: Redis, keys: Keys) -> None:
    """Find out whether Redis takes writes, by one that changes nothing. A full Redis takes it.

    A demoted master, one that lacks its replicas, and one that cannot save answer PING and refuse writes.

    Raises:
        RedisError: it takes none, or does not answer.
    """
    await redis.delete(f"{keys.prefix}:nothing")


def _master(settings: RedisSettings, behaviour: dict[str, Any]) -> Redis:
    """Ask the Sentinels who the master is, again at each new connection: a failover breaks the old ones."""
    # Of the URL only scheme, database and TLS options count; the address is the Sentinels' to tell.
    options: dict[str, Any] = {
        key: value for key, value in parse_url(settings.redis_url).items() if key not in {"host", "port"}
    }
    tls = options.pop("connection_class", None) is SSLConnection
    sentinel = Sentinel(  # type: ignore[no-untyped-call]  # redis-py leaves it untyped
        settings.redis_sentinels,
        sentinel_kwargs={
            "socket_timeout": SOCKET_TIMEOUT,
            "socket_connect_timeout": SOCKET_TIMEOUT,
            "ssl": tls,
            **{key: value for key, value in options.items() if key.startswith("ssl_")},
            **_credentials(None, settings.redis_sentinel_password),
        },
    )
    connection = _SentinelTls if tls else _Sentinel
    # Settings beside the URL override those in the URL.
    master = sentinel.master_for(
        settings.redis_sentinel_master,
        connection_pool_class=_SentinelPool,
        ssl=tls,
        connection_class=connection,
        **{**options, **behaviour},
    )
    return cast("Redis", master)


def _credentials(username: str | None, password: SecretStr | None) -> dict[str, str]:
    credentials = {"username": username, "password": password.get_secret_value() if password else None}
    return {key: value for key, value in credentials.items() if value is not None}
