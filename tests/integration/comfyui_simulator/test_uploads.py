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


async def test_overwrite_replaces_the_content(comfy, new_png, folder):
    await comfy.upload(new_png(), "a.png", subfolder=folder)
    content = new_png()
    _, answer = await comfy.upload(content, "a.png", subfolder=folder, overwrite="true")
    assert answer["name"] == "a.png"
    assert await comfy.get("/view", filename="a.png", subfolder=folder, type="input") == (200, content)


async def test_body_over_the_limit_is_413(comfy, folder):
    status, _ = await comfy.upload(bytes(1024 * 1024 + 1), "a.png", subfolder=folder)
    assert status == 413


async def test_view_of_a_missing_file_is_404(comfy):
    assert (await comfy.get("/view", filename="no-such.png"))[0] == 404
