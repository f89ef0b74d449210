"""What a user of the installed product sees."""

from __future__ import annotations

import asyncio
import io
import time

import pytest
from PIL import Image, ImageStat

from proofs.neighbours import pictures
from tests.e2e.cluster.installation import RED

PEAK = "cat /sys/fs/cgroup/memory.peak 2>/dev/null || cat /sys/fs/cgroup/memory/memory.max_usage_in_bytes"
"""The most memory that a container had, page cache included, by cgroup v2 or v1."""
SCANS_ALLOWED = 291_900
"""Bytes of a progressive JPEG of 49 megapixels with 62 scans; with 65 the bot would not open it."""


async def test_photo_comes_back_edited_although_no_worker_was_up(installation, photo):
    await installation.hold(0)
    await installation.let_scale()
    ann = await installation.telegram.user()
    started = time.monotonic()
    await ann.send(photo=photo, caption="make it snow")
    answer = await ann.picture(timeout=60)
    print(f"from the photo to its answer, from no worker: {time.monotonic() - started:.1f} s")
    await ann.wait_for(lambda chat: chat.from_bot == (answer,), what="the picture being all that shows")
    with Image.open(io.BytesIO(await installation.telegram.download(answer.now.photo))) as picture:
        assert picture.width / picture.height == pytest.approx(320 / 240, rel=0.02)
        red, _green, blue = ImageStat.Stat(picture.convert("RGB")).mean
        assert blue / red > 2 * RED[2] / RED[0], "snow is cold: the red photo came back as it was"


async def test_files_that_cost_most_to_open_are_answered_and_the_bot_is_not_restarted(installation, worker):
    [bot] = await installation.kube.pods("bot")
    files = {
        "large.jpg": pictures.large_file(),
        "bomb.png": pictures.png_bomb(),
        "scans.jpg": pictures.scans(SCANS_ALLOWED),
        "bomb.jpg": pictures.scans(),
    }
    people = [await installation.telegram.user() for _ in files]
    await asyncio.gather(
        *(
            person.send(document=data, name=name, caption="make it snow")
            for person, (name, data) in zip(people, files.items(), strict=True)
        )
    )
    *opened, refused = people
    await refused.says("takes too long to open", timeout=60)
    await asyncio.gather(*(person.picture(timeout=120) for person in opened))
    peak = int(await installation.kube("exec", bot.name, "--container=bot", "--", "sh", "-c", PEAK))
    print(f"the bot's container had {peak / 1e6:.0f} MB at most")
    [after] = await installation.kube.pods("bot")
    assert (after.name, after.restarts) == (bot.name, bot.restarts)
    assert [len((await person.snapshot()).from_bot) for person in people] == [1] * len(people)
