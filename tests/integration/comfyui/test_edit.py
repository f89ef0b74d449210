"""An edit from upload to picture, and every way in which ComfyUI may spoil it."""

from __future__ import annotations

import asyncio
import io
import time
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from PIL import Image

from qwenedit_worker import timeouts
from qwenedit_worker.comfyui import (
    ComfyUIUnavailable,
    EditStage,
    EditTimeout,
    PictureTooLarge,
    UnexpectedReply,
    WorkflowRejected,
)
from tests.integration.comfyui.conftest import INVERT, LARGER, LONG_STEP, MANY_STEPS, picture_of


async def history(url: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/history") as reply:
        found: dict[str, Any] = await reply.json()
        return found


async def queue_length(url: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/queue") as reply:
        queue = await reply.json()
        return len(queue["queue_running"]) + len(queue["queue_pending"])


async def executions(control, job: str) -> int:
    return sum(each.executions for each in (await control.state()).prompts if each.prefix.startswith(f"{job}/"))


async def assert_clean(server) -> None:
    assert await history(server.url) == {}
    assert await queue_length(server.url) == 0
    assert server.files() == []


@pytest.mark.parametrize("count", [1, 3])
async def test_pictures_come_back_edited_and_leave_no_trace(client, server, count) -> None:
    request = client.request(images=tuple(picture_of((n * 50, 9, 9)) for n in range(count)))
    result = await client.edit(request)

    assert Image.open(io.BytesIO(result.png)).format == "PNG"
    assert 4 * 0.04 < result.seconds < 60
    assert (await client.edit(request)).png == result.png, "it's in ComfyUI's cache, and its file isn't"
    await assert_clean(server)


async def test_progress_goes_through_every_step_to_sending_and_never_back(client) -> None:
    await client.edit()

    stages = [list(EditStage).index(p.stage) for p in client.progress]
    assert stages == sorted(stages)
    steps = [p.step for p in client.progress if p.stage is EditStage.EDITING and p.step]
    assert steps == [1, 2, 3, 4]
    assert {p.steps for p in client.progress} == {4}
    assert client.progress[-1].stage is EditStage.SENDING


async def test_loading_models_is_told_from_encoding_and_only_while_models_are_loaded(own_server) -> None:
    async with own_server.client() as client:
        await client.edit()
        cold, client.progress = [p.stage for p in client.progress], []
        await client.edit()
        warm = [p.stage for p in client.progress]

    assert EditStage.LOADING in cold
    assert EditStage.LOADING not in warm
    assert EditStage.EDITING in warm


@pytest.mark.parametrize("fault", ["drop_socket", "silent_socket"])
async def test_lost_websocket_never_fails_a_job(client, server, control, fault) -> None:
    await control.fault(fault, at_step=1)
    request = client.request()

    await client.edit(request)

    assert await executions(control, request.job_id) == 1
    await assert_clean(server)


@pytest.mark.parametrize("fault", ["drop_answer", "http_error"])
async def test_prompt_whose_answer_was_lost_is_taken_back_and_does_not_count(client, server, control, fault) -> None:
    await control.fault(fault, path="/prompt")

    with pytest.raises(ComfyUIUnavailable) as caught:
        await client.edit()

    assert not caught.value.submitted
    await assert_clean(server)


async def test_node_errors_in_a_200_are_a_rejection_and_what_was_queued_is_taken_back(client, server, control) -> None:
    await control.fault("node_errors")

    with pytest.raises(WorkflowRejected):
        await client.edit()
    await assert_clean(server)


async def test_picture_above_the_upload_limit_is_too_large(client, control, monkeypatch) -> None:
    monkeypatch.setattr(timeouts, "BROKEN_UPLOAD_STORED", 0.1)
    await control.fault("too_large")

    with pytest.raises(PictureTooLarge):
        await client.edit()


async def test_job_that_names_a_workflow_whose_model_is_missing_is_rejected(client, control) -> None:
    await control.fault("missing_model", model="RealESRGAN", times=None)
    with pytest.raises(WorkflowRejected, match=r"ComfyUI lacks upscale_models/RealESRGAN_x4plus\.pth"):
        await client.edit(client.request(LARGER))
    await control.clear()
    await client.edit(replace(client.request(LARGER), parameters={"megapixels": 0.05}))


async def test_more_pictures_than_the_workflow_takes_are_rejected_before_any_upload(client, server) -> None:
    with pytest.raises(WorkflowRejected, match="1 to 1 pictures, not 2"):
        await client.edit(client.request(INVERT, images=(picture_of((1, 2, 3)), picture_of((1, 2, 3)))))
    assert server.files() == []


async def test_failing_upload_does_not_count_as_an_attempt(client, control, monkeypatch) -> None:
    monkeypatch.setattr(timeouts, "BROKEN_UPLOAD_STORED", 0.1)
    await control.fault("disk_full")

    with pytest.raises(UnexpectedReply) as caught:
        await client.edit()
    assert not caught.value.submitted


@pytest.mark.parametrize("fault", ["vanish", "restart"])
async def test_lost_prompt_is_the_servers_fault_and_counts(client, control, fault) -> None:
    await control.fault(fault, at_step=1)

    with pytest.raises(ComfyUIUnavailable) as caught:
        await client.edit()
    assert caught.value.submitted
    assert (await client.edit()).png


async def test_server_that_is_not_there_does_not_count(own_server, monkeypatch) -> None:
    monkeypatch.setattr(timeouts, "CLEAN_UP", 0.1)
    await own_server.part.kill()
    async with own_server.client() as client:
        with pytest.raises(ComfyUIUnavailable) as caught:
            await client.edit()
    assert not caught.value.submitted


async def cancelled(edit: asyncio.Task[Any]) -> None:
    edit.cancel()
    with pytest.raises(asyncio.CancelledError):
        await edit


async def state_of(control, job: str) -> str:
    return next(str(p.state) for p in (await control.state()).prompts if p.prefix.startswith(f"{job}/"))


@pytest.mark.parametrize("lost", [0, 2])
async def test_cancelled_while_it_executes_stops_the_server_in_mid_step_although_calls_are_lost(slow, lost) -> None:
    for _ in range(lost):
        await slow.control.fault("lose_interrupt")
    request = slow.request()
    task = asyncio.create_task(slow.client.edit(request))
    await slow.client.until(EditStage.EDITING)

    began = time.monotonic()
    await cancelled(task)

    assert time.monotonic() - began < LONG_STEP * MANY_STEPS
    assert await state_of(slow.control, request.job_id) == "error"
    await assert_clean(slow.server)


async def test_prompt_that_could_not_be_cancelled_is_cancelled_beside_the_next_edit(slow, monkeypatch) -> None:
    monkeypatch.setattr(timeouts, "CLEAN_UP", 0.2)
    await slow.control.fault("lose_interrupt", times=None)
    request = slow.request()
    task = asyncio.create_task(slow.client.edit(request))
    await slow.client.until(EditStage.EDITING)
    await cancelled(task)
    assert await state_of(slow.control, request.job_id) == "started"

    await slow.control.clear()
    monkeypatch.undo()
    assert (await slow.client.edit(slow.client.request(INVERT))).png

    assert await state_of(slow.control, request.job_id) == "error"
    await assert_clean(slow.server)


async def test_cancelled_while_it_waits_leaves_the_running_one_alone(client, server, control) -> None:
    await control.fault("hang", at_step=1, times=1)
    first, second = client.request(), client.request()
    running = asyncio.create_task(client.edit(first))
    await client.until(EditStage.EDITING)
    client.progress.clear()
    waiting = asyncio.create_task(client.edit(second))
    await client.until(EditStage.QUEUED)

    await cancelled(waiting)

    await control.clear()
    assert (await running).png
    assert await executions(control, second.job_id) == 0
    await assert_clean(server)


async def test_cancelled_during_the_submission_leaves_nothing_behind(client, server, control) -> None:
    await control.fault("slow", seconds=0.5, path="/prompt")
    task = asyncio.create_task(client.edit())
    await struck(control)
    await asyncio.wait([task], timeout=0.1)

    await cancelled(task)

    await asyncio.sleep(0.6)  # whatever was on its way has arrived by now
    await assert_clean(server)


async def struck(control) -> None:
    """Wait until the faults have befallen their requests."""
    async with asyncio.timeout(30):
        while (await control.state()).faults:
            await asyncio.sleep(0.01)


async def test_picture_that_is_stored_just_after_the_cancel_is_removed(client, server, control, monkeypatch) -> None:
    monkeypatch.setattr(timeouts, "BROKEN_UPLOAD_STORED", 0.5)
    await control.fault("slow", seconds=1, path="/upload")
    request = client.request()
    task = asyncio.create_task(client.edit(request))
    await struck(control)

    task.cancel()
    await asyncio.wait([task], timeout=0.2)
    late = server.data / "input" / request.job_id / "1" / "picture-1.png"  # as a real server, busy with it, stores it
    late.parent.mkdir(parents=True)
    late.write_bytes(b"a picture")
    with pytest.raises(asyncio.CancelledError):
        await task

    async with asyncio.timeout(30):
        while server.files():
            await asyncio.sleep(0.05)


async def test_deadline_interrupts_and_a_deaf_prompt_is_cleaned_up_later(client, server, control, monkeypatch) -> None:
    await control.fault("hang", at_step=1)
    began = time.monotonic()

    with monkeypatch.context() as impatient:
        impatient.setattr(timeouts, "CLEAN_UP", 0.5)
        task = asyncio.create_task(client.edit(within=6))
        await client.until(EditStage.EDITING)
        with pytest.raises(EditTimeout):
            await task

    assert time.monotonic() - began < 60
    await control.clear()
    await client.edit()
    await assert_clean(server)
