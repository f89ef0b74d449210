"""What is kept of a user is told as it is, and deleted when they wish: looked for in every key of Redis."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
import redis as redis_client

from qwenedit_jobs import Reason
from qwenedit_jobs.model import Lease
from qwenedit_testkit.photos import photo

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("within_a_day")]

ANN, ADMIN = 774_123_456, 900_001
WISH = "make it snow on the purple camel"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def counted(redis_server: Any, performing: Any) -> AsyncIterator[Any]:
    with redis_client.Redis.from_url(redis_server.url) as client:
        client.flushall()
    settings = {"JOBS_PER_DAY": "9", "ADMINS": str(ADMIN), "PICTURE_TTL": "7200"}
    async with performing(redis_server.url, **settings) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def stage(counted: Any) -> AsyncIterator[Any]:
    yield counted
    await counted.worker.clear()


@pytest.fixture
def client(stage: Any) -> Iterator[Any]:
    with redis_client.Redis.from_url(stage.redis_url) as client:
        yield client


def contents(client: Any, key: bytes) -> bytes:
    reads = {
        b"string": client.get, b"hash": client.hgetall, b"set": client.smembers, b"stream": client.xrange,
        b"list": lambda key: client.lrange(key, 0, -1), b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        b"none": lambda _key: b"",  # it has gone since it was listed
    }  # fmt: skip
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


async def a_full_life(stage: Any, ann: Any) -> tuple[Any, list[str]]:
    """Leave something in every place where a user leaves something; one job runs on, its claim is returned."""
    admin = await stage.telegram.user(ADMIN)
    await admin.send(f"/grant {ann.id} 5")
    await admin.says("more jobs")
    await ann.send("/language")
    await ann.press("English")
    await ann.send(photo=photo(), caption=WISH)
    done = await stage.worker.finish_next(photo("PNG"))
    await ann.picture()
    await stage.answered(done.job.id)
    await ann.send(photo=photo(), caption=WISH)
    failed = await stage.worker.claim()
    await stage.worker.fail(failed, Reason.OUT_OF_MEMORY)
    await ann.says("more memory")
    await stage.answered(failed.job.id)
    await ann.send(photo=photo(), caption=WISH)
    running = await stage.worker.claim()
    await ann.send(album=[photo(), photo()], caption=WISH)
    [waiting] = [status.job.id for status in await stage.jobs(2) if status.job.id != running.job.id]
    await ann.send(photo=photo())
    await ann.says("What shall I do with it?")
    return running, [done.job.id, failed.job.id, running.job.id, waiting]


async def test_privacy_says_what_the_settings_say(stage: Any) -> None:
    ann, boris = await stage.telegram.user(), await stage.telegram.user(language="ru")
    await ann.send("/privacy")
    said = (await ann.says("What I keep")).text
    assert "Your photos and the results: 2\u00a0hours" in said
    assert "How many pictures you asked for today" in said
    await boris.send("/privacy")
    assert "результаты: 2\u00a0часа" in (await boris.says("Что я храню")).text  # noqa: RUF001 - Russian


async def test_after_a_forget_nothing_of_the_user_is_left_but_what_was_said_to_stay(stage: Any, client: Any) -> None:
    ann = await stage.telegram.user(ANN)
    running, jobs = await a_full_life(stage, ann)
    before = about(client, str(ANN), WISH, *jobs)
    assert {"job", "picture", "dialogue", "language", "account", "users", "reply", "album", "leases"} <= kinds(before)

    await ann.send("/forget")
    asked = await ann.says("Shall I delete all that I keep of you?")
    assert "How many pictures you have had today stays known" in asked.text
    await ann.press("Delete everything")
    await ann.says("What I was working on is being stopped")
    worker = stage.worker.queue
    assert await worker.renew(running.job.id, running.token, lease=30) is Lease.CANCELLED
    assert kinds(about(client, WISH)) == {"job"}  # of the one that is being stopped
    await worker.fail(running.job.id, running.token, Reason.UNKNOWN)

    async def forgotten() -> bool:
        # A claim's token leads to a job's id alone, until its lease would have ended. When the chat was last written
        # to is gone in a minute or two, the press itself when it is handled, which is after the last words.
        of_jobs, of_ann = about(client, *jobs, WISH), about(client, str(ANN))
        return kinds(of_jobs) <= {"claim"} and kinds(of_ann) <= {"account", "pace"}

    await stage.eventually(forgotten)
    left = about(client, str(ANN))
    assert all(client.ttl(key) <= 120 for key in left if key.startswith("qwenedit:pace:"))
    [counted] = [key for key in left if key.startswith("qwenedit:account:")]
    assert client.type(counted) == b"zset"
    assert client.ttl(counted) <= 86_400
    assert not client.keys("qwenedit:picture:*")
    shown = [message.now.text for message in (await ann.snapshot()).from_bot]
    assert sum("✖️ Cancelled." in text for text in shown) == 2
    await ann.send("/limits")
    await ann.says("left today")


async def test_who_keeps_it_loses_nothing(stage: Any) -> None:
    ann = await stage.telegram.user()
    await ann.send(photo=photo(), caption=WISH)
    await stage.jobs(1)
    await ann.send("/forget")
    await ann.press("Keep it")
    await ann.says("nothing was deleted")
    await stage.worker.finish_next(photo("PNG"))
    await ann.picture()


async def test_others_keep_what_is_theirs(stage: Any, client: Any) -> None:
    ann, bob = await stage.telegram.user(), await stage.telegram.user()
    await bob.send(photo=photo(), caption=WISH)
    done = await stage.worker.finish_next(photo("PNG"))
    await bob.picture()
    await stage.answered(done.job.id)

    async def in_hand() -> bool:
        return {"updates", "events"} & kinds(about(client, str(bob.id), done.job.id)) == set()

    await stage.eventually(in_hand)
    before = about(client, str(bob.id), done.job.id).keys()
    await ann.send("/forget")
    await ann.press("Delete everything")
    await ann.says("I have deleted all that I kept of you. Send me a photo")
    assert {key for key in before - about(client, str(bob.id), done.job.id).keys() if ":pace:" not in key} == set()


async def test_somebody_who_is_banned_may_be_forgotten_and_stays_banned(stage: Any, client: Any) -> None:
    ann = await stage.telegram.user(language="ru")
    await ann.send(photo=photo(), caption=WISH)
    await stage.worker.finish_next(photo("PNG"))
    await ann.picture()
    client.sadd("qwenedit:banned", ann.id)
    await ann.send("/forget")
    await ann.press("Удалить всё")
    await ann.says("Захотите начать заново")

    async def forgotten() -> bool:
        # The press itself is forgotten when it is handled, which is after the last words.
        return kinds(about(client, str(ann.id))) <= {"banned", "account", "pace"}

    await stage.eventually(forgotten)
    await ann.send(photo=photo(), caption=WISH)
    await ann.says("Владелец бота запретил")
