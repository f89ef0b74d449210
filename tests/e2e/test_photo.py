"""What a user of the installed product sees."""

from __future__ import annotations

import io
import time

import pytest
from PIL import Image, ImageStat

from tests.e2e.installation import RED


async def test_a_photo_comes_back_edited_although_no_worker_was_up(installation, photo):
    await installation.hold(0)
    await installation.let_scale()
    ann = await installation.telegram.user()
    started = time.monotonic()
    await ann.send(photo=photo, caption="make it snow")
    answer = await ann.picture(timeout=60)
    print(f"from the photo to its answer, from no worker: {time.monotonic() - started:.1f} s")
    chat = await ann.snapshot()
    assert chat.from_bot == (answer,), "the message that showed progress became the picture"
    with Image.open(io.BytesIO(await installation.telegram.download(answer.now.photo))) as picture:
        assert picture.width / picture.height == pytest.approx(320 / 240, rel=0.02)
        red, _green, blue = ImageStat.Stat(picture.convert("RGB")).mean
        assert blue / red > 2 * RED[2] / RED[0], "snow is cold: the red photo came back as it was"
