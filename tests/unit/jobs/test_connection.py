"""How a client is made from the settings."""

from __future__ import annotations

import pytest

from qwenedit_jobs import RedisSettings, connect


def options(**settings):
    return connect(RedisSettings(**settings)).connection_pool.connection_kwargs


def test_url_says_where_redis_is():
    made = options(redis_url="redis://ann:secret@redis.example:6380/3")
    assert (made["host"], made["port"], made["db"]) == ("redis.example", 6380, 3)
    assert (made["username"], made["password"]) == ("ann", "secret")


@pytest.mark.parametrize("sentinels", ["", "sentinel:26379"])
def test_user_and_password_of_their_own_variables_override_the_urls(sentinels):
    made = options(
        redis_url="redis://ann:old@redis.example/0", redis_username="bob", redis_password="new",
        redis_sentinels=sentinels,
    )  # fmt: skip
    assert (made["username"], made["password"]) == ("bob", "new")


def test_reply_is_awaited_longer_than_the_longest_block():
    settings = RedisSettings()
    assert connect(settings, block=5).connection_pool.connection_kwargs["socket_timeout"] > 5


@pytest.mark.parametrize(
    ("url", "kind"),
    [("redis://r", "_Plain"), ("rediss://r", "_Tls"), ("unix:///run/redis.sock", "_Unix")],
)
def test_each_kind_of_connection_can_be_cancelled(url, kind):
    assert connect(RedisSettings(redis_url=url)).connection_pool.connection_class.__name__ == kind


@pytest.mark.parametrize(("url", "kind"), [("redis://r", "_Sentinel"), ("rediss://r", "_SentinelTls")])
def test_connections_to_a_master_of_sentinels_can_too(url, kind):
    pool = connect(RedisSettings(redis_url=url, redis_sentinels=(("s", 26379),))).connection_pool
    assert pool.connection_class.__name__ == kind
