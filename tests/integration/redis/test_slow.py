"""A Redis behind a slow connection: pictures take longer than the time-out of a command, and pass."""

from __future__ import annotations

import asyncio
import random
from urllib.parse import urlsplit

import pytest

from local_stack.processes.ports import HOST
from qwenedit_jobs import Done, JobQueue, RedisPictureStore, Result, Settled
from qwenedit_jobs.redis import chunks
from qwenedit_jobs.redis.connection import SOCKET_TIMEOUT
from qwenedit_testkit.proxy import Proxy, Toxic
from tests.integration.redis.conftest import KEYS, MANY, job

BANDWIDTH = 200_000
PICTURE = random.Random(1).randbytes(8 * BANDWIDTH)  # noqa: S311 - no secret
"""Takes eight seconds, which is more than the time-out."""


@pytest.fixture
async def slow(redis_url):
    port = urlsplit(redis_url).port
    assert port is not None
    proxy = Proxy("redis", port, toxic=Toxic.BANDWIDTH, bandwidth=BANDWIDTH)
    async with proxy.running():
        yield redis_url.replace(f":{port}", f":{proxy.port}").replace("localhost", HOST)


async def test_picture_passes_a_slow_connection_both_ways(redis, redis_url, slow, clients):
    assert len(PICTURE) / BANDWIDTH > SOCKET_TIMEOUT
    near = RedisPictureStore(await clients(redis_url=redis_url, decode=False), KEYS, ttl=60)
    await near.put("a:in:0", PICTURE)
    await JobQueue(redis, KEYS).enqueue(job(), MANY)
    claim = await JobQueue(redis, KEYS).claim(worker="w", token="t", lease=60)
    assert claim is not None

    async def get():
        far = RedisPictureStore(await clients(redis_url=slow, decode=False), KEYS, ttl=60)
        return await far.get("a:in:0")

    async def put():
        await RedisPictureStore(await clients(redis_url=slow, decode=False), KEYS, ttl=60).put("b:in:0", PICTURE)
        return await near.get("b:in:0")

    async def complete():
        result = Result(picture="a:out:1", seed=1, seconds=1)
        settled = await JobQueue(await clients(redis_url=slow), KEYS).settle(job().id, "t", Done(result, PICTURE))
        return settled, await near.get("a:out:1")

    read, stored, (settled, result) = await asyncio.gather(get(), put(), complete())
    assert settled is Settled.DONE
    assert read == stored == result == PICTURE


@pytest.mark.parametrize("size", [1, chunks.CHUNK - 1, chunks.CHUNK, chunks.CHUNK + 1, 5 * chunks.CHUNK + 5])
async def test_picture_in_pieces_is_the_picture(redis_url, clients, size):
    raw = await clients(redis_url=redis_url, decode=False)
    store = RedisPictureStore(raw, KEYS, ttl=60)
    await store.put("x", PICTURE * 2)  # whatever was there before, longer or shorter
    await store.put("x", PICTURE[:size] if size < len(PICTURE) else (PICTURE * 2)[:size])
    assert await store.get("x") == (PICTURE * 2)[:size]
    assert await store.size("x") == size
    assert 0 < await raw.ttl(KEYS.picture("x")) <= 60
    # The string has no room to grow: a gigabyte of pictures would have as much of it.
    assert await raw.memory_usage(KEYS.picture("x")) < 1.3 * size + 1024


async def test_picture_of_a_broken_connection_leaves_nothing(redis_url, slow, clients):
    raw = await clients(redis_url=redis_url, decode=False)
    store = RedisPictureStore(await clients(redis_url=slow, decode=False), KEYS, ttl=60)
    putting = asyncio.create_task(store.put("x", PICTURE))
    async with asyncio.timeout(20):
        while not any(client["cmd"] == "setrange" for client in await raw.client_list()):
            await asyncio.sleep(0.05)
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    async with asyncio.timeout(20):
        while any(client["cmd"] == "setrange" for client in await raw.client_list()):
            await asyncio.sleep(0.05)
    assert await raw.exists(KEYS.picture("x")) == 0
