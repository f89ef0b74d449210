"""Albums: one picture of several photos, or one of each."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from redis.exceptions import ConnectionError as RedisConnectionError

from qwenedit_bot.common import timeouts
from qwenedit_bot.conversation.draft import Draft, Drafts
from qwenedit_testkit.photos import photo

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = {"JOBS_PER_DAY": "20"}
SIZES = ((320, 200), (200, 320), (260, 260))
"""Of three photos; each is told by its shape."""
ALBUM = [photo(size=size) for size in SIZES]


@pytest.fixture
def handled_twice(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Have Redis fail at the end of each event, once: its handler runs again, on top of what it has done."""
    events, write = set[str](), Drafts.write

    async def fail_once(drafts: Drafts, chat_id: int, user_id: int, draft: Draft) -> None:
        if draft.handled not in events:
            events.add(draft.handled)
            raise RedisConnectionError
        await write(drafts, chat_id, user_id, draft)

    monkeypatch.setattr(Drafts, "write", fail_once)
    monkeypatch.setattr(timeouts, "REDIS_PAUSE", 0.1)
    return events


def sizes(worker: Any, job: Any) -> tuple[tuple[int, int], ...]:
    pictures = [Image.open(io.BytesIO(worker.photos[ref])) for ref in job.edit.pictures]
    return tuple(picture.size for picture in pictures)


async def chosen(ann: Any, label: str) -> None:
    """Answer the question how an album is meant, whose message goes or becomes the job's."""
    question = await ann.says("photos on its own, or one picture of them?")
    assert question.now.labels == ("Each on its own", "One picture")
    await ann.press(label, message_id=question.id)


async def test_album_as_one_picture_is_one_job_with_its_photos_as_they_were_sent(worker, ann) -> None:
    first, *_ = await ann.send(album=ALBUM, caption="put the hat of photo 2 on photo 1")
    await chosen(ann, "One picture")
    claim = await worker.finish_next(photo("PNG"))
    assert claim.job.edit.prompt == "put the hat of photo 2 on photo 1"
    assert sizes(worker, claim.job) == SIZES
    assert (await ann.picture()).reply_to == first
    assert len((await ann.snapshot()).from_bot) == 1


async def test_album_as_each_on_its_own_is_a_job_for_each_photo(worker, ann) -> None:
    sent = await ann.send(album=ALBUM, caption="make it snow")
    await chosen(ann, "Each on its own")
    for size in SIZES:
        assert sizes(worker, (await worker.finish_next(photo("PNG"))).job) == (size,)
    await ann.picture(number=3)
    assert sorted(each.reply_to for each in (await ann.snapshot()).from_bot) == list(sent)


@pytest.mark.parametrize(
    ("captions", "wish"),
    [(["", "combine them"], "combine them"), (["combine me", "with the jacket"], "combine me\nwith the jacket")],
)
async def test_album_caption_may_be_on_any_photo(worker, ann, captions, wish) -> None:
    await ann.send(album=ALBUM[:2], captions=captions)
    await chosen(ann, "One picture")
    job = (await worker.claim()).job
    assert job.edit.prompt == wish
    assert sizes(worker, job) == SIZES[:2]


@pytest.mark.parametrize("asked", [True, False], ids=["before the choice", "after the choice"])
async def test_corrected_caption_of_an_album_counts_whichever_photo_has_it(worker, ann, asked: bool) -> None:
    _first, second = await ann.send(album=ALBUM[:2], captions=["", "put photo 2 on phot"])
    await ann.says("“put photo 2 on phot”")
    if not asked:
        await chosen(ann, "One picture")
        await ann.says("next in line")
    await ann.edit(second, "put photo 2 on photo 1")
    await ann.says("“put photo 2 on photo 1”" if asked else "OK, now it's “put photo 2 on photo 1”")
    if asked:
        await chosen(ann, "One picture")
    job = (await worker.claim()).job
    assert (job.edit.prompt, len(job.edit.pictures)) == ("put photo 2 on photo 1", 2)


async def test_album_without_a_caption_is_asked_about_with_its_words(worker, ann) -> None:
    await ann.send(album=ALBUM)
    await ann.says("3 photos! What should I change?")
    (said,) = await ann.send("put them together on a beach")
    await chosen(ann, "One picture")
    claim = await worker.finish_next(photo("PNG"))
    assert sizes(worker, claim.job) == SIZES
    assert (await ann.picture()).reply_to == said


async def test_album_may_be_of_files_whose_broken_one_is_named_by_its_number(worker, ann) -> None:
    files = [photo("PNG", size) for size in SIZES]
    await ann.send(album=files, caption="combine them", as_file=True)
    await chosen(ann, "One picture")
    assert sizes(worker, (await worker.claim()).job) == SIZES
    await ann.send(album=[files[0], files[1][:2000]], caption="merge them", as_file=True)
    await ann.says("“merge them”")
    await chosen(ann, "One picture")
    await ann.says("Photo 2: Part of this file is missing")


async def test_corrected_caption_of_a_long_album_multiplies_neither_jobs_nor_charges(
    stage: Any, worker, ann, handled_twice: set[str]
) -> None:
    """What a handler plans depends on the event and on what was there before it, never on what it made itself."""
    first, *_ = await ann.send(album=[photo() for _ in range(5)], caption="make it sno")
    await stage.jobs(3)
    await stage.answered((await worker.finish_next(photo("PNG"))).job.id)
    await stage.jobs(3)
    running = await worker.claim()
    assert await stage.charged(ann) == 5
    await ann.edit(first, "make it snow")
    told = await ann.says("I'd already begun with the old words.")
    assert await stage.charged(ann) == 5
    assert "OK, now it's “make it snow”." in (await ann.snapshot()).messages[-1].text
    await ann.press("Start over with this", message_id=told.id)
    await stage.eventually(stage.nothing_waits)
    await worker.finish(running, photo("PNG"))
    prompts = [(await worker.finish_next(photo("PNG"))).job.edit.prompt for _ in range(5)]
    assert prompts == ["make it snow"] * 5
    await ann.picture(number=6)
    assert (await worker.queue.unfinished_ids(), await stage.charged(ann)) == ([], 6)
    assert len(handled_twice) == 3
