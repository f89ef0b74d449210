"""Pictures that the worker deletes from ComfyUI's folders."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from qwenedit_worker.comfyui import SharedFolders


async def test_folder_is_removed_with_its_pictures_and_the_jobs_once_it_is_empty(tmp_path) -> None:
    folders = SharedFolders(input=tmp_path / "input", output=tmp_path / "output")
    for attempt in ("job/1", "job/2"):
        (folders.input / attempt).mkdir(parents=True)
        (folders.input / attempt / "photo.jpg").touch()

    await folders.remove("job/1")
    assert [path.name for path in (folders.input / "job").iterdir()] == ["2"]
    await folders.remove("job/2")
    assert list(folders.input.iterdir()) == []


async def test_folder_that_cannot_be_removed_is_logged(tmp_path) -> None:
    (tmp_path / "job").touch()
    with capture_logs() as logs:
        await SharedFolders(input=tmp_path, output=tmp_path / "output").remove("job/1")
    assert [line["event"] for line in logs] == ["comfyui.files_not_deleted"]


@pytest.mark.parametrize("linked", ["job", "job/1"])
async def test_folder_that_is_a_link_keeps_what_it_leads_to(tmp_path, linked) -> None:
    others, output = tmp_path / "others", tmp_path / "output"
    (others / "1").mkdir(parents=True)
    (others / "1" / "photo.jpg").touch()
    (output / linked).parent.mkdir(parents=True)
    (output / linked).symlink_to(others)

    with capture_logs() as logs:
        await SharedFolders(input=tmp_path / "input", output=output).remove("job/1")
    assert (others / "1" / "photo.jpg").exists()
    assert [line["event"] for line in logs] == ["comfyui.files_not_deleted"]
