"""Pictures are opened in processes with limits: one that takes too much is refused, and delays nobody else."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import time
import zlib
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from pydantic import TypeAdapter

from proofs.neighbours.pictures import large_file
from qwenedit_bot.chat.errors import LaterError
from qwenedit_bot.pictures import converter as converting
from qwenedit_bot.pictures.converter import Converter
from qwenedit_bot.pictures.decoder import Decoder
from qwenedit_decoder import decoding, heif
from qwenedit_decoder.answers import HEAVY, LIGHT, MEGABYTE, Limits, Normalised, PictureRefusedError, Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

heif.load()
SCANS = 4_000
NORMALISED = TypeAdapter(Normalised)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    return Image.effect_noise((width, height), 60).convert(mode)


def of_many_scans(image: Image.Image, scans: int) -> bytes:
    """Make a JPEG whose last scan comes again and again: a small file for much work."""
    data = encoded(image, "JPEG", progressive=True, quality=5)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * scans + data[-2:]


FILE = encoded(noise(640, 480), "PNG")


@pytest.fixture
async def converter() -> AsyncIterator[Converter]:
    async with aclosing(Converter(tool="qwenedit 1.2.3")) as converter:
        yield converter


@pytest.fixture
async def decoder() -> AsyncIterator[Decoder]:
    decoder = Decoder()
    yield decoder
    decoder.close()


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
    assert await converter.normalise(data, photo=True) == Normalised(data, 640, 480, 640 * 480)


@pytest.mark.parametrize(
    ("width", "height", "mode", "kind", "options"),
    [
        (2_900, 2_060, "RGBA", "PNG", {"compress_level": 1}),
        (2_900, 2_060, "RGB", "BMP", {}),
        (4_600, 3_450, "RGB", "JPEG", {"quality": 40, "progressive": True}),
        (8_160, 6_144, "RGB", "JPEG", {"quality": 20}),
        (8_160, 6_144, "RGB", "JPEG", {"quality": 20, "progressive": True}),
        (5_000, 5_000, "RGB", "WEBP", {"quality": 50, "method": 0}),
        (8_064, 6_048, None, "AVIF", {"speed": 10}),
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
    ("scans", "limits"),
    [
        (decoding.MAX_SCANS - 20, Limits(1, HEAVY.memory, 60, 0)),
        (0, Limits(9, 48 * MEGABYTE, 60, 0)),
        (decoding.MAX_SCANS - 20, Limits(60, HEAVY.memory, 1, 0)),
    ],
    ids=["CPU", "memory", "time"],
)
async def test_picture_that_takes_too_much_is_refused_and_the_next_is_taken(
    decoder: Decoder, scans: int, limits: Limits
) -> None:
    image = Image.new("RGB", (5_000, 5_000))
    data = of_many_scans(image, scans) if scans else encoded(image, "PNG")
    with pytest.raises(PictureRefusedError) as refusal:
        await decoder.ask(NORMALISED, "normalise", data, limits)
    assert refusal.value.why is Refusal.TOO_HEAVY
    assert (await decoder.ask(NORMALISED, "normalise", FILE, LIGHT)).width == 640


async def test_large_file_of_a_camera_is_converted(converter: Converter) -> None:
    assert (await converter.normalise(large_file(), photo=False)).width == 2560


async def test_heavy_picture_holds_up_neither_light_ones_nor_other_heavy_ones_in_memory(converter: Converter) -> None:
    data = encoded(noise(5_000, 5_000), "PNG", compress_level=1)
    heavy = [asyncio.create_task(converter.normalise(data, photo=False)) for _ in range(2)]
    assert (await converter.normalise(FILE, photo=False)).width == 640
    assert not all(each.done() for each in heavy)
    outcomes = await asyncio.gather(*heavy, return_exceptions=True)
    assert {type(each) for each in outcomes} == {Normalised, LaterError}


async def test_processes_are_started_again_when_they_were_killed(decoder: Decoder) -> None:
    for _ in range(2):
        assert (await decoder.ask(NORMALISED, "normalise", FILE, LIGHT)).width == 640
        (server,) = servers()
        os.kill(server, signal.SIGKILL)
        while server in servers():
            await asyncio.sleep(0.01)


async def test_processes_know_no_secret_and_end_with_the_bot(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TOKEN", "1:secret")
    await decoder.ask(NORMALISED, "normalise", FILE, LIGHT)
    (server,) = servers()
    environment = Path(f"/proc/{server}/environ").read_bytes()  # noqa: ASYNC240 - of the kernel
    assert b"PATH=" in environment
    assert b"secret" not in environment
    decoder.close()
    assert servers() == []


def servers() -> list[int]:
    """Return the processes of this one that open pictures, and live."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in children if b"qwenedit_decoder" in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def test_system_without_another_process_is_asked_again_later(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(LaterError):
        await converter.normalise(FILE, photo=False)


LIES = (
    b"", b"[]\n", b'{"refused": "me"}\n', b'{"same": true, "width": "wide"}\n', b"[" * 100_000,
    b'{"refused": "damaged", "width": 1e999, "height": 1}\n',
)  # fmt: skip


@pytest.mark.parametrize("said", LIES, ids=range(len(LIES)))
async def test_process_that_a_picture_has_taken_over_is_not_believed(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    async def exchange(*_order: object) -> tuple[bytes, bytes]:
        return said, b""

    await decoder.ask(NORMALISED, "normalise", FILE, LIGHT)
    monkeypatch.setattr(decoder, "_exchange", exchange)
    with pytest.raises(PictureRefusedError):
        await decoder.ask(NORMALISED, "normalise", FILE, LIGHT)


async def test_large_result_becomes_a_photo_and_one_that_takes_too_much_a_file(
    converter: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = encoded(noise(2_300, 2_300), "PNG", compress_level=0)
    photo = await converter.make_photo(result, heavy=False)
    assert photo is not None
    assert len(photo) < 10_000_000
    monkeypatch.setattr(converting, "LIGHT", Limits(1, 16 * MEGABYTE, 60, 0))
    assert await converter.make_photo(result, heavy=False) is None


async def test_result_of_a_million_chunks_does_not_block_the_bot(converter: Converter) -> None:
    data = FILE[:33] + (bytes(4) + b"bKGD" + zlib.crc32(b"bKGD").to_bytes(4)) * 825_000 + FILE[33:]
    await converter.look_at_result(FILE)
    looking = asyncio.create_task(converter.look_at_result(data))
    longest = 0.0
    while not looking.done():
        began = time.thread_time()
        await asyncio.sleep(0)
        longest = max(longest, time.thread_time() - began)
    assert longest < 0.2
    with pytest.raises(PictureRefusedError):
        await looking


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
