"""Pictures in a bucket: what the store refuses, and what goes wrong on the way to it."""

from __future__ import annotations

import time

import pytest
import trustme
from aiohttp import web
from aiohttp.test_utils import TestServer

from qwenedit_jobs import PictureExpiredError, PictureStoreRefusedError, PictureStoreUnavailableError, durations
from qwenedit_jobs.pictures import object_store as limits
from qwenedit_jobs.pictures.opening import open_objects
from qwenedit_testkit.proxy import Proxy, Toxic
from qwenedit_testkit.way_out import WayOut

REF, PICTURE = "job:in:0", bytes(range(256)) * 4_000


@pytest.fixture
def address(bucket_name):
    return f"s3://{bucket_name}/qwenedit"


def opened(url):
    store = open_objects(url)
    assert store is not None
    return store


async def test_object_has_the_name_of_its_reference(address, bucket_name, object_server):
    await opened(address).put(REF, PICTURE)
    assert await object_server.objects(bucket_name) == {"qwenedit/job/in/0"}


async def test_check_leaves_nothing_where_the_bot_makes_it(address, bucket_name, object_server):
    await opened(address).check(deletes=False)
    await opened(address).check(deletes=True)
    assert await object_server.objects(bucket_name) == set()


async def test_proxy_that_wants_another_password_is_named_without_it(monkeypatch, address):
    async with WayOut({}, trustme.CA(), "user:right").running() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("right", "wrong"))
        monkeypatch.setenv("AWS_ENDPOINT_URL", "https://objects.test")
        with pytest.raises(PictureStoreUnavailableError, match="the proxy answers 407: check HTTPS_PROXY") as refused:
            await opened(address).put(REF, PICTURE)
        assert "wrong" not in str(refused.value)


async def test_store_without_tls_is_refused_unless_that_is_meant(monkeypatch, bucket_name):
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    with pytest.raises(PictureStoreUnavailableError):
        await opened(f"s3://{bucket_name}").put(REF, PICTURE)


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [
        (403, "<Error><Code>AccessDenied</Code></Error>", PictureStoreRefusedError),
        (404, "<Error><Code>NoSuchKey</Code></Error>", PictureExpiredError),
        (404, "<Error><Code>NoSuchBucket</Code></Error>", PictureStoreRefusedError),
        (404, "default backend", PictureStoreRefusedError),
        (400, "what?", PictureStoreUnavailableError),
    ],
)
async def test_only_a_store_that_says_so_has_lost_a_picture(monkeypatch, bucket_name, status, said, error):
    async def answer(_request):
        return web.Response(status=status, text=said)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", str(server.make_url("")))
        with pytest.raises(error) as raised:
            await opened(f"s3://{bucket_name}").get(REF)
    assert type(raised.value) is error


@pytest.fixture
async def proxy(object_server, address, monkeypatch):
    async with Proxy("objects", object_server.port).running() as proxy:
        for name, value in object_server.settings(port=proxy.port).items():
            monkeypatch.setenv(name, value)
        yield proxy


@pytest.mark.parametrize("toxic", [Toxic.TIMEOUT, Toxic.DOWN, Toxic.LIMIT_DATA])
async def test_dead_link_is_told_in_time_and_works_again_afterwards(proxy, address, toxic, monkeypatch):
    store = opened(address)
    await store.put("job:in:1", PICTURE)
    proxy.toxic = toxic
    proxy.reset()
    with monkeypatch.context() as impatient:
        impatient.setattr(durations, "OBJECT_CALL", 1.0)
        impatient.setattr(limits, "SLOWEST", 1_000_000)
        began = time.monotonic()
        for call in (store.put(REF, PICTURE), store.get("job:in:1"), store.deposit("job:out:1", PICTURE)):
            with pytest.raises(PictureStoreUnavailableError):
                await call
        assert time.monotonic() - began < 60
    proxy.toxic = None
    proxy.reset()
    await store.put(REF, PICTURE)
    assert await store.get("job:in:1") == PICTURE
