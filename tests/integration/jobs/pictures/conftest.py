"""A store of objects, and stores of pictures of each kind."""

from __future__ import annotations

import secrets

import pytest

from qwenedit_jobs import RedisSettings, connect
from qwenedit_jobs.pictures.opening import open_bucket, picture_store
from qwenedit_jobs.queue.queue import UPLOAD_TTL

SERVERS = {"moto": "object_server", "versitygw": "durable_object_server"}


@pytest.fixture(params=SERVERS)
def s3(request):
    """Return each of two servers that others wrote."""
    return request.getfixturevalue(SERVERS[request.param])


async def bucket(server, monkeypatch):
    """Make a bucket of a test's own, which the library finds by its variables; returns its name."""
    name = f"pictures-{secrets.token_hex(4)}"
    await server.make_bucket(name)
    for variable, value in server.settings().items():
        monkeypatch.setenv(variable, value)
    return name


@pytest.fixture
async def bucket_name(s3, monkeypatch):
    return await bucket(s3, monkeypatch)


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


@pytest.fixture(params=["redis:", "file://", *SERVERS])
def place(request):
    """Return each kind of place for pictures: the beginning of its address, or a server."""
    return request.getfixturevalue(SERVERS[request.param]) if request.param in SERVERS else request.param


@pytest.fixture
async def url(place, tmp_path, monkeypatch):
    """Return an address of each kind."""
    match place:
        case "redis:":
            return place
        case "file://":
            return f"file://{tmp_path}"
        case _:
            return f"s3://{await bucket(place, monkeypatch)}/some/prefix"


@pytest.fixture
def store(opened, url):
    return opened(url)
