"""Fetching a result: again where that helps, never at the price of another execution, and with the picture alone."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace

import pytest
from PIL import Image
from structlog.testing import capture_logs

from qwenedit_testkit.photos import photo
from qwenedit_worker import timeouts
from qwenedit_worker.comfyui import ComfyUIUnavailable, WorkflowRejected
from tests.integration.comfyui.conftest import LARGER
from tests.integration.comfyui.test_edit import assert_clean, executions

HANGS = 100
BUDGET = 40
"""Seconds: longer than a fetch that is broken off and begun again, shorter than one that hangs."""


@pytest.fixture
def no_pause(monkeypatch) -> None:
    monkeypatch.setattr(timeouts, "FETCH_PAUSES", (0.01,) * 4)


@pytest.mark.parametrize("fault", ["cut_picture", "drop_answer", "http_error"])
async def test_result_that_is_cut_once_is_fetched_again_and_not_executed_again(client, server, control, fault) -> None:
    await control.fault(fault, **({} if fault == "cut_picture" else {"path": "/view"}))
    request = client.request()

    assert (await client.edit(request)).png

    assert await executions(control, request.job_id) == 1
    await assert_clean(server)


@pytest.mark.usefixtures("no_pause")
async def test_result_that_is_always_cut_counts_as_an_attempt(client, server, control) -> None:
    await control.fault("cut_picture", times=None)
    request = client.request()

    with pytest.raises(ComfyUIUnavailable) as caught:
        await client.edit(request)

    assert caught.value.submitted
    assert await executions(control, request.job_id) == 1
    await control.clear()
    assert (await client.edit()).png
    await assert_clean(server)


async def test_result_that_hangs_is_broken_off_and_fetched_again(client, server, control, monkeypatch) -> None:
    monkeypatch.setattr(timeouts, "REQUEST", 1.0)
    await control.fault("hang_picture", seconds=HANGS)
    request = client.request()

    assert (await client.edit(request, within=BUDGET)).png

    assert await executions(control, request.job_id) == 1
    await assert_clean(server)


async def test_result_is_fetched_from_a_server_that_restarts_after_the_execution(client, control) -> None:
    await control.fault("slow", path="/view", seconds=HANGS)
    request = client.request()

    edit = asyncio.create_task(client.edit(request, within=BUDGET))
    await client.until("sending")
    await control.fault("restart", seconds=1)

    assert (await edit).png
    assert await executions(control, request.job_id) == 1


async def test_execution_interrupted_by_somebody_else_is_its_own_error(client, server, control) -> None:
    await control.fault("interrupt", at_step=2)

    with pytest.raises(ComfyUIUnavailable, match="somebody else"):
        await client.edit()
    await assert_clean(server)


async def test_result_holds_nothing_of_the_graph(server, control) -> None:
    await control.fault("metadata")
    async with server.client() as client:
        result = await client.edit()

    with Image.open(io.BytesIO(result.png)) as picture:
        assert picture.info == {}
    assert b"make it snow" not in result.png
    assert b"KSampler" not in result.png
    await assert_clean(server)


async def test_result_that_is_a_jpeg_is_unusable_and_the_log_says_what_is_expected(server, control, tmp_path) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / "result.jpg")
    await control.fault("other_output", file=str(tmp_path / "result.jpg"))
    with capture_logs() as logs:
        async with server.client() as client:
            with pytest.raises(WorkflowRejected, match="a PNG is expected"):
                await client.edit()

    [line] = [line for line in logs if line["event"] == "comfyui.result_unusable"]
    assert line["log_level"] == "error"
    assert "SaveImage" in line["remedy"]
    await assert_clean(server)


async def test_result_of_megapixels_comes_back_whole_and_as_large_as_the_job_says(client) -> None:
    request = replace(client.request(LARGER, images=(photo("PNG"),)), parameters={"megapixels": 1})
    result = await client.edit(request)

    with Image.open(io.BytesIO(result.png)) as picture:
        assert picture.size == (1180, 885)
        picture.load()
    assert len(result.png) > 1_000_000


async def test_result_above_the_limit_is_unusable_at_once(client, server, control, monkeypatch) -> None:
    monkeypatch.setattr("qwenedit_worker.comfyui.protocol.api.MAX_PICTURE", 1000)
    request = client.request()

    with pytest.raises(WorkflowRejected, match="larger than 1000 bytes"):
        await client.edit(request)
    assert await executions(control, request.job_id) == 1
    await assert_clean(server)
