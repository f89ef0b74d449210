"""What is kept of a user is told as it is, and deleted when they wish: looked for in every key of Redis."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
import redis as redis_client
from aiohttp import web
from aiohttp.test_utils import TestServer

from local_stack import RedisServer
from qwenedit_jobs import Reason
from qwenedit_testkit.photos import photo

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("within_a_day")]

ADMIN = 900_001
SETTINGS = {"JOBS_PER_DAY": "9", "ADMINS": str(ADMIN), "PICTURE_TTL": "7200"}
WISH = "make it snow on the purple camel"


def contents(client: Any, key: bytes) -> bytes:
    reads = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"stream": client.xrange,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        b"none": lambda _key: b"",  # it has gone since it was listed
    }
    return repr(reads[client.type(key)](key)).encode()


def about(client: Any, *marks: str) -> dict[str, str]:
    """Return all keys, with what they hold, in whose name or value one of these stands as a word."""
    wanted = re.compile("|".join(rf"(?<!\w){re.escape(mark)}(?!\w)" for mark in marks).encode())
    found = {}
    for key in client.scan_iter("*"):
        value = contents(client, key)
        if wanted.search(key) or wanted.search(value):
            found[key.decode()] = value.decode()
    return found


def kinds(found: dict[str, str]) -> set[str]:
    return {key.split(":")[1] for key in found}


async def test_privacy_says_what_the_settings_say(stage: Any) -> None:
    ann, boris = await stage.telegram.user(), await stage.telegram.user(language="ru")
    await ann.send("/privacy")
    said = (await ann.says("What I keep")).text
    assert "My pictures: 2\u00a0hours at most" in said
    assert "If it fails, 1\u00a0hour more" in said
    assert "How many pictures you had today" in said
    await boris.send("/privacy")
    assert "Мои картинки: не дольше чем 2\u00a0часа" in (await boris.says("Что я храню")).text  # noqa: RUF001 - Russian


async def test_forget_leaves_what_is_of_other_users(stage: Any, client: Any) -> None:
    ann, bob = await stage.telegram.user(), await stage.telegram.user()
    await bob.send(photo=photo(), caption=WISH)
    done = await stage.worker.finish_next(photo("PNG"))
    await bob.picture()
    await stage.answered(done.job.id)

    async def in_hand() -> bool:
        return {"updates", "events", "answers"} & kinds(about(client, str(bob.id), done.job.id)) == set()

    await stage.eventually(in_hand)
    before = about(client, str(bob.id), done.job.id).keys()
    await ann.send("/forget")
    await ann.press("Delete everything")
    await ann.says("I've deleted everything I kept about you. Send a photo")
    assert {key for key in before - about(client, str(bob.id), done.job.id).keys() if ":pace:" not in key} == set()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def everything(performing: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    """A stage with a Redis of its own, on which the operator has turned on all that there is."""

    async def judge(request: web.Request) -> web.Response:
        asked = await request.read()
        return web.json_response({"allow": b'"stage": "request"' in asked or b"nobody may see" not in asked})

    app = web.Application(client_max_size=1 << 24)
    app.router.add_post("/", judge)
    settings = {"JOBS_PER_DAY": "2", "ADMINS": str(ADMIN), "STAR_PACKS": "2:50", "PAY_SUPPORT": "@owner"}
    redis = RedisServer(tmp_path_factory.mktemp("redis"))
    await redis.start()
    async with TestServer(app) as hook:
        async with performing(redis.url, MODERATION_URL=str(hook.make_url("/")), **settings) as stage:
            yield stage
        await redis.kill()


async def test_forget_drops_an_answer_that_was_set_aside_with_its_job(stage: Any, client: Any, ann: Any) -> None:
    await ann.send(photo=photo(), caption=WISH)
    claim = await stage.worker.claim()
    key = f"qwenedit:accepted:{claim.job.id}"
    payload = client.hget(key, "payload")
    client.hset(key, "payload", '{"from": "the future"}')
    await stage.worker.fail(claim, Reason.OUT_OF_MEMORY)

    async def aside() -> bool:
        return bool(client.hlen("qwenedit:answers:aside") == 1)

    await stage.eventually(aside)
    client.hset(key, "payload", payload)
    await ann.send("/forget")
    await ann.press("Delete everything")
    await ann.says("Done: I've deleted")

    async def forgotten() -> bool:
        return not client.exists(key) and client.hlen("qwenedit:answers:aside") == 0

    await stage.eventually(forgotten)


LEFT = {
    "account:free-used": "a number of jobs: else /forget would bring new free ones; until the next day ends",
    "account:payments": "tax law requires the operator to keep them, and refunds need them",
    "account:lots": "bought jobs are paid for",
    "banned": "a ban would end with it",
    "pace": "when the chat was written to: Telegram's limits, for 30 s",
    "claim": "a job's id by a worker's token, which leads nowhere; until the lease would have ended",
}
"""All that may be left of a user, each with its reason."""
FIRST_NAME, USERNAME, WORDS = "Xanthippe", "xanthippe_of_athens", "a teapot of purple camels"


def place(key: str) -> str:
    kind, *rest = key.removeprefix("qwenedit:").split(":")
    return f"{kind}:{rest[-1]}" if kind == "account" else kind


async def every_feature(stage: Any, ann: Any, group: Any) -> list[str]:
    """Use all that the bot offers, and leave something in each place; returns the ids of the jobs."""
    worker, admin, jobs = stage.worker, await stage.telegram.user(ADMIN), []
    for command in ("/start", "/help", "/privacy", "/limits", "/presets", "/paysupport", "/unheard"):
        await ann.send(command)
    await ann.send("/language")
    await ann.press("English")
    await ann.send(f"{WORDS} without a photo")
    await ann.says("Which photo?")
    await ann.send("/buy")
    await ann.press("2 pictures · ⭐ 50")
    offered = await ann.wait_for(lambda chat: chat.invoices, what="an invoice")
    await ann.pay(offered.invoices[-1].id)
    await ann.says("Thank you! 2 more pictures are yours.")
    await admin.send(f"/grant {ann.id} 20")
    await admin.says("more jobs")

    await ann.send(photo=photo(), caption=f"{WORDS} that succeed")
    done = await worker.finish_next(photo("PNG"))
    await ann.picture()
    for button in ("File", "Again"):
        await ann.press(button)
    await ann.send(f"{WORDS} once more", reply_to=(await ann.picture()).id)
    jobs += [done.job.id, *[(await worker.finish_next(photo("PNG"))).job.id for _ in range(2)]]
    await ann.picture(number=3)
    await ann.send(photo=photo(), caption=f"{WORDS} that fail")
    failed = await worker.claim()
    await worker.fail(failed, Reason.OUT_OF_MEMORY)
    await ann.says("more memory")
    await ann.send(photo=photo(), caption=f"{WORDS} that nobody may see")
    withheld = await worker.finish_next(photo("PNG"))
    await stage.answered(withheld.job.id)
    jobs += [failed.job.id, withheld.job.id]

    member = ann.within(group)
    await member.send(photo=photo(), caption=f"/edit {WORDS} in a group")
    quiet = await worker.claim()
    await group.forbid_media()
    await worker.finish(quiet, photo("PNG"))
    await member.says("I may not send pictures here")
    await stage.answered(quiet.job.id)
    await member.send(photo=photo(), caption="/edit")
    await member.says("Reply to this message")
    jobs.append(quiet.job.id)

    await stage.telegram.add_update(
        {
            "message": {
                "message_id": 9_000_001,
                "date": 1,
                "text": f"{WORDS} that nobody can read",
                "chat": {"id": ann.id, "type": "private"},
                "from": {"id": ann.id, "is_bot": "odd"},
            }
        }
    )
    await stage.bot.wait_for_line("scheduler.unreadable")
    for _ in range(2):
        await ann.send("/status")  # told once
    for number in range(4):
        await ann.send(photo=photo(), caption=f"{WORDS} number {number}")
    await ann.says("I'll begin as soon as")
    jobs += [status.job.id for status in await stage.jobs(3)]
    await worker.claim()
    await ann.send(photo=photo())
    await ann.says("What should I change?")
    return jobs


async def test_forget_leaves_nothing_but_the_list_after_every_feature(everything: Any) -> None:
    stage = everything
    ann = await stage.telegram.user(771_234_567, first_name=FIRST_NAME, username=USERNAME)
    group = await stage.telegram.group("Teapots", ann)
    jobs = await every_feature(stage, ann, group)
    marks = (str(ann.id), FIRST_NAME, USERNAME, WORDS, *jobs)
    with redis_client.Redis.from_url(stage.redis_url) as client:
        before = {place(key) for key in about(client, *marks)}
        more = "job picture draft language reply said occasion judged unfinished leases inbox account:charged backlog"
        assert before >= {*LEFT.keys() - {"banned"}, *more.split()}
        admin = await stage.telegram.user(ADMIN)
        await admin.send(f"/ban {ann.id}")
        await admin.says("is banned")
        await ann.send("/forget")
        await ann.press("Delete everything")
        await ann.says("Done: I've deleted")
        running = stage.worker.claims[-1]
        await stage.worker.fail(running, Reason.UNKNOWN)

        async def only_the_list() -> bool:
            await asyncio.sleep(0.3)  # it reads all of Redis, which is the bot's as well
            found = about(client, *marks)
            return {place(key) for key in found} <= LEFT.keys() and not pictures(client)

        try:
            await stage.eventually(only_the_list)
        except AssertionError:
            found = about(client, *marks)
            pytest.fail(f"left: { {key: found[key] for key in found if place(key) not in LEFT} } {pictures(client)}")
        left = about(client, *marks)
        assert {place(key) for key in left} >= {"account:free-used", "account:payments", "account:lots", "banned"}
        assert not any(mark in value for value in left.values() for mark in (FIRST_NAME, USERNAME, WORDS))
        lots = client.hkeys(f"qwenedit:account:{ann.id}:lots")
        assert all(name.startswith(b"stars ") for name in lots)


def pictures(client: Any) -> list[bytes]:
    """Return the keys with the bytes of a picture."""
    strings = (key for key in client.scan_iter("*") if client.type(key) == b"string")
    return [key for key in strings if (client.get(key) or b"").startswith((b"\x89PNG", b"\xff\xd8\xff"))]
