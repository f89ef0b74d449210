"""A failover behind an address that moves: the old master lives on, keeps its connections, and refuses writes."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from types import SimpleNamespace

import pytest
from redis.exceptions import RedisError

from local_stack.processes.ports import HOST, free_port
from qwenedit_bot.app.main import BotReadiness
from qwenedit_jobs import Done, Result, Settled
from qwenedit_jobs.redis.connection import check_writable
from qwenedit_telemetry import HEALTHY
from qwenedit_testkit.job_queue import JobQueue
from qwenedit_testkit.proxy import Proxy
from qwenedit_worker.common.errors import QueueUnavailableError
from qwenedit_worker.redis_link import RedisLink, translate_errors
from tests.integration.redis.conftest import KEYS, MANY, Server, job

LONG_WAIT = 30.0


@pytest.fixture
async def behind_address(tmp_path, running, clients):
    """A master, its replica, and the address that clients know, which moves when it is told to."""
    async with AsyncExitStack() as stack:
        servers = []
        for name in ("one", "two"):
            port = free_port()
            servers.append(await running(Server(tmp_path / name, "--port", str(port), port=port)))
        one, two = [await clients(redis_url=f"redis://{HOST}:{server.port}") for server in servers]
        await two.replicaof(HOST, str(servers[0].port))
        while (await two.info("replication"))["master_link_status"] != "up":
            await asyncio.sleep(0.05)
        address = await stack.enter_async_context(Proxy("redis", servers[0].port).running())

        async def demote():
            await two.replicaof("NO", "ONE")
            await one.replicaof(HOST, str(servers[1].port))

        def move():
            address.target = servers[1].port

        yield SimpleNamespace(url=f"redis://{HOST}:{address.port}/0", master=one, demote=demote, move=move)


async def test_queue_goes_on_after_a_failover_behind_one_address(behind_address, clients):
    url = behind_address.url
    queue = JobQueue(await clients(redis_url=url), KEYS, waiter=await clients(redis_url=url, waits=True))
    await queue.enqueue(job(1), MANY)
    before = await queue.claim(worker="w", token="before", lease=30)
    assert before is not None
    waiting = asyncio.create_task(queue.claim(worker="w", token="meanwhile", lease=30, wait=LONG_WAIT))
    while "blmove" not in {client["cmd"] for client in await behind_address.master.client_list()}:
        await asyncio.sleep(0.01)
    await behind_address.demote()
    behind_address.move()

    await queue.enqueue(job(2), MANY)
    async with asyncio.timeout(15):
        found = await waiting
        while found is None:
            found = await queue.claim(worker="w", token="after", lease=30, wait=1.0)
    assert found.job == job(2)
    assert await queue.settle(job(1).id, "before", Done(Result(picture="a", seed=1, seconds=1))) is Settled.DONE


async def test_readiness_fails_while_redis_refuses_writes(behind_address, clients):
    redis = await clients(redis_url=behind_address.url)
    bot = BotReadiness(redis, KEYS)
    bot.receiving = lambda: HEALTHY
    link = RedisLink()
    assert not link.health().ok
    queue = translate_errors(JobQueue(redis, KEYS), link)
    await queue.claim(worker="w", token="1", lease=30)
    assert (await bot.check()).ok
    assert link.health().ok

    await behind_address.demote()
    assert await redis.ping()
    assert not (await bot.check()).ok
    with pytest.raises(QueueUnavailableError):
        await queue.enqueue(job(), MANY)
    assert not link.health().ok

    behind_address.move()
    assert (await bot.check()).ok
    await queue.enqueue(job(), MANY)
    assert link.health().ok


async def test_full_redis_takes_the_write_of_the_probe(tmp_path, running, clients):
    port = free_port()
    await running(Server(tmp_path / "full", "--port", str(port), "--maxmemory", "1", port=port))
    redis = await clients(redis_url=f"redis://{HOST}:{port}")
    with pytest.raises(RedisError):
        await redis.set("a", "1")
    await check_writable(redis, KEYS)
