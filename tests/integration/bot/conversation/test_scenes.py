"""Scenes of people who don't read: what they type, send and press, and what they get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from qwenedit_jobs import Keys, RedisSettings, connect
from qwenedit_testkit.photos import photo

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from telegram_simulator.client import Message, Person

RESULT, SECOND = photo("PNG"), photo("PNG")
SNOW, RAIN = "make it snow", "make it rain"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def _no_error(shared_stage: Any) -> AsyncIterator[None]:
    yield
    assert await shared_stage.bot.stop() == 0
    assert '"level": "error"' not in "\n".join(shared_stage.bot.lines)


async def made(stage: Any, result: bytes = RESULT) -> tuple[str, bytes]:
    """Do the next job; returns its instruction and its first photo."""
    claim = await stage.worker.claim()
    source = stage.worker.photos[claim.job.edit.pictures[0]]
    await stage.worker.finish(claim, result)
    await stage.answered(claim.job.id)
    return claim.job.edit.prompt, source


async def with_result(stage: Any) -> tuple[Person, Message, bytes]:
    """Return somebody to whom the bot has just sent a picture, that picture, and what it was made of."""
    ann = await stage.telegram.user()
    await ann.send(photo=photo(), caption=SNOW)
    _words, source = await made(stage)
    return ann, await ann.picture(), source


async def waiting(stage: Any) -> tuple[Person, int]:
    """Return somebody whose job waits, and the message that asked for it."""
    ann = await stage.telegram.user()
    (sent,) = await ann.send(photo=photo(), caption=SNOW)
    await ann.says("next in line")
    return ann, sent


async def unfinished(stage: Any) -> list[str]:
    """Return the instructions of all unfinished jobs, once everything is handled."""
    await stage.eventually(stage.nothing_waits)
    jobs = await stage.worker.queue.statuses(await stage.worker.queue.unfinished_ids())
    return sorted(job.job.edit.prompt for job in jobs)


# ---------------------------------------------------------------- nothing, or a photo that waits


@pytest.mark.parametrize(("said", "answer"), [("hello", "Hi! I'm a bot"), ("Привет!", "Я бот, редактирую фото")])
async def test_hello_gets_the_introduction(stage: Any, said: str, answer: str) -> None:
    ann = await stage.telegram.user(language="ru" if answer.startswith("Я") else "en")
    await ann.send(said)
    await ann.says(answer)


async def test_words_before_their_photo_are_for_the_next_one(stage: Any, ann: Any) -> None:
    await ann.send("make it")
    await ann.says("Which photo?")
    await ann.send("snowy")
    await ann.send(photo=photo())
    await ann.says("“make it, snowy”")
    assert (await made(stage))[0] == "make it\nsnowy"


async def test_words_for_an_unreadable_photo_are_for_the_next_one(stage: Any, ann: Any) -> None:
    await ann.send(document=photo()[:9000], name="a.jpg", mime="image/jpeg")
    await ann.says("Nice photo")
    await ann.send(SNOW)
    await ann.says("Part of this file is missing")
    await ann.send(photo=photo())
    assert (await made(stage))[0] == SNOW


async def test_voice_message_while_a_photo_waits_leaves_it_waiting(stage: Any, ann: Any) -> None:
    await ann.send(photo=photo())
    await ann.says("Nice photo")
    await ann.send(document=b"x", kind="voice")
    await ann.says("I can't listen yet. Please type what to change.")
    (said,) = await ann.send(SNOW)
    assert (await made(stage))[0] == SNOW
    assert (await ann.picture()).reply_to == said


# ---------------------------------------------------------------- a result


@pytest.mark.parametrize("words", ["now make it brighter", "не так, темнее", "that doesn't look like me"])
async def test_words_after_a_result_edit_it(stage: Any, words: str) -> None:
    ann, picture, _source = await with_result(stage)
    (said,) = await ann.send(words)
    assert await made(stage) == (words, RESULT)
    second = await ann.picture(number=2)
    assert (second.reply_to, second.id > picture.id) == (said, True)


async def test_words_in_reply_to_an_older_result_edit_that_one(stage: Any) -> None:
    ann, first, _source = await with_result(stage)
    await ann.send("and dark")
    await made(stage, SECOND)
    await ann.picture(number=2)
    await ann.send(RAIN, reply_to=first.id)
    assert await made(stage) == (RAIN, RESULT)


async def test_photo_in_reply_to_a_result_makes_one_picture_with_it(stage: Any) -> None:
    ann, picture, _source = await with_result(stage)
    await ann.send(photo=photo(), caption="dress him like this", reply_to=picture.id)
    job = (await stage.worker.claim()).job
    assert len(job.edit.pictures) == 2
    assert stage.worker.photos[job.edit.pictures[0]] == RESULT


@pytest.mark.parametrize("words", ["again", "Ещё раз!", "/edit once more"])
async def test_again_is_the_same_with_another_seed(stage: Any, words: str) -> None:
    ann, _picture, source = await with_result(stage)
    await ann.send(words)
    assert await made(stage, SECOND) == (SNOW, source)
    first, second = stage.worker.claims
    assert first.job.edit.seed != second.job.edit.seed


async def test_again_of_a_forgotten_job_says_so_as_its_buttons_do(stage: Any) -> None:
    ann, picture, _source = await with_result(stage)
    await stage.eventually(stage.nothing_waits)
    async with connect(RedisSettings(redis_url=stage.redis_url)) as redis:
        await redis.delete(*[key async for key in redis.scan_iter(f"{Keys().job_prefix}*")])
    await ann.send("again")
    await ann.says("I don't remember what I did last.")
    buttons = ("Again", "Undo", "Larger", "File")
    for button in buttons:
        await ann.press(button, message_id=picture.id)
    seen = await ann.wait_for(lambda chat: len(chat.answers) == len(buttons))
    assert {(each.text[:23], each.alert) for each in seen.answers} == {("I've forgotten this one", True)}
    assert await unfinished(stage) == []


async def test_undo_goes_back_a_picture_at_a_time(stage: Any) -> None:
    ann, first, source = await with_result(stage)
    await ann.send("and dark")
    await made(stage, SECOND)
    await ann.picture(number=2)
    await ann.send("undo")
    assert (await ann.says("Back to this one")).reply_to == first.id
    await ann.send("Верни!")
    seen = await ann.wait_for(lambda chat: sum("Back to this one" in each.text for each in chat.from_bot) == 2)
    assert seen.from_bot[-1].reply_to == first.reply_to
    await ann.send("undo")
    await ann.says("nothing to undo")
    await ann.send(RAIN)
    assert await made(stage) == (RAIN, source)


@pytest.mark.parametrize(
    ("words", "offer"), [("wow, that is so cool", True), ("haha спасибо!!", True), ("👍", False), ("...", False)]
)
async def test_remark_gets_thanks_and_a_button_that_does_it_anyway(stage: Any, words: str, offer: bool) -> None:
    ann, picture, _source = await with_result(stage)
    await ann.send(words, reply_to=picture.id)
    thanks = await ann.says("Glad to help")
    assert thanks.now.labels == (("Do it anyway",) if offer else ())
    assert await unfinished(stage) == []
    if offer:
        await ann.press("Do it anyway")
        assert await made(stage) == (words, RESULT)
        await ann.press_data(thanks.id, thanks.now.buttons[0].data or "")
        assert await unfinished(stage) == []


# ---------------------------------------------------------------- a job that waits


async def test_words_while_a_job_waits_are_added_to_it(stage: Any) -> None:
    ann, _sent = await waiting(stage)
    (said,) = await ann.send("and stars")
    assert (await ann.says(f"OK, now it's “{SNOW}, and stars”")).reply_to == said
    assert await unfinished(stage) == [f"{SNOW}\nand stars"]


@pytest.mark.parametrize("words", ["how long?", "ну что там?"])
async def test_how_long_is_answered_with_the_place_in_line(stage: Any, words: str) -> None:
    ann, _sent = await waiting(stage)
    (asked,) = await ann.send(words)
    seen = await ann.wait_for(lambda chat: len(chat.from_bot) == 2)
    assert (seen.from_bot[-1].reply_to, "next in line" in seen.from_bot[-1].text) == (asked, True)
    assert await unfinished(stage) == [SNOW]


@pytest.mark.parametrize("words", ["cancel it", "Стоп!"])
async def test_stop_cancels_and_the_photo_takes_other_words(stage: Any, words: str) -> None:
    ann, _sent = await waiting(stage)
    await ann.send(words)
    await ann.says("I've cancelled your picture")
    await ann.wait_for(lambda chat: len(chat.from_bot) == 1)
    assert await unfinished(stage) == []
    await ann.send(RAIN)
    assert (await made(stage))[0] == RAIN


async def test_stop_after_a_result_offers_to_undo_it(stage: Any) -> None:
    ann, picture, _source = await with_result(stage)
    await ann.send("cancel")
    offer = await ann.says("There's nothing to cancel.")
    await ann.press("Undo", message_id=offer.id)
    assert (await ann.says("Back to this one")).reply_to == picture.reply_to


# ---------------------------------------------------------------- a job that runs


async def test_words_while_a_job_runs_wait_for_its_result(stage: Any) -> None:
    ann, _sent = await waiting(stage)
    claim = await stage.worker.claim()
    (said,) = await ann.send(RAIN)
    told = await ann.says("to the result as soon as")
    assert (told.reply_to, told.now.labels) == (said, ("🔁 Start over with this", "✖️ Cancel"))
    await stage.worker.finish(claim, RESULT)
    assert await made(stage, SECOND) == (RAIN, RESULT)
    assert (await ann.picture(number=2)).id == told.id
