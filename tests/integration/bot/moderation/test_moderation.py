"""A hook of the operator's judges wishes and results, and nothing passes that it refuses."""

from __future__ import annotations

import asyncio
import io
import json
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
import redis as redis_client
from aiohttp import BodyPartReader, web
from aiohttp.test_utils import TestServer
from PIL import Image
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from local_stack import SIMULATED_TOKEN
from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_bot.edits.addresses import JobIds
from qwenedit_bot.moderation.hook import ModerationHook, ModerationVerdict
from qwenedit_jobs import Keys, RedisSettings, connect, result_ref
from qwenedit_testkit.photos import photo

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qwenedit_bot.common.keys import BotKeys

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("within_a_day")]

TOKEN, PLACE = "hook-token-5417", "place-8812"
SILENCE = "silence"


RESULT = photo("PNG")


@dataclass
class Judge:
    """A moderation service; what it answers is the test's to say."""

    answers: dict[str, Any] = field(default_factory=dict)
    """By stage: JSON, a status, or silence."""
    asked: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Ends its silence."""

    async def check(self, request: web.Request) -> web.StreamResponse:
        about: dict[str, Any] = {"authorization": request.headers.get("Authorization"), "pictures": []}
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            assert isinstance(part, BodyPartReader)
            data = await part.read(decode=True)
            if part.name == "about":
                about |= json.loads(data)
            else:
                about["pictures"].append(Image.open(io.BytesIO(data)).size)
        self.asked.append(about)
        answer = self.answers.get(about["stage"], {"allow": True})
        if answer == SILENCE:
            await self.over.wait()
        if isinstance(answer, int):
            return web.Response(status=answer, headers={"Location": f"{self.url}/elsewhere"} if answer == 302 else None)
        return await in_two_parts(request, json.dumps(answer).encode())

    async def allow(self, _request: web.Request) -> web.StreamResponse:
        """Answer in another place, to which nobody has sent users' pictures."""
        return web.json_response({"allow": True})


