"""A worker whose pictures lie in a bucket: nothing is edited twice because the bucket is away."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from qwenedit_jobs import State, durations
from qwenedit_jobs.pictures.opening import open_objects
from qwenedit_testkit.proxy import Proxy, Toxic
from qwenedit_testkit.waiting import background, eventually
from qwenedit_worker import timeouts
from tests.integration.worker.conftest import PNG


@pytest.fixture
async def proxy(object_server, monkeypatch):
    async with Proxy("objects", object_server.port).running() as proxy:
        for name, value in object_server.settings(port=proxy.port).items():
            monkeypatch.setenv(name, value)
        yield proxy


@pytest.fixture
def spoil(proxy, monkeypatch):
    """Return what spoils the way to the bucket, or mends it; only while it is spoilt are calls soon given up."""
    patience = durations.OBJECT_CALL

    def spoil(toxic):
        monkeypatch.setattr(durations, "OBJECT_CALL", 1.5 if toxic else patience)
        proxy.toxic = toxic
        proxy.reset()

    return spoil


@pytest.fixture
async def address(object_server):
    name = f"worker-{secrets.token_hex(4)}"
    await object_server.make_bucket(name)
    return f"s3://{name}/here"


@pytest.fixture
async def stored(bench, proxy, address):
    """A bench whose worker has its pictures in the bucket, behind the proxy."""
    bench.store = open_objects(address)
    return bench


async def test_job_is_done_with_pictures_from_the_bucket(stored):
    async with stored.working():
        job = await stored.enqueue()
        status = await stored.until_final(job)
    assert status.state is State.DONE
    assert stored.editor.calls[0].pictures == (PNG,)
    assert await stored.store.get(status.result.picture) == PNG
    assert await stored.redis.keys(stored.keys.picture("*")) == []


@pytest.fixture
async def soon(stored, monkeypatch):
    """Have a worker come back to pictures within half a second."""
    monkeypatch.setattr(timeouts, "STORE_AWAY", 0.4)

    async def promote():
        while True:
            await stored.queue.tick()
            await asyncio.sleep(0.05)

    async with background(promote()):
        yield


def deferred(stored):
    return stored.metric("qwenedit_attempts_total", outcome="delayed", reason="")


@pytest.mark.usefixtures("soon")
async def test_job_goes_back_unharmed_while_the_bucket_is_away(stored, spoil):
    job = await stored.enqueue()
    spoil(Toxic.TIMEOUT)
    async with stored.working():
        await stored.until(job, lambda _status: deferred(stored) >= 2)
        spoil(None)
        status = await stored.until_final(job)
    assert (status.state, status.attempt) == (State.DONE, 1), "two attempts that did not begin were not counted"


async def test_result_is_kept_until_the_bucket_takes_it_and_nothing_is_edited_twice(stored, spoil):
    async def then_away(_on_progress):
        spoil(Toxic.DOWN)

    stored.editor.script.append(then_away)
    job = await stored.enqueue()
    async with stored.working(lease=10.0):
        await eventually(lambda: stored.editor.calls)
        await asyncio.sleep(3)
        assert await stored.redis.zscore(stored.keys.leases, job.id) is not None, "the lease is kept meanwhile"
        assert (await stored.queue.status(job.id)).state is State.RUNNING
        spoil(None)
        status = await stored.until_final(job)
    assert (status.state, status.attempt) == (State.DONE, 1)
    assert len(stored.editor.calls) == 1
    assert await stored.store.get(status.result.picture) == PNG


async def test_cancelled_job_does_not_wait_for_the_bucket(stored, proxy, spoil):
    async def then_away(_on_progress):
        spoil(Toxic.DOWN)

    stored.editor.script.append(then_away)
    job = await stored.enqueue()
    async with stored.working():
        await stored.until(job, lambda status: status.state is State.RUNNING)
        await eventually(lambda: proxy.toxic)
        await stored.queue.cancel(job.id)
        status = await stored.until_final(job)
    assert status.state is State.CANCELLED
