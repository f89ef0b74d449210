"""Conversion of pictures in processes with limits: what takes too much is refused, and nobody else waits for it."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from qwenedit_bot.chat.errors import LaterError, PictureCooldownError
from qwenedit_bot.pictures import decoder_process
from qwenedit_bot.pictures.converter import HEAVY, LIGHT, LONGEST_REST, MEGABYTE, SHORTEST_REST, Converter
from qwenedit_bot.pictures.decoder_process import DecoderDiedError, DecoderNotStartedError, DecoderProcess, Limits
from qwenedit_decoder import child, heif
from qwenedit_decoder.decoding import MAX_SCANS, PictureRefusedError, Refusal, TooHeavyError, normalise

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ANN, BOB = 1, 2
heif.load()
SCANS = 4_000


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


PHOTO = encoded(noise(640, 480), "PNG")
STRICT = Limits(cpu=1, memory=HEAVY.memory, seconds=60.0, light=False)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _slow_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a process start as slowly as it does on a busy machine."""
    monkeypatch.setattr(decoder_process, "STARTS_WITHIN", 120.0)


@pytest.fixture
async def converter() -> AsyncIterator[Converter]:
    async with aclosing(Converter()) as converter:
        yield converter


async def test_picture_is_converted_as_in_this_process(converter: Converter) -> None:
    for data in (PHOTO, encoded(noise(640, 480), "JPEG", exif=Image.Exif()), encoded(noise(9, 900), "PNG")):
        try:
            here: object = normalise(data)
        except PictureRefusedError as error:
            here = (error.why, error.width, error.height)
        try:
            there: object = await converter.normalise(data, owner=ANN)
        except PictureRefusedError as error:
            there = (error.why, error.width, error.height)
        assert there == here


async def test_large_pictures_of_every_kind_are_converted_within_the_limits(converter: Converter) -> None:
    for data in (
        encoded(noise(5_000, 5_000), "WEBP", quality=50, method=0),
        encoded(Image.new("RGBA", (5_000, 5_000), "red"), "PNG"),
        encoded(noise(8_160, 6_144), "JPEG", quality=20, progressive=True),
        encoded(Image.new("RGB", (8_064, 6_048)), "AVIF", speed=10),
        encoded(Image.new("RGB", (8_064, 6_048)), "HEIF", enc_params={"preset": "ultrafast"}),
    ):
        converted = await converter.normalise(data, owner=ANN)
        assert max(converted.width, converted.height) == 2560


def test_jpeg_of_thousands_of_scans_is_refused_undecoded() -> None:
    data = of_many_scans(Image.new("RGB", (1_500, 1_500)), SCANS)
    with pytest.raises(PictureRefusedError) as refusal:
        normalise(data)
    assert refusal.value.why is Refusal.TOO_HEAVY


async def test_picture_that_takes_too_much_cpu_is_ended_by_the_kernel_and_refused() -> None:
    async with aclosing(Converter(STRICT, STRICT)) as converter:
        with pytest.raises(PictureRefusedError) as refusal:
            await converter.normalise(of_many_scans(noise(5_000, 5_000), MAX_SCANS - 20), owner=ANN)
        assert refusal.value.why is Refusal.TOO_HEAVY
        assert (await converter.normalise(PHOTO, owner=BOB)).width == 640


async def test_picture_that_takes_too_much_memory_is_refused() -> None:
    little = Limits(cpu=8, memory=48 * MEGABYTE, seconds=30.0, light=False)
    async with aclosing(Converter(little, little)) as converter:
        with pytest.raises(PictureRefusedError) as refusal:
            await converter.normalise(encoded(Image.new("RGB", (5_000, 5_000)), "PNG"), owner=ANN)
        assert refusal.value.why is Refusal.TOO_HEAVY
        assert (await converter.normalise(PHOTO, owner=BOB)).width == 640


async def test_process_that_stands_still_is_killed_by_the_clock() -> None:
    one = DecoderProcess(Limits(cpu=8, memory=LIGHT.memory, seconds=3.0, light=True))
    try:
        await one.ask(child.NORMALISE, PHOTO)
        assert one.pid is not None
        os.kill(one.pid, signal.SIGSTOP)
        with pytest.raises(DecoderDiedError):
            await one.ask(child.NORMALISE, PHOTO)
        assert one.pid is None
    finally:
        await one.close()


async def test_process_that_was_killed_is_replaced(converter: Converter) -> None:
    for _ in range(2):
        assert (await converter.normalise(PHOTO, owner=ANN)).width == 640
        for pid in converter.pids:
            os.kill(pid, signal.SIGKILL)


async def test_process_is_not_asked_again_after_a_cancelled_conversion(converter: Converter) -> None:
    first = asyncio.create_task(converter.normalise(PHOTO, owner=ANN))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])
    assert (await converter.normalise(encoded(noise(320, 240), "PNG"), owner=ANN)).width == 320


