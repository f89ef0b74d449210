"""Messages that their sender edits: other words, another photo, or “cancel”."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from qwenedit_testkit.photos import photo

if TYPE_CHECKING:
    from telegram_simulator.client import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

SETTINGS = {"JOBS_PER_DAY": "9"}
RESULT = photo("PNG")


async def test_correction_after_the_job_has_begun_starts_it_over_by_a_button(stage: Any, worker, ann: Any) -> None:
    (sent,) = await ann.send(photo=photo(), caption="make it snow")
    claim = await worker.claim()
    await ann.edit(sent, "make it rain")
    told = await ann.says("I'd already begun with the old words.")
    assert told.now.labels == ("🔁 Start over with this",)
    assert await worker.queue.unfinished_ids() == [claim.job.id]
    await ann.press("Start over with this")
    await ann.says("make it rain”")
    await worker.finish(claim, RESULT)
    again = await worker.finish_next(RESULT)
    assert (again.job.edit.prompt, worker.photos[again.job.edit.pictures[0]] != RESULT) == ("make it rain", True)
    assert (await ann.picture()).reply_to == sent
    assert await worker.queue.unfinished_ids() == []
    assert await stage.charged(ann) == 1


async def test_corrections_never_give_a_picture_for_nothing(stage: Any, worker, ann: Any) -> None:
    """A charge moves only in the transition that ends its job: not in a correction after the job has begun."""
    (sent,) = await ann.send(photo=photo(), caption="wish 1")
    for pictures in (1, 2, 3):
        claim = await worker.claim()
        await ann.edit(sent, f"wish {pictures}, once more")
        assert await stage.charged(ann) == pictures
        await worker.finish(claim, RESULT)
        await stage.answered(claim.job.id)
        await ann.edit(sent, f"wish {pictures + 1}")
        assert await stage.charged(ann) == len((await ann.snapshot()).pictures) == pictures
        await ann.press("Start over with this")
        await ann.says(f"“wish {pictures + 1}”")
    await ann.press("Cancel")
    await ann.says("It doesn't count.")
    assert await stage.charged(ann) == 3


async def test_caption_that_a_correction_adds_is_the_photos_instruction(worker, ann: Any) -> None:
    (sent,) = await ann.send(photo=photo())
    await ann.says("What should I change?")
    await ann.edit(sent, "make it snow")
    assert (await worker.finish_next(RESULT)).job.edit.prompt == "make it snow"
    assert (await ann.picture()).reply_to == sent


async def test_correction_of_words_that_came_before_their_photo_is_for_the_photos_job(worker, ann: Any) -> None:
    (said,) = await ann.send("make it sno")
    await ann.says("Which photo?")
    await ann.send(photo=photo())
    await ann.says("next in line")
    await ann.edit(said, "make it snow")
    assert (await ann.says("OK, now it's “make it snow”")).reply_to == said
    assert (await worker.claim()).job.edit.prompt == "make it snow"


async def test_correction_whose_confirmation_fails_is_confirmed_all_the_same(stage: Any, worker, ann: Any) -> None:
    (sent,) = await ann.send(photo=photo(), caption="make it sno")
    await ann.says("next in line")
    await stage.telegram.fault("sendMessage", "500", chat_id=ann.id)
    await ann.edit(sent, "make it snow")
    await ann.says("OK, now it's “make it snow”")
    assert (await worker.claim()).job.edit.prompt == "make it snow"
    assert len(await worker.queue.unfinished_ids()) == 1
    assert not any("already begun" in message.text for message in (await ann.snapshot()).from_bot)


async def test_correction_into_cancel_cancels_the_job_of_its_message(worker, ann: Any) -> None:
    await ann.send(photo=photo())
    await ann.says("What should I change?")
    (said,) = await ann.send("make it sno")
    job = await ann.says("next in line")
    await ann.edit(said, "cancel")
    await ann.wait_for(lambda chat: job.id not in [each.id for each in chat.from_bot])
    assert await worker.queue.unfinished_ids() == []


async def test_correction_in_a_chat_whose_turn_is_not_free_is_told_as_one(stage: Any, worker, ann: Any) -> None:
    (sent,) = await ann.send(photo=photo(), caption="make it snow")
    await ann.says("next in line")
    await stage.eventually(stage.nothing_waits)
    await stage.close(ann.id, seconds=3)
    await ann.edit(sent, "make it rain")
    await ann.wait_for(lambda chat: "“make it rain”" in chat.from_bot[-1].text)
    assert (await worker.claim()).job.edit.prompt == "make it rain"


async def new_photo(stage: Any, person: Person, sent: int, size: tuple[int, int], caption: str = "") -> None:
    """Put a photo in the place of what a message of a person's has."""
    friend = await stage.telegram.user()
    await friend.send(photo=photo(size=size))
    media = (await friend.snapshot()).messages[0].now.media
    assert media is not None
    await stage.telegram.add_update(
        {
            "edited_message": {
                "message_id": sent,
                "date": 1,
                "edit_date": 2,
                "chat": {"id": person.id, "type": "private"},
                "from": {"id": person.id, "is_bot": False, "first_name": "Ann"},
                "caption": caption or None,
                "photo": [{"file_id": media.file_id, "file_unique_id": "u", "width": size[0], "height": size[1]}],
            }
        }
    )


async def test_photo_that_waits_is_the_one_that_its_message_has_now(stage: Any, worker) -> None:
    ann = await stage.telegram.user()
    (sent,) = await ann.send(photo=photo(size=(320, 240)))
    await ann.says("What should I change?")
    await new_photo(stage, ann, sent, (240, 320))
    await ann.send("make it snow")
    (picture,) = (await worker.finish_next(RESULT)).job.edit.pictures
    assert Image.open(io.BytesIO(worker.photos[picture])).size == (240, 320)
    await ann.picture()


async def test_photo_in_the_place_of_one_whose_job_waits_is_done_instead(stage: Any, worker) -> None:
    ann = await stage.telegram.user()
    (sent,) = await ann.send(photo=photo(size=(320, 240)), caption="make it snow")
    await ann.says("next in line")
    await new_photo(stage, ann, sent, (240, 320), "make it snow")
    await ann.wait_for(lambda chat: [each.deleted for each in chat.messages] == [False, True, False])
    claim = await worker.finish_next(RESULT)
    (picture,) = claim.job.edit.pictures
    assert (claim.job.edit.prompt, await worker.queue.unfinished_ids()) == ("make it snow", [])
    assert Image.open(io.BytesIO(worker.photos[picture])).size == (240, 320)
    assert (await ann.picture()).reply_to == sent
