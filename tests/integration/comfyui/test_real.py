"""The same client against a real ComfyUI, where there is one.

COMFYUI_URL is its address and REAL_COMFYUI_DATA the folder that holds its input and output. A CPU will do, and no
weights; with 0-byte files under the models' names it validates the production graphs as well.
"""

from __future__ import annotations

import asyncio
import io
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest
from PIL import Image

from qwenedit_testkit.files import files_below
from qwenedit_worker.comfyui import (
    ComfyUI,
    EditRequest,
    ExecutionFailed,
    ModelMissing,
    PictureUnreadable,
    SharedFolders,
    Workflow,
    WorkflowRejected,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

URL = os.environ.get("COMFYUI_URL")
DATA = os.environ.get("REAL_COMFYUI_DATA")
pytestmark = pytest.mark.skipif(not (URL and DATA), reason="COMFYUI_URL and REAL_COMFYUI_DATA are not set")

WORKFLOWS = Path(__file__).parents[3] / "services/comfyui/workflows"
SHIPPED = [
    Workflow.load(path)
    for path in sorted(WORKFLOWS.glob("*.json"))
    if not path.stem.endswith(".binding") and path.stem != "invert-model-free"
]
COLOURS = [(n * 5 % 256, n * 11 % 256, n * 17 % 256) for n in range(50)]


def middle(png: bytes) -> tuple[int, ...]:
    colour = Image.open(io.BytesIO(png)).convert("RGB").getpixel((100, 100))
    assert isinstance(colour, tuple)
    return colour


@pytest.fixture
def folders() -> SharedFolders:
    return SharedFolders(input=Path(DATA or "") / "input", output=Path(DATA or "") / "output")


async def ask(path: str):
    async with aiohttp.ClientSession() as session, session.get(f"{URL}{path}") as reply:
        return await reply.json()


async def traces(folders: SharedFolders) -> set[str]:
    """What is left on the server of anybody's prompts: entries of the history, and files."""
    files = set(map(str, files_below(folders.input, folders.output)))
    return files | set(await ask("/history"))


@pytest.fixture(autouse=True)
async def _leave_no_trace(folders) -> AsyncIterator[None]:
    before = await traces(folders)
    yield
    assert await traces(folders) - before == set()


def request(workflow, name: str, *pictures: bytes) -> EditRequest:
    return EditRequest(job_id=name, attempt=1, workflow=workflow, prompt="make it snow", images=pictures, seed=1)


def picture(colour) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), colour).save(buffer, "PNG")
    return buffer.getvalue()


def ignore(_progress) -> None:
    pass


def soon() -> float:
    return asyncio.get_running_loop().time() + 100


async def test_fifty_jobs_fifty_right_pictures_and_nothing_left(invert, folders, capsys) -> None:
    seconds = []
    async with ComfyUI(URL or "", workflows=[invert], folders=folders) as comfyui:
        await comfyui.check()
        for number, colour in enumerate(COLOURS):
            began = time.monotonic()
            job = request(invert, f"real{number}", picture(colour))
            result = await comfyui.edit(job, on_progress=ignore, deadline=soon())
            seconds.append(time.monotonic() - began)
            seen = middle(result.png)
            # Within 1: the server truncates where it converts back to bytes.
            assert all(abs(255 - was - now) <= 1 for was, now in zip(colour, seen, strict=True))

    seconds.sort()
    version = (await ask("/system_stats"))["system"]["comfyui_version"]
    figures = f"p50 {seconds[25] * 1e3:.1f} ms, p95 {seconds[47] * 1e3:.1f} ms"
    with capsys.disabled():
        print(f"\nComfyUI {version}: {len(seconds)} jobs, {figures}")  # noqa: T201 - what one runs it for


async def test_damaged_picture_is_blamed_on_the_picture(invert, folders) -> None:
    async with ComfyUI(URL or "", workflows=[invert], folders=folders) as comfyui:
        with pytest.raises(PictureUnreadable):
            await comfyui.edit(request(invert, "damaged", b"no picture"), on_progress=ignore, deadline=soon())


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("workflow", SHIPPED, ids=lambda workflow: workflow.name)
async def test_shipped_workflows_pass_validation_and_fail_at_an_empty_model_file(workflow, count, folders) -> None:
    if count > workflow.max_images:
        pytest.skip("the workflow takes fewer pictures")
    async with ComfyUI(URL or "", workflows=[workflow], folders=folders) as comfyui:
        try:
            await comfyui.check()
        except ModelMissing:
            pytest.skip("the server has no files under the models' names")
        except WorkflowRejected as error:
            pytest.skip(f"the server is too old for the workflow, and is told to be: {error}")
        job = request(workflow, f"empty{count}", *(picture((n, 2, 3)) for n in range(count)))
        with pytest.raises(ExecutionFailed, match=r"Loader\)"):
            await comfyui.edit(job, on_progress=ignore, deadline=soon())


async def test_cancelled_jobs_leave_the_queue(invert, folders) -> None:
    async with ComfyUI(URL or "", workflows=[invert], folders=folders) as comfyui:
        for number in range(20):
            job = request(invert, f"cancelled{number}", picture((number, 0, 0)))
            edit = asyncio.create_task(comfyui.edit(job, on_progress=ignore, deadline=soon()))
            await asyncio.wait([edit], timeout=number * 0.002)
            edit.cancel()
            await asyncio.wait([edit])

    assert await ask("/queue") == {"queue_running": [], "queue_pending": []}
