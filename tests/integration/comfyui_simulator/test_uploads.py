"""Facts of `/upload/image` and `/view`."""

from __future__ import annotations

import uuid

import pytest


@pytest.fixture
def folder() -> str:
    return f"test-{uuid.uuid4().hex}"


async def test_answers_with_the_name_subfolder_and_type_it_stored(comfy, new_png, folder):
    assert await comfy.upload(new_png(), "a.png", subfolder=folder) == (
        200,
        {"name": "a.png", "subfolder": folder, "type": "input"},
    )


async def test_renames_another_picture_of_the_same_name(comfy, new_png, folder):
    names = [(await comfy.upload(new_png(), "a.png", subfolder=folder))[1]["name"] for _ in range(3)]
    assert names == ["a.png", "a (1).png", "a (2).png"]


async def test_keeps_the_name_of_the_same_content(comfy, new_png, folder):
    content = new_png()
    names = [(await comfy.upload(content, "a.png", subfolder=folder))[1]["name"] for _ in range(2)]
    assert names == ["a.png", "a.png"]


async def test_overwrite_replaces_the_content(comfy, new_png, folder):
    await comfy.upload(new_png(), "a.png", subfolder=folder)
    content = new_png()
    _, answer = await comfy.upload(content, "a.png", subfolder=folder, overwrite="true")
    assert answer["name"] == "a.png"
    assert await comfy.get("/view", filename="a.png", subfolder=folder, type="input") == (200, content)


async def test_stores_under_another_type(comfy, new_png, folder):
    content = new_png()
    _, answer = await comfy.upload(content, "a.png", subfolder=folder, type="temp")
    assert answer == {"name": "a.png", "subfolder": folder, "type": "temp"}
    assert await comfy.get("/view", filename="a.png", subfolder=folder, type="temp") == (200, content)


async def test_unknown_type_is_a_server_error(comfy, new_png):
    status, _ = await comfy.upload(new_png(), "a.png", type="nonsense")
    assert status == 500


async def test_subfolder_outside_is_refused(comfy, new_png):
    status, _ = await comfy.upload(new_png(), "a.png", subfolder="../..")
    assert status == 400


async def test_form_without_a_picture_is_refused(comfy):
    async with comfy.session.post(f"{comfy.url}/upload/image", data={"overwrite": "true"}) as answer:
        assert answer.status == 400


async def test_body_over_the_limit_is_413(comfy, folder):
    _, features = await comfy.get("/features")
    assert features["max_upload_size"] == 1024 * 1024, "start the server with --max-upload-size 1"
    status, _ = await comfy.upload(bytes(1024 * 1024 + 1), "a.png", subfolder=folder)
    assert status == 413


async def test_view_of_a_missing_file_is_404(comfy):
    assert (await comfy.get("/view", filename="no-such.png"))[0] == 404


async def test_view_of_an_unknown_type_is_400(comfy):
    assert (await comfy.get("/view", filename="a.png", type="nonsense"))[0] == 400


async def test_view_outside_is_refused(comfy):
    assert (await comfy.get("/view", filename="../a.png"))[0] == 400
    assert (await comfy.get("/view", filename="a.png", subfolder="../.."))[0] == 403


async def test_view_without_a_filename_is_404(comfy):
    assert (await comfy.get("/view"))[0] == 404


async def test_every_route_answers_under_api_too(comfy, new_png, folder):
    content = new_png()
    await comfy.upload(content, "a.png", subfolder=folder)
    assert await comfy.get("/api/view", filename="a.png", subfolder=folder, type="input") == (200, content)