async def test_heavy_picture_does_not_hold_up_light_ones(converter: Converter) -> None:
    heavy = asyncio.create_task(converter.normalise(encoded(noise(5_000, 5_000), "PNG", compress_level=1), owner=ANN))
    async with asyncio.timeout(60):
        while len(converter.pids) < 2:
            await asyncio.sleep(0.02)
    assert (await converter.normalise(PHOTO, owner=BOB)).width == 640
    assert not heavy.done()
    with pytest.raises(LaterError):  # one at a time
        await converter.normalise(encoded(Image.new("RGB", (4_900, 4_900)), "PNG"), owner=BOB)
    await heavy


async def test_places_are_one_a_user(converter: Converter) -> None:
    with converter.place(ANN):
        with pytest.raises(LaterError) as refusal, converter.place(ANN):
            pass
        assert refusal.value.what == "conversion"
        with converter.place(BOB):
            pass


def resting(converter: Converter, user: int) -> bool:
    try:
        converter.check_rest(user)
    except PictureCooldownError:
        return True
    return False


async def test_user_whose_file_had_to_be_killed_rests_longer_each_time_and_nobody_else_does() -> None:
    clock = Clock()
    killer = Limits(cpu=8, memory=LIGHT.memory, seconds=0.001, light=False)
    killed: list[bool] = []
    converter = Converter(killer, killer, killed=lambda: killed.append(True), clock=clock)
    async with aclosing(converter):
        rests = []
        for _ in range(12):
            converter.check_rest(ANN)
            with pytest.raises(PictureRefusedError):
                await converter.normalise(PHOTO, owner=ANN)
            began = clock.now
            while resting(converter, ANN):
                converter.check_rest(BOB)
                clock.now += 1.0
            rests.append(clock.now - began)
        assert rests[0] == SHORTEST_REST
        assert rests == sorted(rests)
        assert rests[-1] == LONGEST_REST
        assert len(killed) == len(rests)


async def test_process_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOT_TOKEN", "1:secret")
    one = DecoderProcess(LIGHT)
    try:
        await one.ask(child.NORMALISE, PHOTO)
        environment = Path(f"/proc/{one.pid}/environ").read_bytes()  # noqa: ASYNC240 - of the kernel
        assert b"PATH=" in environment
        assert b"secret" not in environment
    finally:
        await one.close()


async def test_idle_process_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder_process, "IDLE", 0.05)
    one = DecoderProcess(LIGHT)
    await one.ask(child.NORMALISE, PHOTO)
    pid = one.pid
    async with asyncio.timeout(20):
        while Path(f"/proc/{pid}").exists():  # noqa: ASYNC240 - of the kernel
            await asyncio.sleep(0.02)
    await one.ask(child.NORMALISE, PHOTO)
    await one.close()


async def test_system_without_another_process_is_asked_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    one = DecoderProcess(LIGHT)
    with pytest.raises(DecoderNotStartedError):
        await one.ask(child.NORMALISE, PHOTO)
    async with aclosing(Converter()) as converter:
        with pytest.raises(LaterError):
            await converter.normalise(PHOTO, owner=ANN)


async def test_light_process_leaves_heavy_pictures_to_the_other_one() -> None:
    one = DecoderProcess(LIGHT)
    try:
        for data in (
            encoded(Image.new("RGB", (5_000, 5_000)), "PNG"),
            encoded(Image.new("RGB", (5_000, 5_000)), "WEBP", quality=20, method=0),
            encoded(Image.new("RGB", (6_000, 6_000)), "JPEG", progressive=True, quality=5),
        ):
            with pytest.raises(TooHeavyError):
                await one.ask(child.NORMALISE, data)
    finally:
        await one.close()


async def test_large_result_becomes_a_photo_and_one_that_takes_too_much_a_file(converter: Converter) -> None:
    result = encoded(noise(2_300, 2_300, "RGB"), "PNG", compress_level=0)
    photo = await converter.for_send_photo(result, owner=ANN)
    assert photo is not None
    assert len(photo) < 10_000_000
    killer = Limits(cpu=8, memory=HEAVY.memory, seconds=0.001, light=False)
    async with aclosing(Converter(killer, killer)) as impatient:
        assert await impatient.for_send_photo(result, owner=ANN) is None


@pytest.mark.asyncio(loop_scope="module")
async def test_bomb_is_refused_in_words_and_the_next_photo_of_another_user_is_taken(stage: Any) -> None:
    ann, bob = await stage.telegram.user(), await stage.telegram.user()
    await ann.send(
        document=of_many_scans(Image.new("RGB", (1_500, 1_500)), SCANS), name="bomb.jpg", caption="make it snow"
    )
    await bob.send(document=PHOTO, name="photo.png", caption="make it snow")
    await ann.says("takes too long to open")
    await bob.says("next in line")
    assert len(await stage.jobs(1)) == 1
