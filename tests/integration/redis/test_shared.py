"""Two installations on one Redis, and two bots under one prefix."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from local_stack import SIMULATED_TOKEN
from qwenedit_jobs import Keys
from qwenedit_jobs.redis.state_layout import forget_bot
from qwenedit_testkit.photos import photo
from qwenedit_testkit.system import FAST, System
from telegram_simulator.client import TelegramSimulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from telegram_simulator.client import Person

STUDIO = {"REDIS_PREFIX": "studio.2", "BOT_TOKEN": "1000000002:another"}
OWNER, OTHER = (int(token.partition(":")[0]) for token in (SIMULATED_TOKEN, STUDIO["BOT_TOKEN"]))
JOBS = 6


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[System]:
    async with System(tmp_path, env=FAST, comfyuis=2) as system:
        yield system


async def answered(chats: TelegramSimulator) -> list[Person]:
    """Have people send a photo each and wait for its edit; returns them."""
    people = [await chats.user() for _ in range(JOBS)]
    await asyncio.gather(*(person.send(photo=photo(), caption="make it snow") for person in people))
    await asyncio.gather(*(person.picture(timeout=60) for person in people))
    return people


async def answers(chats: TelegramSimulator, people: list[Person]) -> list[int]:
    """Return how many messages of a bot each of these people sees."""
    seen = [await (await chats.user(person.id)).snapshot() for person in people]
    return [len(each.from_bot) for each in seen]


async def test_two_prefixes_share_a_redis_and_each_bot_answers_its_own_users(system: System) -> None:
    await system.start(
        system.bot(), system.worker(), system.bot("studio-bot", **STUDIO), system.worker("studio-worker", 1, **STUDIO)
    )
    url = system.telegram.url
    async with TelegramSimulator(url, bot_id=OWNER) as first, TelegramSimulator(url, bot_id=OTHER) as second:
        firsts, seconds = await asyncio.gather(answered(first), answered(second))
        assert await answers(first, firsts) == await answers(second, seconds) == [1] * JOBS
        assert await answers(first, seconds) == await answers(second, firsts) == [0] * JOBS

        both = firsts[0]
        there = await second.user(both.id)
        await there.send(photo=photo(), caption="make it rain")
        await there.picture()
        await both.send("/forget")
        await both.press("Delete everything")
        await both.says("I've deleted everything I kept about you")
        await there.send("now make it brighter")
        await there.picture(number=2)
    keys = [key async for key in system.client.scan_iter(count=1000)]
    assert {key.partition(":")[0] for key in keys} == {"qwenedit", STUDIO["REDIS_PREFIX"]}


async def test_second_bot_under_a_prefix_does_not_start_and_says_why(system: System) -> None:
    owner = system.bot()
    await system.start(owner)
    other = system.bot("other", BOT_TOKEN=STUDIO["BOT_TOKEN"])

    async def refused() -> None:
        await other.launch()
        async with asyncio.timeout(60):
            assert await other.wait() == 2

    await refused()
    await other.wait_for_line(f"keys qwenedit:.* are those of bot {OWNER}, and BOT_TOKEN is of bot {OTHER}")
    await other.wait_for_line(f"Set another REDIS_PREFIX for bot {OTHER}.*run `qwenedit forget-bot` first")

    await owner.stop()
    async with TelegramSimulator(system.telegram.url, bot_id=OWNER) as chats:
        await chats.set_token("rotated")
    rotated = system.bot("rotated", BOT_TOKEN=f"{OWNER}:rotated")
    await system.start(rotated)
    await rotated.stop()

    await refused()
    assert await forget_bot(system.client, Keys()) == str(OWNER)
    await system.start(other)