async def in_two_parts(request: web.Request, body: bytes) -> web.StreamResponse:
    """Answer as a server or proxy does that sends what it has at once."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(body[:1])
    await asyncio.sleep(0.02)
    await response.write(body[1:])
    return response


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def the_judge() -> AsyncIterator[Judge]:
    judge, app = Judge(), web.Application(client_max_size=1 << 24)
    app.router.add_post("/check", judge.check)
    app.router.add_route("*", "/elsewhere", judge.allow)
    async with TestServer(app) as server:
        judge.url = str(server.make_url("")).rstrip("/")
        yield judge


@pytest_asyncio.fixture(loop_scope="module")
async def judge(the_judge: Judge) -> AsyncIterator[Judge]:
    the_judge.answers.clear()
    the_judge.asked.clear()
    the_judge.over.clear()
    yield the_judge
    the_judge.over.set()


@pytest.fixture(scope="module")
def bot_settings(the_judge: Judge) -> dict[str, str]:
    hook = {"MODERATION_URL": f"{the_judge.url}/check?key={PLACE}", "MODERATION_TOKEN": TOKEN}
    return {"JOBS_PER_DAY": "5", **hook}


async def left_today(ann: Any) -> str:
    await ann.send("/limits")
    return str((await ann.says("left today")).text)


def kept(stage: Any, person: Any, message: int) -> list[bytes]:
    """Return the keys of the pictures that a message brought."""
    with redis_client.Redis.from_url(stage.redis_url) as client:
        return list(client.keys(f"qwenedit:picture:{JobIds(SIMULATED_TOKEN)(person.chat_id, message)}*"))


async def test_moderation_hook_sees_instruction_and_result_but_not_the_user(stage: Any, judge: Judge, ann: Any) -> None:
    await ann.send(album=[photo(), photo()], caption="combine them")
    await ann.press("One picture")
    claim = await stage.worker.finish_next(RESULT)
    await ann.picture()
    wish, result = judge.asked
    common = {"authorization": f"Bearer {TOKEN}", "job": claim.job.id, "instruction": "combine them"}
    assert wish == {**common, "stage": "request", "pictures": [(320, 240)] * 2}
    assert result == {**common, "stage": "result", "pictures": [(320, 240)]}
    assert str(ann.id) not in json.dumps(judge.asked)


async def test_refused_instruction_becomes_no_job_costs_nothing_and_is_not_kept(stage: Any, judge: Judge) -> None:
    ann, boris = await stage.telegram.user(), await stage.telegram.user(language="ru")
    judge.answers["request"] = {"allow": False}
    (hers,) = await ann.send(photo=photo(), caption="make it snow")
    await ann.says("This bot's rules don't allow this photo or these words")
    (his,) = await boris.send(photo=photo(), caption="пусть идёт снег")
    await boris.says("не допускают такое фото или такие слова")
    assert await stage.worker.queue.unfinished_ids() == []
    assert kept(stage, ann, hers) == kept(stage, boris, his) == []
    assert "5 pictures left today" in await left_today(ann)


async def test_refused_result_is_never_shown_costs_nothing_and_is_deleted(stage: Any, judge: Judge, ann: Any) -> None:
    judge.answers["result"] = {"allow": False}
    (sent,) = await ann.send(photo=photo(), caption="make it snow")
    claim = await stage.worker.finish_next(RESULT)
    said = await ann.says("don't allow what came out")
    assert "It doesn't count." in said.text
    await stage.answered(claim.job.id)
    assert not any(b":out:" in key for key in kept(stage, ann, sent))
    assert "5 pictures left today" in await left_today(ann)
    await ann.press_data(said.id, f"file:{claim.job.id}", inaccessible=True)
    seen = await ann.wait_for(lambda chat: chat.answers)
    assert seen.answers[-1].text.startswith("I've forgotten this one.")
    assert not seen.pictures


async def test_refused_results_count_from_the_fourth_of_a_day_on(stage: Any, judge: Judge, ann: Any) -> None:
    judge.answers["result"] = {"allow": False}
    for number in range(4):
        await ann.send(photo=photo(), caption="make it snow")
        claim = await stage.worker.finish_next(RESULT)
        await stage.answered(claim.job.id)
        said = (await ann.snapshot()).from_bot[-1].text
        assert ("This one counts" if number == 3 else "It doesn't count.") in said
    assert "4 pictures left today" in await left_today(ann)


@pytest.mark.parametrize("answer", [500, 302, {"verdict": "fine"}, {"allow": "yes"}, []], ids=repr)
async def test_moderation_hook_without_an_answer_lets_nothing_through(stage: Any, judge: Judge, answer: Any) -> None:
    ann = await stage.telegram.user()
    judge.answers["request"] = answer
    await ann.send(photo=photo(), caption="make it snow")
    await ann.says("I couldn't check this against the bot's rules")
    assert len(judge.asked) == 3
    assert await stage.worker.queue.unfinished_ids() == []


async def test_result_that_cannot_be_checked_is_withheld(stage: Any, judge: Judge, ann: Any) -> None:
    judge.answers["result"] = 500
    await ann.send(photo=photo(), caption="make it snow")
    await stage.worker.finish_next(RESULT)
    await ann.says("I couldn't check what came out")
    assert "5 pictures left today" in await left_today(ann)


async def test_neither_its_address_nor_its_token_is_logged(stage: Any, judge: Judge, ann: Any) -> None:
    judge.answers["request"] = 500
    await ann.send(photo=photo(), caption="make it snow")
    await ann.says("I couldn't check")
    logged = "\n".join(stage.bot.lines)
    assert "moderation.failed" in logged
    assert TOKEN not in logged
    assert PLACE not in logged


async def test_moderation_hook_that_is_silent_lets_nothing_through(
    stage: Any, judge: Judge, bot_keys: BotKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge.answers["request"] = SILENCE
    monkeypatch.setattr("qwenedit_bot.common.timeouts.MODERATION_ATTEMPT", 0.5)
    async with connect(RedisSettings(redis_url=stage.redis_url)) as redis:
        where, metrics = SecretStr(f"{judge.url}/check"), BotMetrics(CollectorRegistry())
        hook = ModerationHook(where, token=None, redis=redis, keys=bot_keys, metrics=metrics)
        async with aclosing(hook):
            assert await hook.of_request("1", "make it snow", [photo()]) is ModerationVerdict.UNCHECKED


@pytest.mark.parametrize("replaced", [False, True])
async def test_verdict_is_about_the_picture_that_was_judged(
    stage: Any, judge: Judge, ann: Any, *, replaced: bool
) -> None:
    await ann.send(photo=photo(), caption="make it snow")
    claim = await stage.worker.claim()
    await ann.block()
    await stage.worker.finish(claim, RESULT)
    await stage.answered(claim.job.id)
    judge.answers["result"] = {"allow": False}
    if replaced:
        await stage.worker.store.put(result_ref(claim.job.id, 1), photo("PNG"))
    await ann.unblock()
    await ann.wait_for(lambda chat: chat.pictures or "don't allow what came out" in chat.from_bot[-1].text)
    assert [asked["stage"] for asked in judge.asked] == ["request", "result", "result"][: 2 + replaced]
    assert bool((await ann.snapshot()).pictures) is not replaced


async def test_answer_that_a_worker_says_was_given_is_given_and_judged(stage: Any, judge: Judge, ann: Any) -> None:
    await ann.send(photo=photo(), caption="make it snow")
    claim = await stage.worker.claim()
    async with connect(RedisSettings(redis_url=stage.redis_url)) as redis:
        await redis.hset(Keys().job(claim.job.id), mapping={"answered_at": "1", "answer": "picture"})
    await stage.worker.finish(claim, RESULT)
    await ann.picture()
    assert [asked["stage"] for asked in judge.asked] == ["request", "result"]


async def test_new_words_of_a_job_are_checked_with_its_photo_and_the_old_ones_count_where_they_are_refused(
    stage: Any, judge: Judge, ann: Any
) -> None:
    (sent,) = await ann.send(photo=photo(), caption="make it snow")
    await stage.jobs(1)
    judge.answers["request"] = {"allow": False}
    await ann.edit(sent, "make it rude")
    await ann.says("I can't use the new words")
    checked = [(asked["instruction"], len(asked["pictures"])) for asked in judge.asked]
    assert checked == [("make it snow", 1), ("make it rude", 1)]
    assert (await stage.worker.claim()).job.edit.prompt == "make it snow"
