"""What Telegram and its users refuse, and what Telegram fails at."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import aiohttp
import pytest

from qwenedit_jobs import Keys, Reason, RedisSettings, connect
from qwenedit_jobs.lanes import Lanes
from qwenedit_testkit.photos import photo

pytestmark = pytest.mark.asyncio(loop_scope="module")


RESULT = photo("PNG")


async def test_deleted_message_is_replaced_by_a_fresh_reply(stage: Any, ann: Any) -> None:
    (wish,) = await ann.send(photo=photo(), caption="make it snow")
    placeholder = await ann.says("next in line")
    await ann.delete(placeholder.id)
    await stage.worker.finish_next(RESULT)
    picture = await ann.picture()
    assert picture.reply_to == wish
    assert len((await ann.snapshot()).from_bot) == 1


async def test_lost_reply_brings_the_picture_once_also_where_its_message_was_deleted(stage: Any, ann: Any) -> None:
    await ann.send(photo=photo(), caption="make it snow")
    placeholder = await ann.says("next in line")
    await ann.delete(placeholder.id)
    for method in ("sendMessage", "editMessageMedia"):
        await stage.telegram.fault(method, "cut", chat_id=ann.chat_id)
    claim = await stage.worker.finish_next(RESULT)
    await stage.answered(claim.job.id)
    assert await stage.telegram.faults() == []
    assert len((await ann.snapshot()).pictures) == 1


async def test_429_is_obeyed(stage: Any, ann: Any) -> None:
    await ann.send(photo=photo(), caption="make it snow")
    await ann.says("next in line")
    await stage.telegram.fault("editMessageMedia", "429", retry_after=3, chat_id=ann.chat_id)
    await stage.worker.finish_next(RESULT)
    await ann.picture()
    calls = await stage.telegram.calls("editMessageMedia")
    refused, taken = (call for call in calls if call.chat_id == ann.chat_id)
    assert refused.status == 429
    assert taken.at - refused.at >= 3


async def test_answer_seconds_end_with_the_answer_in_the_chat_and_not_with_the_job(stage: Any, ann: Any) -> None:
    """The alerts on late answers could not see a slow delivery otherwise."""
    await ann.send(photo=photo(), caption="make it snow")
    claim = await stage.worker.claim()
    before = await answers_within_a_second(stage)
    await stage.telegram.fault("editMessageMedia", "slow", seconds=2, chat_id=ann.chat_id)
    await stage.worker.finish(claim, RESULT)
    line = await stage.bot.wait_for_line(f'.*"answer.delivered".*"{claim.job.id}".*')
    assert json.loads(line[0])["seconds"] >= 2
    in_time, all_answers = await answers_within_a_second(stage)
    assert (in_time, all_answers) == (before[0], before[1] + 1)


async def test_answered_jobs_are_counted_by_their_state_and_why_they_failed(stage: Any, ann: Any) -> None:
    """The alerts on failures would be silent otherwise."""
    before = await answered_jobs(stage)
    for reason in (None, Reason.OUT_OF_MEMORY):
        await ann.send(photo=photo(), caption="make it snow")
        claim = await stage.worker.claim()
        await (stage.worker.fail(claim, reason) if reason else stage.worker.finish(claim, RESULT))
        await stage.bot.wait_for_line(f'.*"answer.delivered".*"{claim.job.id}".*')
    assert await answered_jobs(stage) - before == {("done", ""): 1, ("failed", "out_of_memory"): 1}


async def answered_jobs(stage: Any) -> Counter[tuple[str, str]]:
    """Return how many jobs were answered, by state and reason."""
    found = await scraped(stage, r'qwenedit_jobs_finished_total\{reason="(\w*)",state="(\w+)"\} (\S+)')
    return Counter({(state, reason): int(float(count)) for reason, state, count in found})


async def answers_within_a_second(stage: Any) -> tuple[float, float]:
    """Return how many answers took a second at most, and how many there were."""
    buckets = dict(await scraped(stage, r'qwenedit_job_answer_seconds_bucket\{le="(\S+)"\} (\S+)'))
    return float(buckets["1.0"]), float(buckets["+Inf"])


async def scraped(stage: Any, line: str) -> list[Any]:
    """Return what the bot's metrics have in lines of a form."""
    async with aiohttp.ClientSession() as session, session.get(f"{stage.bot.probe_url}/metrics") as answer:
        return re.findall(f"^{line}$", await answer.text(), re.MULTILINE)


@pytest.mark.parametrize("kind", ["500", "cut"])
@pytest.mark.parametrize("method", ["editMessageMedia", "getFile", "file", "getUpdates"])
async def test_call_that_telegram_fails_is_tried_again(stage: Any, method: str, kind: str, ann: Any) -> None:
    await stage.telegram.fault(method, kind, times=2)
    await ann.send(photo=photo(), caption="make it snow")
    await stage.worker.finish_next(RESULT)
    await ann.picture()
    seen = await ann.snapshot()
    assert len(seen.from_bot) == len(seen.pictures) == 1


async def test_picture_that_telegram_takes_in_no_form_is_answered_in_words_and_can_be_tried_again(stage: Any) -> None:
    ann = await stage.telegram.user()
    await ann.send(photo=photo(), caption="make it snow")
    await ann.says("next in line")
    await stage.worker.finish_next(b"\x89PNG\r\n\x1a\nthis is no picture")
    await ann.says("Something went wrong with this picture")
    await ann.press("🔁 Try again")
    await stage.worker.finish_next(RESULT)
    await ann.picture()


async def test_answer_to_a_job_that_this_version_cannot_read_is_set_aside_and_given_when_it_can(stage: Any) -> None:
    ann = await stage.telegram.user()
    await ann.send(photo=photo(), caption="make it snow")
    claim = await stage.worker.claim()
    async with connect(RedisSettings(redis_url=stage.redis_url)) as redis:
        key, lanes = Keys().accepted(claim.job.id), Lanes(redis, Keys().answers)
        payload = await redis.hget(key, "payload")
        await redis.hset(key, "payload", '{"from": "the future"}')
        await stage.worker.fail(claim, Reason.OUT_OF_MEMORY)

        async def aside() -> bool:
            return bool(await lanes.list_set_aside())

        await stage.eventually(aside)
        await redis.hset(key, "payload", payload)
        [entry] = await lanes.list_set_aside()
        assert await lanes.retry_set_aside(entry.id)
        await ann.says("more memory")
        await stage.answered(claim.job.id)
