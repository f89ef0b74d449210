"""A store of objects, and stores of pictures of each kind."""

from __future__ import annotations

import secrets

import pytest

from qwenedit_jobs import RedisPictureStore, RedisSettings, connect, durations
from qwenedit_jobs.pictures.opening import open_objects


@pytest.fixture
async def bucket_name(object_server, monkeypatch):
    """Make a bucket of a test's own, which the library finds by its variables."""
    name = f"pictures-{secrets.token_hex(4)}"
    await object_server.make_bucket(name)
    for variable, value in object_server.settings().items():
        monkeypatch.setenv(variable, value)
    return name


@pytest.fixture
async def raw(redis_url):
    async with connect(RedisSettings(redis_url=redis_url), decode=False) as binary:
        yield binary


@pytest.fixture(params=["redis:", "file://", "s3://"])
def url(request, tmp_path):
    """Return an address of each kind."""
    if request.param == "s3://":
        return f"s3://{request.getfixturevalue('bucket_name')}/some/prefix"
    return request.param if request.param == "redis:" else f"file://{tmp_path}"


@pytest.fixture
def store(desk, raw, url):
    return open_objects(url) or RedisPictureStore(raw, desk.keys, ttl=durations.PICTURE)
