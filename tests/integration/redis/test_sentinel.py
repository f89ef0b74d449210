"""A failover in the middle of 200 jobs: the replica takes the place of the killed master, with what it had received."""

from __future__ import annotations

import asyncio
import gc
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import RedisError

from local_stack.processes.ports import HOST, free_port
from qwenedit_jobs import Done, Events, JobQueue, Result, Settled, event_of
from qwenedit_jobs.lanes import Lanes
from tests.integration.redis.conftest import KEYS, MANY, Server, job

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

JOBS = 200
WORKERS = 3
LEASE = 3.0
KILLED_AFTER = 60
"""Answers before the master is killed."""
# A Sentinel that stood still for two seconds looks away for thirty (TILT). After that it takes no replica whose link
# has been down for longer than the master and ten times this silence: with a second that is for ever.
SENTINEL = """
port {port}
sentinel monitor mymaster {host} {master} 1
sentinel down-after-milliseconds mymaster 5000
sentinel failover-timeout mymaster 5000
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
    while not await admin.execute_command("SENTINEL", "REPLICAS", "mymaster"):
        await asyncio.sleep(0.05)
    return watcher


@dataclass
class Crowd:
    """The bot's and the workers' sides of the queue, each of which carries on when Redis does not answer."""

    clients: Any
    settings: dict[str, Any]
    replicated: set[str] = field(default_factory=set)
    """Jobs that the replica had, so that a failover must not lose them."""
    answers: Counter[str] = field(default_factory=Counter)
    executions: Counter[str] = field(default_factory=Counter)
    produced: asyncio.Event = field(default_factory=asyncio.Event)
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    async def queue(self) -> JobQueue:
        return JobQueue(
            await self.clients(**self.settings), KEYS, waiter=await self.clients(waits=True, **self.settings)
        )

    async def produce(self) -> None:
        redis = await self.clients(**self.settings)
        queue = JobQueue(redis, KEYS)
        for number in range(JOBS):
            await until_answered(queue.enqueue, job(number), MANY)
            if await until_answered(redis.wait, 1, 50):
                self.replicated.add(job(number).id)
            await asyncio.sleep(0.01)
        self.produced.set()

    async def work(self, name: str) -> None:
        queue = await self.queue()
        while not self.finished.is_set():
            token = str(uuid.uuid4())
            claim = await until_answered(queue.claim, worker=name, token=token, lease=LEASE, wait=0.5)
            if claim is None:
                continue
            self.executions[claim.job.id] += 1
            await asyncio.sleep(0.03)
            result = Result(picture=token, seed=1, seconds=0.03)
            settled = await until_answered(queue.settle, claim.job.id, claim.token, Done(result))
            assert settled in {Settled.DONE, Settled.LOST}

    async def keep_house(self) -> None:
        queue = await self.queue()
        while not self.finished.is_set():
            await until_answered(queue.tick)
            await asyncio.sleep(0.2)

    async def answer(self) -> None:
        queue = await self.queue()
        lanes = Lanes(await self.clients(**self.settings), KEYS.answers, name="bot")
        events = Events(await self.clients(waits=True, **self.settings), KEYS, lanes)
        ended = False
        while not (ended and (await until_answered(lanes.occupancy)).waiting == 0):
            # Looked at before the stream is: what ends in between is in there.
            ended = self.produced.is_set() and not await until_answered(queue.unfinished_ids)
            await until_answered(lanes.release_own_holds)
            await until_answered(events.wait, 0.5)
            await until_answered(events.drain)
            rows, _wait = await until_answered(lanes.next, 50)
            for row in rows:
                self.answers[event_of(row).job_id] += 1
                await until_answered(lanes.done, row)
        self.finished.set()


async def until_answered(call: Callable[..., Awaitable[Any]], *arguments: Any, **named: Any) -> Any:
    while True:
        try:
            return await call(*arguments, **named)
        except (RedisError, OSError):
            await asyncio.sleep(0.05)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.timeout(600)  # a Sentinel that had to wait for its turn does nothing for half a minute
async def test_failover_in_the_middle_of_200_jobs_answers_each_that_the_replica_had(master, sentinel, clients):
    settings = {"redis_sentinels": ((HOST, sentinel.port),), "redis_url": "redis://ignored/0"}
    crowd = Crowd(clients, settings)
    async with asyncio.TaskGroup() as tasks:
        for part in (crowd.produce(), crowd.keep_house(), crowd.answer()):
            tasks.create_task(part)
        for number in range(WORKERS):
            tasks.create_task(crowd.work(f"worker-{number}"))
        while len(crowd.answers) < KILLED_AFTER:
            await asyncio.sleep(0.01)
        await master.kill()
        killed = time.monotonic()
        probe = await clients(**settings)
        await until_answered(probe.set, "probe", 1)
        failover = time.monotonic() - killed
    asked = {job(number).id for number in range(JOBS)}
    print(  # noqa: T201 - shown with -s
        f"\nfailover in {failover:.1f} s, in the middle of {JOBS} jobs: {len(asked - set(crowd.answers))} lost, "
        f"{len(set(crowd.answers) - asked)} unexpected; "
        f"{len(crowd.replicated)} were replicated, "
        f"{sum(crowd.executions.values()) - JOBS} executed again, "
        f"{sum(crowd.answers.values()) - JOBS} duplicated events, which the bot drops by their job"
    )
    assert crowd.replicated | {job(JOBS - 1).id} <= set(crowd.answers) <= asked
    assert len(crowd.replicated) > KILLED_AFTER / 2
    assert failover < 60
    queue = await crowd.queue()
    assert await queue.unfinished_ids() == []
    assert {status.state for status in await queue.statuses(crowd.answers)} == {"done"}
