"""Crashes and stops: whatever happens to the bot, each wish is answered once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from local_stack import RedisServer
from qwenedit_jobs import Keys, RedisSettings, connect
from qwenedit_jobs.lanes import Lanes
from qwenedit_testkit.photos import photo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RUNG = "stack"  # the bot is killed

pytestmark = pytest.mark.asyncio(loop_scope="module")


RESULT = photo("PNG")


async def test_bot_killed_after_the_picture_was_sent_and_before_it_was_marked_answers_with_one_picture(
    stage: Any, ann: Any
) -> None:
    await ann.send(photo=photo(), caption="make it snow")
    await ann.says("next in line")
    await stage.telegram.fault("editMessageMedia", "slow", seconds=30)
    claim = await stage.worker.finish_next(RESULT)
    await ann.picture()
    status = await stage.worker.queue.status(claim.job.id)
    assert not status.answered
    await stage.bot.kill()
    await stage.bot.start()
    await stage.answered(claim.job.id)
    seen = await ann.snapshot()
    assert len(seen.pictures) == len(seen.from_bot) == 1


async def test_bot_killed_while_it_gives_an_answer_that_was_refused_before_gives_it_once(stage: Any, ann: Any) -> None:
    await ann.send(photo=photo(), caption="make it snow")
    await ann.says("next in line")
    claim = await stage.worker.claim()
    await ann.block()
    await stage.worker.finish(claim, RESULT)
    await stage.answered(claim.job.id)
    await stage.telegram.fault("editMessageMedia", "slow", seconds=30)
    await ann.unblock()
    await ann.picture()
    await stage.bot.kill()
    await stage.bot.start()
    async with connect(RedisSettings(redis_url=stage.redis_url)) as redis:

        async def given() -> bool:
            return not await Lanes(redis, Keys().answers).waiting()

        await stage.eventually(given)
    seen = await ann.snapshot()
    assert len(seen.pictures) == len(seen.from_bot) == 1


async def test_bot_killed_while_it_fetches_a_photo_takes_the_job_once_under_the_same_message(stage: Any) -> None:
    ann = await stage.telegram.user()
    await stage.telegram.fault("getFile", "slow", seconds=30)
    await ann.send(photo=photo(), caption="make it snow")
    placeholder = await ann.says("Got it")
    await stage.noted(ann, placeholder)
    await stage.struck()
    await stage.bot.kill()
    assert await stage.worker.queue.waiting_ids() == []
    await stage.bot.start()
    (job,) = await stage.jobs(1)
    assert job.job.reply.placeholder_id == placeholder.id
    await stage.worker.finish_next(RESULT)
    await ann.picture()
    assert len((await ann.snapshot()).from_bot) == 1


async def test_restart_of_redis_loses_neither_the_dialogue_nor_the_queue(
    tmp_path: Path, performing: Callable[[str], Any]
) -> None:
    server = RedisServer(tmp_path)
    await server.start()
    try:
        async with performing(server.url) as stage:
            ann, bob = await stage.telegram.user(), await stage.telegram.user()
            await ann.send(photo=photo())
            await ann.says("What should I change?")
            await bob.send(photo=photo(), caption="make it snow")
            await bob.says("next in line")
            await asyncio.sleep(1.2)  # the append-only file is written every second
            await server.kill()
            await bob.send("/help")
            await asyncio.sleep(1.0)
            await server.start()
            await ann.send("make it rain")
            await bob.says("What works well")
            await stage.jobs(2)
            prompts = {(await stage.worker.finish_next(RESULT)).job.edit.prompt for _ in range(2)}
            assert prompts == {"make it snow", "make it rain"}
            await ann.picture()
            await bob.picture()
    finally:
        await server.kill()


# ---------------------------------------------------------------- stops


async def test_stop_finishes_what_is_in_hand_and_leaves_quickly(stage: Any, ann: Any) -> None:
    await stage.telegram.fault("getFile", "slow", seconds=2)
    await ann.send(photo=photo(), caption="make it snow")
    await ann.says("Got it")
    async with asyncio.timeout(20):  # a poll takes 25 s
        assert await stage.bot.stop(timeout=20) == 0
    assert len(await stage.worker.queue.waiting_ids()) == 1
    await stage.bot.start()


async def test_second_poller_is_noticed_and_said(stage: Any) -> None:
    second = stage.another_bot("bot-2")
    await second.start()
    try:
        async with asyncio.timeout(90):
            await stage.bot.wait_for_line('"warning".*polling.conflict.*other getUpdates')
    finally:
        await second.kill()
