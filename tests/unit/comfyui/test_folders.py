"""Pictures that the worker deletes from ComfyUI's folders."""

from __future__ import annotations

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
