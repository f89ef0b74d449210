# ruff: noqa: RUF001 - the bot speaks Russian, and has a sign for “by”
"""What users say and what they are told: the bot and Telegram's simulator as processes, the worker's part by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from PIL import Image

from local_stack import SIMULATED_TOKEN
from qwenedit_bot.edits.job_views import WORTH_ANOTHER_TRY
from qwenedit_jobs import Keys, Reason, RedisSettings, State, connect
from qwenedit_testkit.photos import bomb, encoded, photo

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from telegram_simulator.client import Person


RESULT = photo(kind="PNG")

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def _quiet_log(shared_stage: Any) -> AsyncIterator[None]:
    yield
    assert await shared_stage.bot.stop() == 0
    printed = "\n".join(shared_stage.bot.lines)
    assert SIMULATED_TOKEN.partition(":")[2] not in printed
    assert "make it snow" not in printed
    assert '"level": "error"' not in printed


async def told(person: Person) -> str:
    seen = await person.wait_for(lambda chat: len(chat.from_bot) >= 1)
    # The first words may be those of the placeholder.
    seen = await person.wait_for(lambda chat: not chat.from_bot[0].text.startswith(("⏳", "🚀")))
    assert len(seen.from_bot) == 1
    return seen.from_bot[0].text


# ---------------------------------------------------------------- a job


async def test_photo_with_a_caption_becomes_the_edited_photo_in_one_message(stage, worker, ann: Any) -> None:
    (sent,) = await ann.send(photo=photo(), caption="make it snow")
    waiting = await ann.says("next in line")
    assert waiting.reply_to == sent
    assert waiting.now.labels == ("✖️ Cancel",)
    claim = await worker.claim()
    assert claim.job.edit.prompt == "make it snow"
    await ann.says("starting")
    await worker.step(claim, 2, 4)
    await ann.says("step 2 of 4")
    await worker.finish(claim, RESULT)
    answer = await ann.picture()
    assert answer.id == waiting.id
    assert answer.text == "✨ “make it snow”"
    assert len((await ann.snapshot()).from_bot) == 1
    status = await worker.queue.status(claim.job.id)
    assert status is not None
    assert status.state is State.DONE
    await stage.answered(claim.job.id)


async def test_picture_that_took_long_rings(stage: Any, worker, ann: Any) -> None:
    """An edit of a message makes no sound: after half a minute the picture is a new message, and the old one goes."""
    (sent,) = await ann.send(photo=photo(), caption="make it snow")
    waiting = await ann.says("next in line")
    claim = await worker.claim()
    async with connect(RedisSettings(redis_url=stage.redis_url)) as redis:
        await redis.hincrby(Keys().job(claim.job.id), "enqueued_at", -31_000)
    await worker.finish(claim, RESULT)
    answer = await ann.picture()
    assert answer.id > waiting.id
    assert (answer.reply_to, answer.text) == (sent, "✨ “make it snow”")
    await ann.wait_for(lambda chat: [message.id for message in chat.from_bot] == [answer.id])
    await stage.answered(claim.job.id)


async def test_equal_commands_at_once_get_one_answer(ann: Any) -> None:
    await ann.flood(5, "/status")
    await ann.send("/help")
    await ann.says("What works well")
    assert len((await ann.snapshot()).from_bot) == 2


async def test_burst_beyond_a_senders_share_is_told_once_that_some_of_it_was_not_taken(stage: Any, ann: Any) -> None:
    sent = await ann.flood(60, "/status")
    told = await ann.says("a lot at once")
    assert told.reply_to == sent[20]
    await stage.eventually(stage.nothing_waits)
    assert sum("a lot at once" in message.text for message in (await ann.snapshot()).from_bot) == 1


async def test_instruction_that_is_too_long_is_refused_before_its_photo_comes(ann: Any) -> None:
    await ann.send("x" * 1001)
    await ann.says("1,001 characters")
    await ann.send(photo=photo())
    await ann.says("What should I change?")


async def test_signs_are_no_instruction(worker, ann: Any) -> None:
    await ann.send(photo=photo(), caption="...")
    await ann.says("What should I change?")
    for said in ("👍", "😀", "ok"):
        await ann.send(said)
    await ann.says("Glad to help")
    await ann.send("…")
    await ann.send("/dance")
    await ann.says("I don't know this command")
    assert len((await ann.snapshot()).from_bot) == 3
    assert await worker.queue.unfinished_ids() == []


async def test_places_in_line_move(stage: Any, worker) -> None:
    ann, bob = await stage.telegram.user(), await stage.telegram.user()
    await ann.send(photo=photo(), caption="make it snow")
    await ann.says("next in line")
    await bob.send(photo=photo(), caption="make it snow")
    await bob.says("Place in line: 2")
    await worker.claim()
    await bob.says("next in line")


@pytest.mark.parametrize("reason", Reason)
async def test_failure_is_told_in_words_and_can_be_tried_again_where_that_may_help(
    worker, reason: Reason, ann: Any
) -> None:
    await ann.send(photo=photo(), caption="make it snow")
    await worker.fail(await worker.claim(), reason)
    assert (await told(ann)).startswith("😔")
    labels = (await ann.snapshot()).from_bot[0].now.labels
    assert labels == (("🔁 Try again",) if reason in WORTH_ANOTHER_TRY else ())


async def test_result_too_large_for_a_photo_comes_all_the_same(worker, ann: Any) -> None:
    await ann.send(photo=photo(), caption="make it snow")
    large = encoded(Image.effect_noise((2200, 2200), 120).convert("RGB"), "PNG", compress_level=0)
    assert len(large) > 10_000_000
    await worker.finish_next(large)
    await ann.picture()


# ---------------------------------------------------------------- /status


async def test_status_says_where_ones_jobs_are_and_nobody_elses(stage: Any) -> None:
    ann, bob = await stage.telegram.user(), await stage.telegram.user(language="ru")
    await ann.send("/status")
    await ann.says("Nothing in the works")
    await ann.send(photo=photo(), caption="make it snow")
    await ann.send(photo=photo(), caption="make it rain")
    first, _second = await stage.jobs(2)
    claim = await stage.worker.claim()
    assert claim.job.id == first.job.id
    (asked,) = await ann.send("/status")
    seen = await ann.wait_for(lambda chat: any(message.reply_to == asked for message in chat.from_bot))
    told = next(message.text for message in seen.from_bot if message.reply_to == asked)
    assert told.startswith("“make it snow”\n🚀 Your turn: starting…\n")
    assert "\n\n“make it rain”\n" in told
    assert first.job.id[:8] not in told
    await bob.send("/status")
    await bob.says("ничего нет в работе")


async def test_old_button_is_answered_in_words(worker, ann: Any) -> None:
    await ann.send(photo=photo(), caption="make it snow")
    claim = await worker.finish_next(RESULT)
    message = await ann.picture()
    await ann.press_data(message.id, f"cancel:{claim.job.id}", inaccessible=True)
    await ann.press_data(message.id, "something else")
    seen = await ann.wait_for(lambda chat: len(chat.answers) == 2)
    assert all(answer.text.startswith("I've forgotten this one.") for answer in seen.answers)
    assert len(seen.pictures) == 1


# ---------------------------------------------------------------- everything else

ODD = [
    ("start of a link", {"text": "/start abc"}, "say what to change", "Я бот, редактирую фото"),
    ("a shop that is closed", {"text": "/buy"}, "It's free.", "Это бесплатно."),
    ("privacy", {"text": "/privacy"}, "24\u00a0hours", "24\u00a0часа"),
    ("unknown command", {"text": "/fly"}, "I don't know this command", "Не знаю такой команды"),
    (
        "a part of a HEIC",
        {
            "document": b"\0\0\0\x18ftypheic\0\0\0\0",
            "name": "a.heic",
            "mime": "application/octet-stream",
            "caption": "snow",
        },
        "Part of this file is missing",
        "Части этого файла",
    ),
    ("25 MB file", {"document": bytes(25 * 1024 * 1024), "caption": "snow"}, "25\u00a0MB", "25\u00a0МБ"),
    ("1×1", {"document": photo("PNG", (1, 1)), "caption": "snow"}, "1 × 1 pixels is too", "1 × 1 пикселей — слишком"),
    ("30,000×30,000", {"document": bomb(), "caption": "snow"}, "30000 × 30000 pixels", "30000 × 30000 пикселей"),
]


@pytest.mark.parametrize(("sent", "english", "russian"), [row[1:] for row in ODD], ids=[row[0] for row in ODD])
async def test_message_that_is_no_job_is_answered_in_words(
    stage: Any, worker, sent: dict[str, Any], english: str, russian: str
) -> None:
    ann, boris = await stage.telegram.user(), await stage.telegram.user(language="ru")
    await ann.send(**sent)
    await boris.send(**sent)
    assert english in await told(ann)
    assert russian in await told(boris)
    assert await worker.queue.unfinished_ids() == []


async def test_update_that_no_model_fits_does_not_block_those_behind_it(stage: Any, ann: Any) -> None:
    await stage.telegram.add_update({"message": {"nonsense": True}})
    await stage.telegram.add_update({"something_new": {"a": 1}})
    await ann.send("/help")
    await ann.says("What works well")


async def test_user_may_choose_another_language_and_go_back(stage: Any) -> None:
    ann = await stage.telegram.user(language="en")
    await ann.send("/language")
    await ann.press("Русский")
    seen = await ann.wait_for(lambda chat: chat.answers)
    assert seen.answers[-1] == ("Теперь говорю по-русски.", False)
    await ann.send("/help")
    await ann.says("Пришлите фото и напишите")
    await ann.press("Как в Telegram")
    await ann.says("Which language?")
    await ann.send("a red hat")
    await ann.says("Which photo?")
