# ruff: noqa: RUF001 - the bot speaks Russian
"""One user among others: how much is taken, and in how many words the rest is refused."""

from __future__ import annotations

from typing import Any

import pytest

from qwenedit_jobs import Keys, Reason, RedisSettings, connect
from qwenedit_jobs.queue.operator_queue import OperatorQueue
from qwenedit_testkit.photos import photo

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("within_a_day")]

PER_DAY = 4
SETTINGS = {"JOBS_PER_DAY": str(PER_DAY), "MAX_UNFINISHED_JOBS_PER_USER": "3"}
RESULT = photo("PNG")


async def use_up(stage: Any, person: Any) -> None:
    for number in range(1, PER_DAY + 1):
        await person.send(photo=photo(), caption="make it snow")
        await stage.worker.finish_next(RESULT)
        await person.picture(number=number)


async def test_photos_at_once_beyond_the_days_limit_get_one_answer(stage: Any, ann: Any) -> None:
    for _ in range(18):  # a sender may have 20 updates waiting in a chat, however slow the machine is
        await ann.send(photo=photo(), caption="make it snow")
    await ann.says(f"used your {PER_DAY} pictures for today")
    await ann.send("/limits")
    await ann.says("None left today")  # all before it are handled
    texts = [message.text or "" for message in (await ann.snapshot()).from_bot]
    assert sum("pictures for today" in text for text in texts) == 1
    assert sum("I'll begin as soon as" in text for text in texts) == 1
    assert len(texts) == PER_DAY + 1 + 1
    assert len(await stage.worker.queue.unfinished_ids_of(ann.id)) == 3
    await ann.send("/cancel")  # or the fourth would follow in the tests after this
    await ann.says("ancel")


async def test_daily_limit_is_told_and_then_refused_with_the_time_of_the_next_day(stage: Any) -> None:
    ann = await stage.telegram.user(language="ru")
    await use_up(stage, ann)
    captions = [message.text or "" for message in (await ann.snapshot()).from_bot]
    assert captions[-2].endswith("»\nсегодня осталось 1")
    assert captions[-1].endswith("»\nна сегодня это всё")
    member = ann.within(await stage.telegram.group("Family", ann))
    await member.send(photo=photo(), caption="/edit make it snow")
    await member.says("На сегодня картинок у вас не осталось")
    await ann.send(photo=photo(), caption="make it snow")
    await ann.says(f"уже были {PER_DAY} картинки. Новые")


@pytest.mark.parametrize("words", ["how many left?", "/limits"])
async def test_question_for_what_is_left_is_answered(words: str, ann: Any) -> None:
    await ann.send(words)
    await ann.says(f"{PER_DAY} pictures left today")


async def test_job_cancelled_before_it_began_does_not_count(stage: Any, ann: Any) -> None:
    await ann.send(photo=photo(), caption="make it snow")
    await ann.says("next in line")
    await ann.press("Cancel")
    assert (await ann.says("✖️ Cancelled.")).now.buttons == ()
    assert (await ann.wait_for(lambda chat: chat.answers)).answers == (("Cancelled", False),)
    assert await stage.worker.queue.unfinished_ids() == []
    await ann.send("/limits")
    await ann.says(f"{PER_DAY} pictures left today")


@pytest.mark.parametrize(("began", "used"), [(0, 0), (60, 1)], ids=["just now", "a minute ago"])
async def test_job_cancelled_soon_after_it_began_does_not_count(stage: Any, began: int, used: int, ann: Any) -> None:
    await ann.send(photo=photo(), caption="make it snow")
    claim = await stage.worker.claim()
    async with connect(RedisSettings(redis_url=stage.redis_url)) as redis:
        await redis.hincrby(Keys().job(claim.job.id), "started_at", -1000 * began)
    await ann.press("Cancel")
    await ann.says("Stopping…")
    await stage.worker.finish(claim, RESULT)
    said = await ann.says("✖️ Cancelled.")
    await stage.answered(claim.job.id)
    assert (await ann.snapshot()).pictures == ()
    assert ("It doesn't count." in said.text, await stage.charged(ann)) == (not used, used)


async def test_start_over_makes_the_photo_with_the_new_words_and_costs_one_picture(stage: Any, ann: Any) -> None:
    await ann.send(photo=photo(), caption="make it snow")
    claim = await stage.worker.claim()
    source = stage.worker.photos[claim.job.edit.pictures[0]]
    await ann.send("make it rain")
    await ann.press("Start over with this")
    await ann.says("Stopping…")
    await stage.worker.finish(claim, RESULT)
    await stage.answered(claim.job.id)
    edit = (await stage.worker.finish_next(RESULT)).job.edit
    assert (edit.prompt, stage.worker.photos[edit.pictures[0]]) == ("make it rain", source)
    assert f"{PER_DAY - 1} left today" in (await ann.picture()).text
    assert (len((await ann.snapshot()).pictures), await stage.worker.queue.unfinished_ids()) == (1, [])


async def test_picture_that_is_refused_costs_nothing(ann: Any) -> None:
    await ann.send(document=b"no picture", name="photo.png", caption="make it snow")
    await ann.says("can't read this file")
    await ann.send("/limits")
    await ann.says(f"{PER_DAY} pictures left today")


async def test_job_that_an_operator_has_tried_again_is_answered_in_a_new_message(stage: Any, ann: Any) -> None:
    await ann.send(photo=photo(), caption="make it snow")
    claim = await stage.worker.claim()
    await stage.worker.fail(claim, Reason.OUT_OF_MEMORY)
    failed = await ann.says("doesn't count")
    await stage.answered(claim.job.id)
    await OperatorQueue(stage.worker.queue._redis, stage.worker.queue._keys).requeue(claim.job.id)
    await stage.worker.finish_next(RESULT)
    picture = await ann.picture()
    assert picture.id > failed.id
    await stage.answered(claim.job.id)
    assert [message.id for message in (await ann.snapshot()).from_bot] == [picture.id]
