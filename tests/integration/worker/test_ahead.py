"""The next job's pictures, put on ComfyUI while another job is executed, and what becomes of wrong guesses."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from qwenedit_jobs import State
from qwenedit_worker.comfyui import OutOfMemory, PictureLost, PictureTooLarge, Progress, Stage, Uploaded
from qwenedit_worker.loop import prefetch


def counted(bench, outcome):
    return bench.metric("qwenedit_pictures_ahead_total", outcome=outcome)


async def until(condition, *, within=30.0):
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.01)


@pytest.fixture
async def in_hand(bench):
    """Have a job in hand that goes on for as long as the block."""
    ends = asyncio.Event()

    async def go_on(_on_progress):
        await ends.wait()

    @asynccontextmanager
    async def in_hand():
        bench.editor.script.append(go_on)
        job = await bench.enqueue()
        await until(lambda: bench.editor.calls)
        try:
            yield job
        finally:
            ends.set()

    return in_hand


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(prefetch, "LOOK_AGAIN", 0.02)


async def test_the_next_jobs_pictures_are_uploaded_while_one_is_executed_and_taken_by_its_edit(bench, in_hand):
    async with bench.working():
        async with in_hand():
            job = await bench.enqueue(picture=b"the next photo")
            await until(lambda: bench.editor.lying)
            assert (await bench.queue.counts()).waiting == 1, "it is not claimed for that"
        await bench.until_final(job)

    [upload] = bench.editor.uploads
    assert (upload.job.id, upload.pictures) == (job.id, (b"the next photo",))
    assert isinstance(bench.editor.calls[-1].pictures, Uploaded)
    assert bench.editor.lying == set()
    assert counted(bench, "used") == 1


async def test_nothing_is_prepared_before_the_job_in_hand_is_nearly_done(bench, impatient):
    go_on, ends = asyncio.Event(), asyncio.Event()

    async def slowly(on_progress):
        await on_progress(Progress(Stage.EDITING, step=2, steps=4))
        await go_on.wait()
        await on_progress(Progress(Stage.EDITING, step=3, steps=4))
        await ends.wait()

    bench.editor.script.append(slowly)
    bench.editor.first_stage = Stage.QUEUED
    async with bench.working():
        await bench.enqueue()
        await until(lambda: bench.editor.calls)
        await bench.enqueue()
        await asyncio.sleep(0.1)
        assert bench.editor.uploads == []
        go_on.set()
        await until(lambda: bench.editor.lying)
        ends.set()


async def test_pictures_of_a_job_that_another_worker_takes_are_removed_and_the_next_ones_prepared(
    bench, in_hand, impatient
):
    async with bench.working():
        async with in_hand():
            others, ours = await bench.enqueue(), await bench.enqueue(picture=b"ours")
            await until(lambda: bench.editor.lying)
            claim = await bench.queue.claim(worker="another", token="t", lease=30)
            assert claim.job.id == others.id
            await until(lambda: len(bench.editor.uploads) == 2)
        await bench.until_final(ours)

    assert bench.editor.uploads[-1].pictures == (b"ours",)
    assert isinstance(bench.editor.calls[-1].pictures, Uploaded)
    assert bench.editor.lying == set()
    assert (counted(bench, "used"), counted(bench, "wasted")) == (1, 1)


async def test_a_job_whose_upload_is_under_way_when_it_is_claimed_waits_for_it(bench, in_hand):
    bench.editor.may_upload.clear()
    async with bench.working():
        async with in_hand():
            job = await bench.enqueue()
            await until(lambda: bench.editor.uploads)
        await bench.until(job, lambda status: status.state is State.RUNNING)
        bench.editor.may_upload.set()
        await bench.until_final(job)

    assert len(bench.editor.uploads) == 1
    assert isinstance(bench.editor.calls[-1].pictures, Uploaded)


async def test_an_upload_that_hangs_holds_no_job_up(bench, in_hand, monkeypatch):
    monkeypatch.setattr(prefetch, "PATIENCE", 0.05)
    bench.editor.may_upload.clear()
    async with bench.working():
        async with in_hand():
            job = await bench.enqueue(picture=b"photo")
            await until(lambda: bench.editor.uploads)
        assert (await bench.until_final(job)).state is State.DONE
        assert bench.editor.calls[-1].pictures == (b"photo",)
        bench.editor.may_upload.set()
        await until(lambda: counted(bench, "wasted") == 1)
        await until(lambda: not bench.editor.lying)


async def test_a_job_that_is_cancelled_in_line_leaves_no_pictures_behind(bench, in_hand):
    async with bench.working():
        async with in_hand():
            job = await bench.enqueue()
            await until(lambda: bench.editor.lying)
            await bench.queue.cancel(job.id)
        await until(lambda: not bench.editor.lying)

    assert counted(bench, "wasted") == 1


async def test_a_worker_that_leaves_takes_its_preparations_back_and_leaves_the_job_unharmed(bench, in_hand):
    async with bench.working() as worker:
        async with in_hand():
            job = await bench.enqueue()
            await until(lambda: bench.editor.lying)
            bench.shutdown.leave()
        await asyncio.wait_for(worker.task, 30)

    status = await bench.queue.status(job.id)
    assert (status.state, status.attempt) == (State.QUEUED, 0)
    assert bench.editor.lying == set()


async def test_a_draining_worker_prepares_nothing(bench, in_hand, impatient):
    async with bench.working(), in_hand():
        bench.shutdown.drain()
        await bench.enqueue()
        await asyncio.sleep(0.1)
        assert bench.editor.uploads == []


async def test_where_nothing_can_be_removed_nothing_is_uploaded_in_advance(bench, in_hand, impatient):
    bench.editor.tidy = False
    async with bench.working(), in_hand():
        await bench.enqueue()
        await asyncio.sleep(0.1)
        assert bench.editor.uploads == []


async def test_pictures_that_cannot_be_prepared_are_left_to_the_jobs_own_attempt(bench, in_hand):
    bench.editor.upload_problem = PictureTooLarge("413")
    async with bench.working():
        async with in_hand():
            job = await bench.enqueue(picture=b"photo")
            await until(lambda: counted(bench, "failed") == 1)
        assert (await bench.until_final(job)).state is State.DONE

    assert bench.editor.calls[-1].pictures == (b"photo",)


@pytest.mark.parametrize("error", [PictureLost("ComfyUI was restarted"), OutOfMemory("of 24 GiB, 24 GiB are in use")])
async def test_prepared_pictures_that_are_gone_are_uploaded_again_in_the_same_attempt(bench, in_hand, error):
    async with bench.working():
        async with in_hand():
            job = await bench.enqueue(picture=b"photo")
            await until(lambda: bench.editor.lying)
            bench.editor.script.append(error)
        status = await bench.until_final(job)

    assert (status.state, status.attempt) == (State.DONE, 1)
    assert bench.editor.calls[-1].pictures == (b"photo",)
