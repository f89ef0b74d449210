"""Pictures that go through folders which the worker and ComfyUI share, and what happens where those fail."""

from __future__ import annotations

import errno
import io
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from qwenedit_worker.comfyui import ComfyUI, SharedFolders
from tests.integration.comfyui.conftest import Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


def pixel(png: bytes) -> tuple[int, ...]:
    seen = Image.open(io.BytesIO(png)).convert("RGB").getpixel((9, 9))
    assert isinstance(seen, tuple)
    return seen


class Sharing:
    """A client that shares folders, and the routes that it has asked."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.routes: list[str] = []

    async def edit(self, workflow) -> tuple[int, ...]:
        """Invert a picture; returns a pixel of the result."""
        self.routes.clear()
        result = await self.client.edit(self.client.request(workflow, images=(self.client.picture((255, 0, 10)),)))
        return pixel(result.png)


INVERTED = (0, 255, 245)


@pytest.fixture
def sharing(own_server):
    @asynccontextmanager
    async def make(*, input_: Path | None = None, output: Path | None = None) -> AsyncIterator[Sharing]:
        folders = SharedFolders(input=input_ or own_server.data / "input", output=output or own_server.data / "output")
        async with ComfyUI(
            own_server.url, workflows=(), poll_interval=0.1, folders=folders,
            on_request=lambda route, _status: there.routes.append(route),
        ) as comfyui:  # fmt: skip
            there = Sharing(Client(comfyui))
            yield there

    return make


async def test_pictures_go_through_the_folders_and_nothing_is_left(sharing, own_server, invert) -> None:
    async with sharing() as there:
        assert await there.edit(invert) == INVERTED
        assert not {"upload", "view"} & set(there.routes)
    assert own_server.files() == []


@pytest.mark.parametrize("too_early", [False, True])
async def test_a_result_is_read_once_unless_it_was_looked_for_too_early(
    sharing, invert, monkeypatch, too_early
) -> None:
    reads = []
    read = SharedFolders.read

    def counted(folders, name, **limit) -> bytes:
        reads.append(name)
        if too_early and len(reads) == 1:
            raise FileNotFoundError(name)
        return read(folders, name, **limit)

    monkeypatch.setattr(SharedFolders, "read", counted)
    async with sharing() as there:
        assert await there.edit(invert) == INVERTED
        assert "view" not in there.routes
    assert len(reads) == (2 if too_early else 1)
    assert len(set(reads)) == 1


async def test_a_folder_that_takes_nothing_is_gone_round(sharing, own_server, invert, monkeypatch) -> None:
    def full(*_args) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with sharing() as there:
        with monkeypatch.context() as patch:
            patch.setattr(SharedFolders, "write", full)
            assert await there.edit(invert) == INVERTED
            assert "upload" in there.routes
        assert await there.edit(invert) == INVERTED
        assert "upload" not in there.routes
    assert own_server.files() == []


async def test_a_folder_that_is_not_the_servers_is_noticed_and_used_no_more(sharing, invert, tmp_path) -> None:
    another = tmp_path / "another"
    async with sharing(input_=another) as there:
        assert await there.edit(invert) == INVERTED
        assert [route for route in there.routes if route in ("upload", "prompt", "view")] == [
            "prompt", "upload", "prompt", "view",
        ]  # fmt: skip
        assert await there.edit(invert) == INVERTED
        assert [route for route in there.routes if route in ("upload", "prompt")] == ["upload", "prompt"]
    assert list(another.iterdir()) == []


async def test_a_result_that_the_folder_lacks_is_fetched(sharing, invert, tmp_path) -> None:
    async with sharing(output=tmp_path) as there:
        assert await there.edit(invert) == INVERTED
        assert "upload" not in there.routes
        assert "view" in there.routes


async def test_a_result_that_is_no_picture_in_the_folder_is_fetched(sharing, invert, monkeypatch) -> None:
    monkeypatch.setattr(SharedFolders, "read", lambda *_args, **_limit: b"")
    async with sharing() as there:
        assert await there.edit(invert) == INVERTED
        assert "view" in there.routes


def test_only_what_lies_in_the_folder_is_read_and_only_up_to_a_limit(tmp_path) -> None:
    (tmp_path / "output").mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "output" / "ours.png").write_bytes(b"12345")
    folders = SharedFolders(input=tmp_path / "input", output=tmp_path / "output")

    assert folders.read("ours.png", limit=5) == b"12345"
    with pytest.raises(PermissionError):
        folders.read("../secret", limit=100)
    with pytest.raises(PermissionError):
        folders.read(str(tmp_path / "secret"), limit=100)
    with pytest.raises(OSError, match="more than 4 bytes"):
        folders.read("ours.png", limit=4)
