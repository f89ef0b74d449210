"""What a user sees, with all parts as they are deployed."""

from __future__ import annotations

import asyncio
import io

import pytest
from PIL import Image, ImageStat

from qwenedit_jobs import Phase, State

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_photo_with_a_caption_comes_back_edited_in_the_message_that_showed_its_progress(installation, photo):
    await installation.start_worker()
    ann = await installation.chats.user()
    await ann.send(photo=photo, caption="make a negative of it")
    answer = await ann.picture()
    assert (await ann.snapshot()).from_bot == (answer,)
    assert answer.text == "✨ “make a negative of it”"
    assert "✖️ Cancel" not in answer.now.labels
    with Image.open(io.BytesIO(await installation.chats.download(answer.now.photo))) as picture:
        assert picture.width / picture.height == pytest.approx(4 / 3, abs=0.02)
        red, _green, blue = ImageStat.Stat(picture.convert("RGB")).mean
        assert blue > red, "the red photo came back as it was"


async def test_job_that_runs_is_cancelled_and_frees_the_gpu_for_the_next(installation, photo):
    await installation.start_worker()
    await installation.control.fault("hang", at_step=1, times=1)
    ann = await installation.chats.user()
    await ann.send(photo=photo, caption="make it snow")
    await installation.until_job(ann, lambda job: job.phase is Phase.EDITING and job.step)
    await ann.press("Cancel")
    await ann.says("Cancelled.")
    await installation.control.clear()
    assert (await installation.job(ann)).state is State.CANCELLED
    await ann.send(photo=photo, caption="make it rain")
    await ann.picture()


async def test_twenty_jobs_on_two_workers_get_twenty_answers_and_the_line_counts_right_all_the_time(
    installation, photo
):
    people = [await installation.chats.user() for _ in range(20)]
    workers, before = [installation.another_worker(), installation.another_worker()], await installation.prompts()
    answered = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(installation.watch_line(answered))
        for person in people:
            await person.send(photo=photo, caption="make it snow")
        await asyncio.gather(*(worker.start() for worker in workers))
        for person in people:
            await person.picture()
        answered.set()
    lengths = watching.result()
    assert max(lengths) > len(workers)
    assert lengths[-1] == 0
    assert [len((await person.snapshot()).from_bot) for person in people] == [1] * len(people)
    jobs = await installation.jobs(*people)
    assert [(job.state, job.attempt) for job in jobs] == [(State.DONE, 1)] * len(people)
    assert await installation.prompts() == before + len(people)
    for worker in workers:
        assert [line for line in worker.lines if '"job.' in line], f"{worker.name} did nothing"
