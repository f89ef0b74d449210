"""Messages that their sender edits: other words, another photo, or “cancel”."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from qwenedit_testkit.photos import photo

if TYPE_CHECKING:
    from telegram_simulator.client import Person, TelegramSimulator

pytestmark = pytest.mark.asyncio(loop_scope="module")


RESULT = photo("PNG")


@pytest.fixture
def simulator(stage: Any) -> TelegramSimulator:
    telegram: TelegramSimulator = stage.telegram
    return telegram


@pytest.fixture
def worker(stage: Any) -> Any:
    return stage.worker


async def test_corrected_caption_counts_and_starts_a_job_over_that_has_just_begun(
    simulator: TelegramSimulator, worker
) -> None:
    ann = await simulator.user()
    (sent,) = await ann.send(photo=photo(), caption="make it sno")
    await ann.says("next in line")
    await ann.edit(sent, "make it snow")
    await ann.says("OK, now it's “make it snow”")
    claim = await worker.claim()
    assert claim.job.edit.prompt == "make it snow"
    await ann.edit(sent, "make it rain")
    await ann.says("“make it rain”")
    await worker.finish(claim, RESULT)
    claim = await worker.finish_next(RESULT)
    assert (claim.job.edit.prompt, worker.photos[claim.job.edit.pictures[0]] != RESULT) == ("make it rain", True)
    assert (await ann.picture()).reply_to == sent
    assert await worker.queue.unfinished_ids() == []


async def test_correction_of_words_that_came_before_their_photo_is_for_the_photos_job(
    simulator: TelegramSimulator, worker
) -> None:
    ann = await simulator.user()
    (said,) = await ann.send("make it sno")
    await ann.says("Which photo?")
    await ann.send(photo=photo())
    await ann.says("next in line")
    await ann.edit(said, "make it snow")
    assert (await ann.says("OK, now it's “make it snow”")).reply_to == said
    assert (await worker.claim()).job.edit.prompt == "make it snow"


async def test_correction_whose_confirmation_fails_is_confirmed_all_the_same(
    simulator: TelegramSimulator, worker
) -> None:
    ann = await simulator.user()
    (sent,) = await ann.send(photo=photo(), caption="make it sno")
    await ann.says("next in line")
    await simulator.fault("sendMessage", "500", chat_id=ann.id)
    await ann.edit(sent, "make it snow")
    await ann.says("OK, now it's “make it snow”")
    assert (await worker.claim()).job.edit.prompt == "make it snow"
    assert not any("already begun" in message.text for message in (await ann.snapshot()).from_bot)


async def test_correction_of_other_words_for_a_job_is_for_that_job(simulator: TelegramSimulator, worker) -> None:
    ann = await simulator.user()
    await ann.send(photo=photo(), caption="make it rain")
    waiting = await ann.says("next in line")
    (said,) = await ann.send("no, make it sno", reply_to=waiting.id)
    await ann.says("now it's “make it rain, no, make it sno”")
    await ann.edit(said, "no, make it snow")
    await ann.says("now it's “make it rain, no, make it snow”")
    assert (await worker.claim()).job.edit.prompt == "make it rain\nno, make it snow"
    assert len(await worker.queue.unfinished_ids()) == 1


async def test_correction_into_cancel_cancels_the_job_of_its_message(simulator: TelegramSimulator, worker) -> None:
    ann = await simulator.user()
    await ann.send(photo=photo())
    await ann.says("What should I change?")
    (said,) = await ann.send("make it sno")
    job = await ann.says("next in line")
    await ann.edit(said, "cancel")
    await ann.wait_for(lambda chat: job.id not in [each.id for each in chat.from_bot])
    assert await worker.queue.unfinished_ids() == []


async def test_correction_in_a_chat_whose_turn_is_not_free_is_told_as_one(stage: Any, simulator, worker) -> None:
    ann = await simulator.user()
    (sent,) = await ann.send(photo=photo(), caption="make it snow")
    await ann.says("next in line")
    await stage.eventually(stage.nothing_waits)
    await stage.close(ann.id, seconds=3)
    await ann.edit(sent, "make it rain")
    await ann.wait_for(lambda chat: "“make it rain”" in chat.from_bot[-1].text)
    assert (await worker.claim()).job.edit.prompt == "make it rain"


async def new_photo(
    simulator: TelegramSimulator, person: Person, sent: int, size: tuple[int, int], caption: str = ""
) -> None:
    """Put a photo in the place of what a message of a person's has."""
    friend = await simulator.user()
    await friend.send(photo=photo(size=size))
    media = (await friend.snapshot()).messages[0].now.media
    assert media is not None
    await simulator.add_update(
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


async def test_photo_that_waits_is_the_one_that_its_message_has_now(simulator: TelegramSimulator, worker) -> None:
    ann = await simulator.user()
    (sent,) = await ann.send(photo=photo(size=(320, 240)))
    await ann.says("What should I change?")
    await new_photo(simulator, ann, sent, (240, 320))
    await ann.send("make it snow")
    (picture,) = (await worker.finish_next(RESULT)).job.edit.pictures
    assert Image.open(io.BytesIO(worker.photos[picture])).size == (240, 320)
    await ann.picture()


async def test_photo_in_the_place_of_one_whose_job_waits_is_done_instead(simulator: TelegramSimulator, worker) -> None:
    ann = await simulator.user()
    (sent,) = await ann.send(photo=photo(size=(320, 240)), caption="make it snow")
    await ann.says("next in line")
    await new_photo(simulator, ann, sent, (240, 320), "make it snow")
    await ann.wait_for(lambda chat: [each.deleted for each in chat.messages] == [False, True, False])
    (job,) = await worker.queue.statuses(await worker.queue.unfinished_ids())
    assert job.job.edit.prompt == "make it snow"
    (picture,) = (await worker.finish_next(RESULT)).job.edit.pictures
    assert Image.open(io.BytesIO(worker.photos[picture])).size == (240, 320)
    assert (await ann.picture()).reply_to == sent
