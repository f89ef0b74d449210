"""A Redis that comes back without its last moments: the bot gives back what users were promised in them."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from local_stack import RedisServer
from qwenedit_jobs import State
from qwenedit_testkit.by_hand.worker import HELD
from qwenedit_testkit.photos import photo
from tests.integration.bot.inbox.test_crashes import RESULT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


class ForgetfulRedis(RedisServer):
    """A server that can come back as it was at an earlier moment."""

    async def keep(self) -> None:
        await asyncio.sleep(1.2)  # the append-only file is written every second
        shutil.copytree(self.data_dir, self.data_dir.with_name("kept"), dirs_exist_ok=True)

    async def come_back_as_kept(self) -> None:
        await self.kill()
        shutil.rmtree(self.data_dir)
        shutil.copytree(self.data_dir.with_name("kept"), self.data_dir)
        await self.start()


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[ForgetfulRedis]:
    server = ForgetfulRedis(tmp_path / "redis")
    await server.start()
    yield server
    await server.kill()


@pytest.fixture
async def stage(redis: ForgetfulRedis, performing: Callable[[str], Any]) -> AsyncIterator[Any]:
    async with performing(redis.url) as stage:
        yield stage


@asynccontextmanager
async def recalled(stage: Any) -> AsyncIterator[None]:
    """Wait for the end of what the bot does about a Redis that was replaced."""
    yield
    await asyncio.wait_for(stage.bot.wait_for_line("redis.replaced"), 60)


async def test_job_accepted_in_the_lost_moments_is_accepted_again_under_the_same_message(
    stage: Any, redis: ForgetfulRedis
) -> None:
    people = [await stage.telegram.user() for _ in range(20)]
    await redis.keep()
    for person in people:
        await person.send(photo=photo(), caption="make it snow")
    before = {status.job.id: status.job for status in await stage.jobs(len(people))}
    async with recalled(stage):
        await redis.come_back_as_kept()
    after = {status.job.id: status.job for status in await stage.jobs(len(people))}
    assert after == before
    for _ in people:
        await stage.worker.finish_next(RESULT)
    for person in people:
        await person.picture()
        assert len((await person.snapshot()).from_bot) == 1


async def test_job_answered_in_the_lost_moments_is_not_done_again(stage: Any, redis: ForgetfulRedis) -> None:
    ann, bob = await stage.telegram.user(), await stage.telegram.user()
    await redis.keep()
    await ann.send(photo=photo(), caption="make it snow")
    done = await stage.worker.finish_next(RESULT)
    await ann.picture()
    await stage.answered(done.job.id)
    async with recalled(stage):
        await redis.come_back_as_kept()
    await bob.send(photo=photo(), caption="make it rain")
    (job,) = await stage.jobs(1)
    assert job.job.user_id == bob.id
    assert len((await ann.snapshot()).from_bot) == 1


async def test_job_whose_end_was_lost_runs_again_and_is_not_answered_again(stage: Any, redis: ForgetfulRedis) -> None:
    ann = await stage.telegram.user()
    await ann.send(photo=photo(), caption="make it snow")
    await stage.jobs(1)
    claim = await stage.worker.queue.claim(worker="by hand", token="first", lease=HELD)
    await redis.keep()
    await stage.worker.finish(claim, RESULT)
    await ann.picture()
    async with recalled(stage):
        await redis.come_back_as_kept()
    await stage.expire(claim.job.id)
    again = await stage.worker.finish_next(RESULT)
    assert again.job.id == claim.job.id
    await stage.answered(claim.job.id)
    assert (await stage.worker.queue.status(claim.job.id)).state is State.DONE
    (answer,) = (await ann.snapshot()).from_bot
    assert [version.media is not None for version in answer.versions].count(True) == 1


async def test_restart_that_loses_nothing_brings_nothing_back(stage: Any, redis: ForgetfulRedis) -> None:
    ann = await stage.telegram.user()
    await ann.send(photo=photo(), caption="make it snow")
    before = await stage.jobs(1)
    await redis.keep()
    async with recalled(stage):
        await redis.come_back_as_kept()
    assert any('"updates_lost": 0' in line or '"updates_lost":0' in line for line in stage.bot.lines)
    assert [status.job for status in await stage.jobs(1)] == [status.job for status in before]
