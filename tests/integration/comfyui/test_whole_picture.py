"""Photos of all shapes through the shipped workflows: nothing is cropped, and the answer has the photo's ratio.

The simulated server always; a real one where COMFYUI_URL names it. It needs the nodes in `weightless`, with which
it executes the graphs without weights and tells the sizes of latent pictures.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import os
import uuid
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from PIL import Image, ImageOps

from qwenedit_worker.comfyui import Workflow
from qwenedit_worker.comfyui.workflow.sizes import Size, plan, size_of

if TYPE_CHECKING:
    from collections.abc import Sequence

URL = os.environ.get("COMFYUI_URL")
WORKFLOWS = Path(__file__).parents[3] / "services/comfyui/workflows"
EDITING = (
    "qwen-image-edit-2511-fast",
    "qwen-image-edit-2511-quality",
    "qwen-image-edit-2509-fast",
    "flux-1-kontext-dev",
)
SIZES = (
    (64, 64),
    (64, 100),
    (100, 64),
    (90, 160),
    (320, 240),
    (500, 500),
    (512, 640),
    (600, 800),
    (640, 480),
    (750, 1334),
    (800, 600),
    (828, 1792),
    (999, 1000),
    (1000, 1001),
    (1024, 1024),
    (1080, 1080),
    (1080, 1350),
    (1080, 1920),
    (1080, 2340),
    (1170, 2532),
    (1280, 720),
    (1280, 853),
    (1280, 960),
    (1366, 768),
    (1440, 900),
    (1600, 400),
    (1920, 1080),
    (2000, 501),
    (2048, 1365),
    (2100, 900),
    (2560, 1440),
    (2560, 1707),
    (500, 2000),
    (499, 2000),
    (4032, 3024),
    (3024, 4032),
    (4000, 400),
    (400, 4000),
    (300, 6000),
    (6000, 300),
)
TURNED = (((4032, 3024), 6), ((3024, 4032), 8), ((1920, 1080), 3))
"""Sizes as stored, and the EXIF orientation that says how to turn them."""
AS_COMFYUI_READS = {1: 1, 2: 3, 3: 3, 4: 1, 5: 6, 6: 6, 7: 8, 8: 8}
"""Each EXIF orientation, and the one that ComfyUI takes it for: PyAV, which reads photos there, knows no mirrors. The
bot makes photos upright itself."""
MARKS = ((220, 40, 40), (40, 200, 40), (40, 60, 220), (230, 210, 40))
GREY = (128, 128, 128)
LATENT_PIXEL = 8


def marked(size: tuple[int, int], orientation: int = 1) -> bytes:
    """Make a photo with a mark in each corner, a quarter of its shorter side wide."""
    picture = Image.new("RGB", size, GREY)
    side = min(size) // 4
    for (x, y), colour in zip(itertools.product((0, size[0] - side), (0, size[1] - side)), MARKS, strict=True):
        picture.paste(colour, (x, y, x + side, y + side))
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    picture.save(buffer, "JPEG", quality=95, subsampling=0, exif=exif)
    return buffer.getvalue()


def upright(photo: bytes) -> Image.Image:
    with Image.open(io.BytesIO(photo)) as file:
        return ImageOps.exif_transpose(file).convert("RGB")


def corners(picture: Image.Image) -> list[tuple[tuple[int, ...], float, float]]:
    """Each corner's colour, and how far it reaches along both sides, as parts of the picture's sides."""
    width, height = picture.size
    inset = max(1, min(width, height) // 16)
    found = []
    for left, top in itertools.product((True, False), repeat=2):
        x, y = inset if left else width - 1 - inset, inset if top else height - 1 - inset
        colour = pixel(picture, x, y)
        across = sum(1 for at in range(width) if near(pixel(picture, at, y), colour)) / width
        down = sum(1 for at in range(height) if near(pixel(picture, x, at), colour)) / height
        found.append((colour, across, down))
    return found


def pixel(picture: Image.Image, x: int, y: int) -> tuple[int, ...]:
    colour = picture.getpixel((x, y))
    assert isinstance(colour, tuple)
    return colour


def near(one: Sequence[int], other: Sequence[int]) -> bool:
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) < 40


def check_whole(photo: bytes, answer: Image.Image, *, inverted: bool = False) -> None:
    """Hold an answer's ratio and marks against the photo's."""
    given = upright(photo)
    longer, shorter = max(answer.size), min(answer.size)
    assert shorter == max(1, round(longer * min(given.size) / max(given.size)))
    assert (answer.width > answer.height) == (given.width > given.height) or given.width == given.height
    if inverted:
        given = ImageOps.invert(given)
    for (wanted, across, down), (colour, seen_across, seen_down) in zip(corners(given), corners(answer), strict=True):
        assert near(wanted, colour)
        assert abs(across - seen_across) * answer.width <= 2 * LATENT_PIXEL
        assert abs(down - seen_down) * answer.height <= 2 * LATENT_PIXEL


class Server:
    """A server that is given graphs as they are."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url, self._session = url, session

    async def execute(self, workflow: Workflow, *photos: bytes, **options: Any) -> tuple[Image.Image, dict[str, Any]]:
        """Run a workflow; returns its picture, and what its nodes have told."""
        folder = f"sizes-{uuid.uuid4().hex}"
        names = [await self._upload(photo, folder) for photo in photos]
        bound = workflow.bind(
            images=names,
            prompt="make it snow",
            seed=1,
            prefix=f"{folder}/made",
            sizes=list(map(size_of, photos)),
            **options,
        )
        async with self._session.post(f"{self._url}/prompt", json={"prompt": bound.graph}) as reply:
            answer = await reply.json()
            assert reply.status == 200, answer
        outputs = await self._outputs(answer["prompt_id"])
        file = outputs[bound.output_node]["images"][0]
        async with self._session.get(f"{self._url}/view", params=file) as reply:
            picture = Image.open(io.BytesIO(await reply.read())).convert("RGB")
        await self._session.post(f"{self._url}/history", json={"delete": [answer["prompt_id"]]})
        return picture, outputs

    async def _upload(self, photo: bytes, folder: str) -> str:
        form = aiohttp.FormData({"subfolder": folder, "type": "input"})
        form.add_field("image", photo, filename="photo.jpg")
        async with self._session.post(f"{self._url}/upload/image", data=form) as reply:
            stored = await reply.json()
        return f"{stored['subfolder']}/{stored['name']}"

    async def _outputs(self, prompt_id: str) -> dict[str, Any]:
        async with asyncio.timeout(60):
            while True:
                async with self._session.get(f"{self._url}/history/{prompt_id}") as reply:
                    entry = (await reply.json()).get(prompt_id)
                if entry and entry["status"]["completed"]:
                    return dict(entry["outputs"])
                assert entry is None or entry["status"]["status_str"] != "error", entry["status"]["messages"]
                await asyncio.sleep(0.02)


