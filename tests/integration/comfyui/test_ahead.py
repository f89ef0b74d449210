"""Pictures that are on the server before their edit begins."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace

import pytest
from PIL import Image

from qwenedit_worker.comfyui import ComfyUIUnavailable, PictureTooLarge


async def test_an_edit_takes_pictures_that_lie_there_already_and_removes_them(client, server, invert) -> None:
    request = client.request(invert, images=())
    uploaded = await client.comfyui.upload(request.job_id, [client.picture((255, 0, 10))])

    result = await client.edit(replace(request, images=uploaded))

    assert Image.open(io.BytesIO(result.png)).convert("RGB").getpixel((9, 9)) == (0, 255, 245)
    assert server.files() == []


async def test_the_order_of_pictures_is_kept(client, server) -> None:
    request = client.request(images=())

    uploaded = await client.comfyui.upload(request.job_id, [client.picture((n, 0, 0)) for n in range(3)])

    stored = [Image.open(server.data / "input" / name).convert("RGB").getpixel((1, 1)) for name in uploaded.names]
    assert stored == [(0, 0, 0), (1, 0, 0), (2, 0, 0)]
    await client.comfyui.discard(uploaded)


async def test_pictures_that_no_edit_will_use_are_discarded_without_touching_the_jobs_others(client, server) -> None:
    request = client.request(images=())
    wrong_guess = await client.comfyui.upload(request.job_id, [client.picture((1, 1, 1))])
    used = await client.comfyui.upload(request.job_id, [client.picture((2, 2, 2))])

    await client.comfyui.discard(wrong_guess)

    assert not (server.data / "input" / wrong_guess.names[0]).exists()
    assert (server.data / "input" / used.names[0]).exists()
    await client.edit(replace(request, images=used))
    assert server.files() == []


async def test_a_failed_upload_ahead_leaves_nothing(client, server, control) -> None:
    await control.fault("too_large")

    with pytest.raises(PictureTooLarge):
        await client.comfyui.upload("job-too-large", [client.picture((1, 1, 1))])

    assert server.files() == []


async def test_an_upload_ahead_that_is_called_off_leaves_nothing(client, server, control) -> None:
    await control.fault("slow", seconds=5, path="/upload/image")
    upload = asyncio.create_task(client.comfyui.upload("job-called-off", [client.picture((1, 1, 1))]))
    await asyncio.sleep(0.2)

    upload.cancel()

    with pytest.raises(asyncio.CancelledError):
        await upload
    assert server.files() == []


async def test_an_upload_ahead_to_a_server_that_is_gone_says_so(own_server) -> None:
    async with own_server.client() as client:
        await own_server.part.kill()

        with pytest.raises(ComfyUIUnavailable):
            await client.comfyui.upload("job-gone", [client.picture((1, 1, 1))])


@pytest.mark.parametrize("name", ["", "..", "a/b"])
async def test_a_job_whose_id_is_no_folder_name_is_refused(client, server, name) -> None:
    with pytest.raises(ValueError, match="folder name"):
        await client.comfyui.upload(name, [client.picture((1, 1, 1))])
    assert server.files() == []
