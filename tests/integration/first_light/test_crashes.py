"""What a user sees when a part is killed, stopped or absent: one answer."""

from __future__ import annotations

import asyncio
import signal

import pytest

from local_stack import answers
from qwenedit_jobs import Phase, State

pytestmark = pytest.mark.asyncio(loop_scope="module")


def editing(job):
    return job.phase is Phase.EDITING and job.step


async def test_job_whose_worker_is_killed_is_answered_once_by_a_second_attempt(installation, photo):
    victim = await installation.start_worker()
    await installation.control.fault("hang", at_step=1, times=1)
    ann = await installation.chats.user()
    await ann.send(photo=photo, caption="make it snow")
    await installation.until_job(ann, editing)
    await victim.kill()
    await installation.control.clear()
    await installation.start_worker()
    answer = await ann.picture()
    assert (await ann.snapshot()).from_bot == (answer,)
    job = await installation.job(ann)
    assert (job.state, job.attempt) == (State.DONE, 2)


async def test_worker_told_to_stop_answers_its_job_in_the_same_attempt_and_then_exits_0(installation, photo):
    leaving = await installation.start_worker()
    await installation.control.fault("hang", at_step=1, times=1)
    ann = await installation.chats.user()
    await ann.send(photo=photo, caption="make it snow")
    await installation.until_job(ann, editing)
    leaving.signal(signal.SIGTERM)
    await leaving.wait_for_line("worker.leaving")
    await installation.control.clear()
    await ann.picture()
    async with asyncio.timeout(120):
        assert await leaving.wait() == 0
    job = await installation.job(ann)
    assert (job.state, job.attempt) == (State.DONE, 1)


async def test_bot_killed_after_it_sent_the_picture_and_before_it_marked_it_shows_one_picture(installation, photo):
    await installation.start_worker()
    ann = await installation.chats.user()
    # Telegram shows the picture, and its answer never arrives.
    await installation.chats.fault("editMessageMedia", "cut", times=1000)
    await ann.send(photo=photo, caption="make it snow")
    answer = await ann.picture()
    job = await installation.job(ann)
    assert not await installation.queue.was_answered(job.job.id)
    await installation.the_bot.kill()
    await installation.chats.clear_faults()
    await installation.the_bot.start()
    await installation.until_answered(job)
    seen = await ann.snapshot()
    assert [message.id for message in seen.pictures] == [message.id for message in seen.from_bot] == [answer.id]
    *cut, repeated = [
        call.status for call in await installation.chats.calls("editMessageMedia") if call.chat_id == ann.id
    ]
    assert set(cut) == {0}
    assert repeated


async def test_restart_of_redis_loses_neither_the_dialogue_nor_the_queue(installation, photo):
    ann, bob = await installation.chats.user(), await installation.chats.user()
    await ann.send(photo=photo)
    await ann.says("Nice photo!")
    await bob.send(photo=photo, caption="make it rain")
    await installation.until_job(bob, lambda job: job.state is State.QUEUED)
    assert await installation.redis.stop() == 0
    await installation.redis.start()
    await ann.send("make it snow")
    await installation.start_worker()
    for person in (bob, ann):
        await person.picture()
    assert len((await bob.snapshot()).from_bot) == 1
    assert {job.job.edit.prompt for job in await installation.jobs(ann, bob)} == {"make it snow", "make it rain"}


async def test_job_waits_unharmed_for_a_comfyui_that_is_not_there_yet(installation, photo):
    await installation.comfyui.stop()
    worker = installation.another_worker()
    await worker.launch()
    await worker.wait_for_line("worker.started")
    ann = await installation.chats.user()
    await ann.send(photo=photo, caption="make it snow")
    await installation.until_job(ann, lambda job: job.state is State.QUEUED)
    assert not await answers(f"{worker.probe_url}/readyz")
    await installation.comfyui.start()
    await ann.picture()
    job = await installation.job(ann)
    assert (job.state, job.attempt) == (State.DONE, 1)