def photos() -> list[bytes]:
    return [marked(size) for size in SIZES] + [marked(size, orientation) for size, orientation in TURNED]


async def test_model_free_workflow_brings_all_four_corners_back(server, invert) -> None:
    async with aiohttp.ClientSession() as session:
        for photo in photos()[::4]:
            answer, _ = await Server(server.url, session).execute(invert, photo)
            check_whole(photo, answer, inverted=True)


@pytest.mark.parametrize(("orientation", "taken_for"), AS_COMFYUI_READS.items())
async def test_photo_is_turned_as_its_exif_says_and_not_mirrored(server, invert, orientation, taken_for) -> None:
    size = (480, 300)
    async with aiohttp.ClientSession() as session:
        answer, _ = await Server(server.url, session).execute(invert, marked(size, orientation))
    check_whole(marked(size, taken_for), answer, inverted=True)


@pytest.mark.parametrize("size", [(1280, 720), (300, 6000), (4000, 400)])
async def test_simulated_edit_has_the_ratio_of_the_photo(server, fast, size) -> None:
    async with aiohttp.ClientSession() as session:
        answer, _ = await Server(server.url, session).execute(fast, marked(size), marked((400, 300)))

    wanted = plan(Size(*size), megapixels=1).result
    assert answer.size == (wanted.width, wanted.height)


@pytest.fixture
async def real():
    if not URL:
        pytest.skip("COMFYUI_URL is not set")
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{URL}/object_info/QweneditWeightless") as reply:
            if not await reply.json():
                pytest.skip("the server has no weightless nodes")
        yield Server(URL, session)


@pytest.mark.parametrize("name", EDITING)
async def test_real_nodes_keep_the_whole_photo_and_one_size_throughout(real, name, capsys) -> None:
    workflow = Workflow.load(WORKFLOWS / f"{name}.json")
    told = []
    for photo in photos():
        answer, outputs = await real.execute(workflow, photo, marked((300, 200)))
        check_whole(photo, answer)
        sizes = sizes_of(outputs)
        assert sizes["references"][0] == sizes["latent"][0]
        given = upright(photo)
        told.append(f"{given.width}x{given.height} → {answer.width}x{answer.height}, latent {sizes['latent'][0]}")
    with capsys.disabled():
        print(f"\n{name}\n" + "\n".join(told))  # noqa: T201 - what one runs it for


@pytest.mark.parametrize("name", EDITING)
async def test_real_nodes_work_at_two_megapixels_with_references_of_their_own_size(real, name) -> None:
    workflow = Workflow.load(WORKFLOWS / f"{name}.json")
    assert workflow.binding.sizes is not None
    sizes = workflow.binding.sizes.model_copy(update={"megapixels": 2.0})
    at_two_megapixels = replace(workflow, binding=workflow.binding.model_copy(update={"sizes": sizes}))
    answer, outputs = await real.execute(
        at_two_megapixels, marked((4032, 3024)), marked((1600, 1600)), marked((900, 1600))
    )

    assert 1.9e6 < answer.width * answer.height < 2.2e6
    check_whole(marked((4032, 3024)), answer)
    assert sizes_of(outputs)["references"] == [sizes_of(outputs)["latent"][0], [128, 128], [170, 96]]


@pytest.mark.parametrize("size", [(1152, 864), (765, 1360), (2040, 204)])
async def test_real_nodes_enlarge_the_whole_picture(real, size) -> None:
    workflow = Workflow.load(WORKFLOWS / "larger.json")
    answer, _ = await real.execute(workflow, marked(size), parameters={"megapixels": 4.0})

    assert 3.9 < answer.width * answer.height / 1024**2 <= 4
    check_whole(marked(size), answer)


def sizes_of(outputs: dict[str, Any]) -> dict[str, Any]:
    return next(told for told in outputs.values() if "references" in told)
