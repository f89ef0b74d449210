"""A failover of Sentinel: the replica takes the place of the killed master, and the queue goes on with what it had."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import RedisError

from local_stack.processes.ports import HOST, free_port
from qwenedit_jobs import Done, Result, Settled
from qwenedit_testkit.job_queue import JobQueue
from tests.integration.redis.conftest import KEYS, MANY, Server, job

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

JOBS = 20
# A Sentinel that stood still for two seconds looks away for thirty (TILT). After that it takes no replica whose link
# has been down for longer than the master and ten times this silence: with a second that is for ever.
SENTINEL = """
port {port}
sentinel monitor TheMaster {host} {master} 1
sentinel down-after-milliseconds TheMaster 5000
sentinel failover-timeout TheMaster 5000
"""


@pytest.fixture(scope="module", autouse=True)
def swept() -> Iterator[None]:
    """Let what redis-py left unclosed in a failover be found here, and not in another file's test."""
    yield
    gc.collect()


@pytest.fixture
async def master(tmp_path, running):
    port = free_port()
    return await running(Server(tmp_path / "master", "--port", str(port), "--appendonly", "yes", port=port))


@pytest.fixture
async def sentinel(tmp_path, running, master, clients):
    port = free_port()
    replica = await running(
        Server(tmp_path / "replica", "--port", str(port), "--replicaof", HOST, str(master.port), port=port)
    )
    admin = await clients(redis_url=f"redis://{HOST}:{replica.port}")
    while (await admin.info("replication"))["master_link_status"] != "up":
        await asyncio.sleep(0.05)
    port = free_port()
    config = tmp_path / "sentinel.conf"
    config.write_text(SENTINEL.format(port=port, host=HOST, master=master.port))
    watcher = await running(Server(tmp_path / "sentinel", str(config), "--sentinel", name="sentinel", port=port))
    admin = await clients(redis_url=f"redis://{HOST}:{port}")
    while not await admin.execute_command("SENTINEL", "REPLICAS", "TheMaster"):
        await asyncio.sleep(0.05)
    return watcher


async def until_answered(call: Callable[..., Awaitable[Any]], *arguments: Any, **named: Any) -> Any:
    while True:
        try:
            return await call(*arguments, **named)
        except (RedisError, OSError):
            await asyncio.sleep(0.05)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.timeout(600)  # a Sentinel that had to wait for its turn does nothing for half a minute
async def test_failover_amid_jobs_loses_none_that_the_replica_had(master, sentinel, clients):
    settings = {"redis_sentinels": ((HOST, sentinel.port),), "redis_url": "redis://TheMaster/0"}
    redis = await clients(**settings)
    queue = JobQueue(redis, KEYS, waiter=await clients(waits=True, **settings))
    for number in range(JOBS):
        await queue.enqueue(job(number), MANY)
    first = await queue.claim(worker="w", token="before", lease=60)
    assert first is not None
    assert await redis.wait(1, 5_000) == 1
    await master.kill()
    done = Done(Result(picture="a", seed=1, seconds=1))
    assert await until_answered(queue.settle, first.job.id, "before", done) is Settled.DONE
    ended = {first.job.id}
    while claim := await until_answered(queue.claim, worker="w", token=f"after {len(ended)}", lease=60, wait=0.1):
        assert await until_answered(queue.settle, claim.job.id, claim.token, done) is Settled.DONE
        ended.add(claim.job.id)
    assert ended == {job(number).id for number in range(JOBS)}
    assert await queue.unfinished_ids() == []
