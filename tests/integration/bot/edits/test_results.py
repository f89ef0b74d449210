"""The buttons under a finished picture, and replies to it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from qwenedit_bot.pictures.results import EDITED_BY_AI
from qwenedit_jobs import result_ref
from qwenedit_testkit.photos import photo

if TYPE_CHECKING:
    from telegram_simulator.client import Message, Person

pytestmark = pytest.mark.asyncio(loop_scope="module")


RESULT = photo("PNG")


def assert_marked(sent: bytes, made: bytes) -> None:
    """Assert that a file is a worker's result, with nothing changed but that it is marked as edited by AI."""
    assert EDITED_BY_AI.encode() in sent
    with Image.open(io.BytesIO(sent)) as image, Image.open(io.BytesIO(made)) as worked:
        assert image.tobytes() == worked.tobytes()


async def finished(person: Person, worker: Any) -> tuple[Message, Any]:
    """Return a picture with its buttons, and the job behind it."""
    before = len((await person.snapshot()).pictures)
    await person.send(photo=photo(), caption="make it snow")
    claim = await worker.finish_next(RESULT)
    return await person.picture(number=before + 1), claim.job


async def alerted(person: Person) -> str:
    answer = (await person.wait_for(lambda chat: chat.answers)).answers[-1]
    assert answer.alert
    return answer.text


async def test_finished_picture_has_buttons_in_the_users_language(stage, worker) -> None:
    ann, boris = await stage.telegram.user(), await stage.telegram.user(language="ru")
    picture, _job = await finished(ann, worker)
    assert [[button.text for button in row] for row in picture.now.rows] == [
        ["Again", "Undo", "Larger", "File", "Styles"],
    ]
    picture, _job = await finished(boris, worker)
    assert picture.now.labels == ("Снова", "Назад", "HD", "Файл", "Стили")


async def test_again_does_the_same_with_another_seed_and_answers_the_first_wish(stage, worker, ann) -> None:
    await ann.send(photo=photo(), caption="make it snow")
    claim = await worker.claim()
    first, sent = claim.job, await worker.store.get(claim.job.edit.pictures[0])
    await worker.finish(claim, RESULT)
    picture = await ann.picture()
    assert not await worker.store.holds(first.edit.pictures[0])
    await ann.press("Again", message_id=picture.id)
    claim = await worker.claim()
    assert await worker.store.get(claim.job.edit.pictures[0]) == sent
    await worker.finish(claim, photo("PNG"))
    second = await ann.picture(number=2)
    assert second.reply_to == picture.reply_to
    assert claim.job.edit.prompt == first.edit.prompt
    assert claim.job.edit.seed != first.edit.seed
    await ann.wait_for(lambda chat: chat.answers and chat.answers[-1] == ("Once more…", False))


async def test_taps_of_a_button_that_follow_each_other_are_one_job(stage, worker, ann) -> None:
    picture, job = await finished(ann, worker)
    for _ in range(10):
        await ann.press_data(picture.id, f"again:{job.id}")
    seen = await ann.wait_for(lambda chat: len(chat.answers) == 10)
    assert [answer.text for answer in seen.answers] == ["Once more…", *["I'm on it."] * 9]
    seeds = {(await worker.finish_next(RESULT)).job.edit.seed}
    second = await ann.picture(number=2)
    await ann.press("Again", message_id=second.id)
    seeds.add((await worker.finish_next(RESULT)).job.edit.seed)
    await ann.picture(number=3)
    assert len(seeds) == 2
    assert await worker.queue.unfinished_ids() == []


async def test_taps_of_styles_and_of_the_file_bring_one_menu_and_one_file_in_full_quality(stage, worker, ann) -> None:
    picture, job = await finished(ann, worker)
    for verb in ("styles", "file"):
        for _ in range(3):
            await ann.press_data(picture.id, f"{verb}:{job.id}")
    seen = await ann.wait_for(lambda chat: len(chat.answers) == 6)
    _picture, _menu, file = seen.from_bot
    assert (file.reply_to, file.now.document.name) == (picture.id, f"{job.id[:8]}.png")
    assert_marked(await stage.telegram.download(file.now.document), RESULT)
    assert [answer.text for answer in seen.answers[3:]] == ["", "Here it is ↑", "Here it is ↑"]


async def test_text_in_reply_to_a_result_edits_it_further_in_full_quality(stage, worker, ann) -> None:
    picture, job = await finished(ann, worker)
    await ann.send("add rain", reply_to=picture.id)
    claim = await worker.finish_next(RESULT)
    assert worker.photos[claim.job.edit.pictures[0]] == RESULT
    await ann.picture(number=2)
    await worker.store.delete(result_ref(job.id, 1))
    await ann.send("add a sun", reply_to=picture.id)
    claim = await worker.finish_next(RESULT)
    assert worker.photos[claim.job.edit.pictures[0]].startswith(b"\xff\xd8")  # what Telegram still has
    await ann.picture(number=3)


async def test_larger_is_one_job_for_the_result_and_its_answer_is_a_file(stage, worker, ann) -> None:
    picture, _job = await finished(ann, worker)
    for _tap in range(3):
        await ann.press("Larger", message_id=picture.id)
    claim = await worker.claim()
    edit = claim.job.edit
    assert (edit.workflow, dict(edit.parameters), edit.prompt) == ("larger", {"megapixels": 6.0}, "")
    assert await worker.store.get(edit.pictures[0]) == RESULT
    seen = await ann.wait_for(lambda chat: len(chat.answers) == 3)
    assert [said for said, _alert in seen.answers] == ["Making it larger…", *["I'm on it."] * 2]

    larger = photo("PNG", (640, 480))
    await worker.finish(claim, larger)
    seen = await ann.wait_for(lambda chat: chat.from_bot[-1].now.document)
    answer = seen.from_bot[-1]
    assert_marked(await stage.telegram.download(answer.now.document), larger)
    assert answer.reply_to == picture.id
    assert answer.now.labels == ("Undo", "Styles")
    assert await worker.queue.unfinished_ids() == []


async def test_file_that_a_worker_replaces_after_the_answer_is_not_sent(stage, worker, ann) -> None:
    picture, job = await finished(ann, worker)
    await stage.answered(job.id)
    await worker.store.put(result_ref(job.id, 1), photo("PNG"))
    await ann.press("File", message_id=picture.id)
    assert (await alerted(ann)).startswith("I no longer have the file.")
    assert len((await ann.snapshot()).from_bot) == 1


async def test_again_of_a_photo_that_telegram_no_longer_has_is_refused_in_words(stage, worker, ann) -> None:
    picture, _job = await finished(ann, worker)
    await stage.telegram.fault("getFile", "refusal", description="wrong file_id")
    await ann.press("Again", message_id=picture.id)
    await ann.says("Telegram doesn't give me this file. Please send it again.")
    assert await worker.queue.unfinished_ids() == []
