"""Pictures are opened in processes with limits: one that takes too much is refused, and delays nobody else."""

from __future__ import annotations

import asyncio
import os
import re
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from proofs.neighbours.pictures import large_file
from qwenedit_bot.chat.errors import LaterError
from qwenedit_bot.pictures import converter as converting
from qwenedit_bot.pictures.converter import Converter
from qwenedit_decoder import decoding, headers
from qwenedit_decoder.limits import HEAVY, MEGABYTE, Normalised, PictureRefusedError, ProcessLimits, Refusal
from qwenedit_testkit.photos import encoded

decoding.load_heif()
SCANS = 4_000


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    tile, image = Image.effect_noise((640, 640), 60), Image.new("L", (width, height))
    for corner in product(range(0, width, tile.width), range(0, height, tile.height)):
        image.paste(tile, corner)
    return image.convert(mode)


def of_many_scans(image: Image.Image, scans: int) -> bytes:
    """Make a JPEG whose last scan comes again and again: a small file for much work."""
    data = encoded(image, "JPEG", progressive=True, quality=5)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * scans + data[-2:]


FILE = encoded(noise(640, 480), "PNG")


@cache
def heavy_file() -> bytes:
    return encoded(noise(5_000, 5_000), "PNG", compress_level=1)


@pytest.fixture
def converter() -> Converter:
    return Converter()


async def test_picture_is_converted_as_in_this_process(converter: Converter) -> None:
    for data in (FILE, encoded(noise(640, 480), "JPEG", exif=Image.Exif()), encoded(noise(9, 900), "PNG")):
        try:
            here: object = decoding.normalise(data)
        except PictureRefusedError as error:
            here = (error.why, error.width, error.height)
        try:
            there: object = await converter.normalise(data, photo=False)
        except PictureRefusedError as error:
            there = (error.why, error.width, error.height)
        assert there == here


async def test_photo_of_telegrams_own_stays_as_it_is(converter: Converter) -> None:
    data = encoded(noise(640, 480), "JPEG")
    assert await converter.normalise(data, photo=True) == Normalised(data, 640, 480)


@pytest.mark.parametrize(
    ("width", "height", "mode", "kind", "options"),
    [
        (2_600, 1_923, "RGBA", "PNG", {"compress_level": 1}),  # among the largest light ones
        (2_900, 1_720, "CMYK", "JPEG", {"quality": 20, "progressive": True}),
        (5_119, 5_119, None, "JPEG", {}),  # the most that is not decoded at half of its size
        (8_160, 6_144, "RGB", "JPEG", {"quality": 20, "progressive": True}),
        (5_000, 5_000, None, "WEBP", {"quality": 50, "method": 0}),
        (8_064, 6_048, None, "HEIF", {"enc_params": {"preset": "ultrafast"}}),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
async def test_large_picture_of_every_kind_is_converted_within_the_limits(
    converter: Converter, width: int, height: int, mode: str | None, kind: str, options: dict[str, object]
) -> None:
    image = noise(width, height, mode) if mode else Image.new("RGB", (width, height))
    converted = await converter.normalise(encoded(image, kind, **options), photo=False)
    assert max(converted.width, converted.height) == 2560


@pytest.mark.parametrize(
    ("side", "limits"),
    [(5_000, ProcessLimits(48 * MEGABYTE, cpu=3, nice=5)), (640, ProcessLimits(HEAVY.memory, cpu=0, nice=5))],
    ids=["memory", "time"],
)
async def test_picture_that_takes_too_much_is_refused_and_the_next_is_taken(
    converter: Converter, monkeypatch: pytest.MonkeyPatch, side: int, limits: ProcessLimits
) -> None:
    data = encoded(Image.new("RGB", (side, side)), "PNG")
    with monkeypatch.context() as patch:
        patch.setattr(headers, "limits_of", lambda _data, _header: limits)
        with pytest.raises(PictureRefusedError) as refusal:
            await converter.normalise(data, photo=False)
    assert refusal.value.why is Refusal.TOO_HEAVY
    assert processes() == []
    assert (await converter.normalise(FILE, photo=False)).width == 640


async def test_large_file_of_a_camera_is_converted(converter: Converter) -> None:
    assert (await converter.normalise(large_file(), photo=False)).width == 2560


async def test_heavy_picture_holds_up_neither_light_ones_nor_other_heavy_ones_in_memory(converter: Converter) -> None:
    data = heavy_file()
    heavy = [asyncio.create_task(converter.normalise(data, photo=False)) for _ in range(2)]
    assert (await converter.normalise(FILE, photo=False)).width == 640
    assert not all(each.done() for each in heavy)
    outcomes = await asyncio.gather(*heavy, return_exceptions=True)
    assert {type(each) for each in outcomes} == {Normalised, LaterError}


async def test_process_has_limits_and_no_secret_and_ends_with_its_request(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT_TOKEN", "1:secret")
    data = heavy_file()
    limits = headers.limits_of(data, headers.read_header(data))
    converting = asyncio.create_task(converter.normalise(data, photo=False))
    while not (running := processes()) or not re.search(
        r"Max open files +32 ", about(running[0], "limits")
    ):  # set last
        assert not converting.done()
        await asyncio.sleep(0.01)
    assert re.search(rf"Max cpu time +{limits.cpu} ", about(running[0], "limits"))
    assert re.search(r"Max file size +0 ", about(running[0], "limits"))
    assert re.search(r"Max address space +\d+ ", about(running[0], "limits"))
    assert "secret" not in about(running[0], "environ")
    converting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await converting
    assert processes() == []


def about(pid: int, what: str) -> str:
    """Return what the kernel says of a process."""
    return Path(f"/proc/{pid}/{what}").read_text()


def processes() -> list[int]:
    """Return the processes of this one that open pictures, and live."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in children if b"qwenedit_decoder" in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def test_system_without_another_process_is_asked_again_later(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(converting, "COMMAND", ("/nowhere/python",))
    with pytest.raises(LaterError):
        await converter.normalise(FILE, photo=False)


LIES = (
    "",
    "[]",
    '{"refused": "me"}',
    '{"width": "wide", "height": 1}',
    '{"width": 1}',
    "[" * 60_000,
    '{"refused": "damaged", "width": 1e999, "height": 1}',
)


@pytest.mark.parametrize("said", LIES, ids=range(len(LIES)))
async def test_process_that_a_picture_has_taken_over_is_not_believed(
    converter: Converter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str
) -> None:
    (tmp_path / "said").write_text(said)
    monkeypatch.setattr(converting, "COMMAND", ("sh", "-c", f"cat >/dev/null; cat {tmp_path / 'said'}"))
    monkeypatch.setattr(converting, "ENVIRONMENT", {"PATH": os.environ["PATH"]})
    with pytest.raises(PictureRefusedError):
        await converter.normalise(FILE, photo=False)


@pytest.mark.asyncio(loop_scope="module")
async def test_bomb_is_refused_in_words_and_the_next_photo_of_another_user_is_taken(stage: Any) -> None:
    ann, bob = await stage.telegram.user(), await stage.telegram.user()
    await ann.send(
        document=of_many_scans(Image.new("RGB", (1_500, 1_500)), SCANS), name="bomb.jpg", caption="make it snow"
    )
    await bob.send(document=FILE, name="photo.png", caption="make it snow")
    await ann.says("takes too long to open")
    await bob.says("next in line")
    assert len(await stage.jobs(1)) == 1
