"""How a client is made from the settings."""

from __future__ import annotations

import pytest
from redis.asyncio.sentinel import SentinelManagedConnection, SentinelManagedSSLConnection

from qwenedit_jobs import RedisSettings, connect


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
