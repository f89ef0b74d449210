"""How a client is made from the settings."""

from __future__ import annotations

import asyncio
from functools import partial
from types import SimpleNamespace

import pytest
from redis.asyncio.sentinel import SentinelManagedConnection, SentinelManagedSSLConnection
from redis.backoff import NoBackoff
from structlog.testing import capture_logs

from qwenedit_jobs import RedisSettings, connect, durations
from qwenedit_jobs.redis import connection
from qwenedit_jobs.redis.connection import _Retry, _WaitingRetry


def options(**settings):
    return connect(RedisSettings(**settings)).connection_pool.connection_kwargs


def test_url_says_where_redis_is():
    made = options(redis_url="redis://ann:secret@redis.example:6380/3")
    assert (made["host"], made["port"], made["db"]) == ("redis.example", 6380, 3)
    assert (made["username"], made["password"]) == ("ann", "secret")


@pytest.mark.parametrize("sentinels", ["", "sentinel:26379"])
def test_password_of_its_own_variable_overrides_the_urls(sentinels):
    made = options(redis_url="redis://ann:old@redis.example/0", redis_password="new", redis_sentinels=sentinels)
    assert (made["username"], made["password"]) == ("ann", "new")


@pytest.mark.parametrize(
    ("url", "kind"), [("redis://r", SentinelManagedConnection), ("rediss://r", SentinelManagedSSLConnection)]
)
def test_master_of_sentinels_is_reached_as_the_url_says(url, kind):
    pool = connect(RedisSettings(redis_url=url, redis_sentinels=(("s", 26379),))).connection_pool
    assert pool.connection_class is kind


async def test_reply_that_takes_long_is_logged_once_a_minute(monkeypatch):
    monkeypatch.setattr(durations, "REDIS_SLOW", 0.02)
    monkeypatch.setattr(_Retry, "logged_at", -60.0)
    retry, waiting = _Retry(NoBackoff(), 0), _WaitingRetry(NoBackoff(), 0)

    async def fail(_error):
        pass

    with capture_logs() as logged:
        await waiting.call_with_retry(partial(asyncio.sleep, 0.05), fail)
        assert logged == []
        await retry.call_with_retry(partial(asyncio.sleep, 0.05), fail)
        await retry.call_with_retry(partial(asyncio.sleep, 0.05), fail)
    [line] = logged
    assert (line["event"], line["log_level"]) == ("redis.slow", "warning")
    assert line["seconds"] >= 0.0


async def test_slow_reply_is_not_what_this_process_computes_meanwhile(monkeypatch):
    monkeypatch.setattr(_Retry, "logged_at", -60.0)
    clock = iter([10.0, 12.0, 14.0])
    busy = iter([3.0, 4.5])
    times = SimpleNamespace(monotonic=lambda: next(clock), thread_time=lambda: next(busy))
    monkeypatch.setattr(connection, "time", times)

    async def answer():
        return 1

    with capture_logs() as logged:
        assert await _Retry(NoBackoff(), 0).call_with_retry(answer, answer) == 1
    assert logged == []
