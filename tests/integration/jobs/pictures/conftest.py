"""A store of objects, and stores of pictures of each kind."""

from __future__ import annotations

import secrets

import pytest

from qwenedit_jobs import RedisSettings, connect
from qwenedit_jobs.pictures.opening import open_bucket, picture_store
from qwenedit_jobs.queue.queue import UPLOAD_TTL


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


@pytest.fixture
def opened(desk, raw):
    """Open the store of an address."""

    def opened(url):
        return picture_store(raw, desk.keys, bucket=open_bucket(url), ttl=UPLOAD_TTL)

    return opened


@pytest.fixture(params=["redis:", "s3://", "file://"])
def url(request, tmp_path):
    """Return an address of each kind."""
    match request.param:
        case "s3://":
            return f"s3://{request.getfixturevalue('bucket_name')}/some/prefix"
        case "file://":
            return f"file://{tmp_path}"
        case _:
            return request.param


@pytest.fixture
def store(opened, url):
    return opened(url)
