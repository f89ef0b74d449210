"""Albums: several photos that are one job."""

from __future__ import annotations

import io
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from qwenedit_testkit.photos import photo

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIZES = ((320, 200), (200, 320), (260, 260))
"""Of three photos; each is told by its shape."""


ALBUM = [photo(size=size) for size in SIZES]


@pytest.fixture
def worker(stage: Any) -> Any:
    return stage.worker


@pytest_asyncio.fixture(loop_scope="module")
async def ann(stage: Any) -> Any:
    return await stage.telegram.user()


def sizes(worker: Any, job: Any) -> tuple[tuple[int, int], ...]:
    pictures = [Image.open(io.BytesIO(worker.photos[ref])) for ref in job.edit.pictures]
    return tuple(picture.size for picture in pictures)


async def test_album_is_one_job_with_its_photos_as_they_were_sent(worker, ann) -> None:
    first, *_ = await ann.send(album=ALBUM, caption="put the hat of photo 2 on photo 1")
    claim = await worker.finish_next(photo("PNG"))
    assert claim.job.edit.prompt == "put the hat of photo 2 on photo 1"
    assert sizes(worker, claim.job) == SIZES
    assert (await ann.picture()).reply_to == first
    assert len((await ann.snapshot()).from_bot) == 1


@pytest.mark.parametrize(
    ("captions", "wish"),
    [(["", "combine them"], "combine them"), (["combine me", "with the jacket"], "combine me\nwith the jacket")],
)
async def test_album_caption_may_be_on_any_photo(worker, ann, captions, wish) -> None:
    await ann.send(album=ALBUM[:2], captions=captions)
    job = (await worker.claim()).job
    assert job.edit.prompt == wish
    assert sizes(worker, job) == SIZES[:2]


async def test_corrected_caption_of_an_album_counts_whichever_photo_has_it(worker, ann) -> None:
    _first, second = await ann.send(album=ALBUM[:2], captions=["", "put photo 2 on phot"])
    await ann.says("next in line")
    await ann.edit(second, "put photo 2 on photo 1")
    await ann.says("OK, now it's “put photo 2 on photo 1”")
    job = (await worker.claim()).job
    assert (job.edit.prompt, len(job.edit.pictures)) == ("put photo 2 on photo 1", 2)


async def test_album_without_a_caption_waits_for_its_instruction(worker, ann) -> None:
    await ann.send(album=ALBUM)
    await ann.says("3 photos! What should I change?")
    (text,) = await ann.send("put them together on a beach")
    claim = await worker.finish_next(photo("PNG"))
    assert sizes(worker, claim.job) == SIZES
    assert (await ann.picture()).reply_to == text


async def test_album_may_be_of_files(worker, ann) -> None:
    await ann.send(album=[photo("PNG", size) for size in SIZES], caption="combine them", as_file=True)
    assert sizes(worker, (await worker.claim()).job) == SIZES


async def test_broken_photo_is_named_by_its_number(ann) -> None:
    broken = photo("PNG", SIZES[1])[:2000]
    await ann.send(album=[photo("PNG"), broken], caption="combine them", as_file=True)
    await ann.says("Photo 2: Part of this file is missing")
